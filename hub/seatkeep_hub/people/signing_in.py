"""How people have to sign in: rules per company, which hold for everybody who works there or below."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Func
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import InvalidError
from seatkeep_webkit.guarding import SignInPolicy

from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.people.models import MAX_IDLE_MINUTES, MIN_IDLE_MINUTES, SignInRule

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def sign_in_policy(user: User) -> SignInPolicy:
    """What holds for a person: the strictest of the rules at the own company and above it."""
    own = Company.objects.filter(pk=user.company_id)
    above = own.annotate(one=Func("path", function="unnest")).values("one")
    rules = list(SignInRule.objects.filter(company_id__in=above).values_list("requires_second_factor", "idle_minutes"))
    idle = min((minutes for _required, minutes in rules if minutes), default=None)
    return SignInPolicy(
        requires_second_factor=any(required for required, _minutes in rules),
        idle=timedelta(minutes=idle) if idle else None,
    )


def sign_in_rule(company: Company) -> SignInRule | None:
    """The company's own rule; None while nothing was set."""
    return SignInRule.objects.filter(company=company).first()


@transaction.atomic
def sign_in_rule_set(
    *, actor: Actor, company: Company, requires_second_factor: bool, idle_minutes: int | None, now: datetime
) -> SignInRule:
    """Set how people of a company and below have to sign in; it holds from their next click on.

    Args:
        actor: Who does it.
        company: Whose people.
        requires_second_factor: Without one a person reaches only the page on which it is set up.
        idle_minutes: Minutes without a click after which a session ends, 5 to 1,440; None for never.
        now: Current time, aware UTC.

    Raises:
        InvalidError: The minutes are out of range.
    """
    if idle_minutes is not None and not MIN_IDLE_MINUTES <= idle_minutes <= MAX_IDLE_MINUTES:
        raise InvalidError(fields={"idle_minutes": [f"{MIN_IDLE_MINUTES} – {MAX_IDLE_MINUTES}"]})
    wanted = {"requires_second_factor": requires_second_factor, "idle_minutes": idle_minutes}
    rule, is_new = SignInRule.objects.select_for_update().get_or_create(
        company=company, defaults={**wanted, "changed_at": now}
    )
    if not is_new and all(getattr(rule, name) == value for name, value in wanted.items()):
        return rule
    for name, value in {**wanted, "changed_at": now}.items():
        setattr(rule, name, value)
    rule.save()
    audit_record(
        actor=actor,
        action="sign-in-rule:set",
        subject_type="company",
        subject_id=str(company.uid),
        company_uid=company.uid,
        details=wanted,
        now=now,
    )
    return rule


def has_second_factor(user: User) -> bool:
    """Whether the person signs in with more than a password."""
    return bool(Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists())


def second_factor_holders(people: Iterable[User]) -> set[int]:
    """Keys of those among several people who have a second factor."""
    found = Authenticator.objects.filter(user__in=list(people), type__in=SECOND_FACTORS)
    return set(found.values_list("user_id", flat=True))
