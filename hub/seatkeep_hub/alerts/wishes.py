"""What people want to be told: read, set, switched off by a link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.core import signing
from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.alerts import rules
from seatkeep_hub.alerts.enums import AlertKind, AlertMode, AlertScope
from seatkeep_hub.alerts.errors import AlertFieldError, AlertLinkError, AlertsOfAnotherError
from seatkeep_hub.alerts.models import AlertSettings, AlertSwitch
from seatkeep_hub.companies.enums import AccessLevel, Right
from seatkeep_hub.companies.models import Access, Company, User
from seatkeep_hub.companies.selectors import Viewer, companies_visible, may, user_get

MAX_CHOSEN = 200
LAST_HOUR = 23
_SALT = "alerts.off"


def wishes_of(users: Sequence[User]) -> dict[int, rules.Wishes]:
    """What each of these people wants to be told, by user id; four queries."""
    ids = [one.pk for one in users]
    set_modes: dict[int, dict[str, str]] = defaultdict(dict)
    for user_id, kind, mode in AlertSwitch.objects.filter(user__in=ids).values_list("user_id", "kind", "mode"):
        set_modes[user_id][kind] = mode
    changers = set(Access.objects.filter(user__in=ids, level=AccessLevel.WRITE).values_list("user_id", flat=True))
    held = AlertSettings.objects.filter(user__in=ids).prefetch_related("companies")
    found = {one.pk: one for one in held}
    return {
        one.pk: _wishes(
            found.get(one.pk),
            rules.modes_of(set_modes[one.pk], company_kind=one.company.kind, may_change=one.pk in changers),
        )
        for one in users
    }


def user_for_alerts(viewer: Viewer, user: User, *, level: AccessLevel = AccessLevel.READ) -> User:
    """See that the viewer may read, or set, what this person is told: oneself, or who manages people there.

    Raises:
        AlertsOfAnotherError: They may not.
    """
    is_self = isinstance(viewer, User) and viewer.pk == user.pk
    if not is_self and level == AccessLevel.WRITE and not may(viewer, user.company, Right.PEOPLE):
        raise AlertsOfAnotherError
    return user


def user_named(viewer: Viewer, uid: UUID) -> User:
    """A person by their id: oneself, even without any access, or one of a company that the viewer may see.

    Raises:
        UserUnknownError: There is none, or not of a company that the viewer may see.
    """
    if isinstance(viewer, User) and viewer.uid == uid:
        return viewer
    return user_get(viewer, uid)


@transaction.atomic
def alerts_set(
    *,
    actor: Actor,
    user: User,
    now: datetime,
    modes: Mapping[str, str] | None = None,
    scope: AlertScope | str = AlertScope.OWN,
    companies: Collection[Company] | None = None,
    hour: int = rules.DEFAULT_HOUR,
) -> rules.Wishes:
    """Set what a person is told. Idempotent; what is left out of `modes` stays.

    Args:
        actor: Who sets it; whether they may is `user_for_alerts`.
        user: Who is told.
        now: Current time, aware UTC.
        modes: OFF, DIGEST or INSTANT by kind.
        scope: About which companies.
        companies: Those of CHOSEN, 1 to 200, which the person may see; None for those that were chosen before.
        hour: Of the daily mail, 0 to 23, in the person's zone.

    Raises:
        AlertFieldError: A kind, a mode, the hour or a company is wrong; `fields` names it.
    """
    chosen = _chosen(user, scope, companies)
    _check(user, modes or {}, scope, chosen, hour)
    held, _is_new = AlertSettings.objects.update_or_create(
        user=user, defaults={"scope": scope, "hour": hour, "changed_at": now}
    )
    held.companies.set(chosen)
    _switch(user, modes or {})
    audit_record(
        actor=actor,
        action="alerts:set",
        subject_type="user",
        subject_id=str(user.uid),
        company_uid=user.company.uid,
        details={"modes": _words(modes or {}), "scope": str(scope), "hour": hour, "companies": len(chosen)},
        now=now,
    )
    return wishes_of([user])[user.pk]


def off_token(user: User, kind: AlertKind | None) -> str:
    """What the link of a mail carries: it switches one kind off, or all, and can do nothing else."""
    return signing.dumps([str(user.uid), kind.value if kind else ""], salt=_SALT)


def off_read(token: str) -> tuple[User, AlertKind | None]:
    """Whose alerts a link switches off, and which kind; None for all.

    Raises:
        AlertLinkError: The link was changed or cut, or the person has left.
    """
    try:
        uid, kind = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise AlertLinkError from None
    user = User.objects.select_related("company").filter(uid=uid, is_active=True).first()
    if user is None or (kind and kind not in AlertKind.values):
        raise AlertLinkError
    return user, AlertKind(kind) if kind else None


@transaction.atomic
def alerts_off(*, user: User, kind: AlertKind | None, now: datetime) -> None:
    """Switch one kind off for a person, or all. Idempotent; by the link of a mail, so nobody is signed in."""
    kinds = [kind] if kind else list(AlertKind)
    _switch(user, {one.value: AlertMode.OFF for one in kinds})
    audit_record(
        actor=Actor.system("link in a mail"),
        action="alerts:off",
        subject_type="user",
        subject_id=str(user.uid),
        company_uid=user.company.uid,
        details={"modes": _words({one.value: AlertMode.OFF.value for one in kinds})},
        now=now,
    )


def _words(modes: Mapping[str, str]) -> str:
    return ", ".join(f"{kind} {mode}" for kind, mode in sorted(modes.items()))


def _chosen(user: User, scope: AlertScope | str, companies: Collection[Company] | None) -> list[Company]:
    if scope != AlertScope.CHOSEN:
        return []
    if companies is not None:
        return list(companies)
    held = AlertSettings.objects.filter(user=user).first()
    return list(held.companies.all()) if held else []


def _switch(user: User, modes: Mapping[str, str]) -> None:
    rows = [AlertSwitch(user=user, kind=kind, mode=mode) for kind, mode in modes.items()]
    AlertSwitch.objects.bulk_create(rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["mode"])


def _check(
    user: User, modes: Mapping[str, str], scope: AlertScope | str, companies: Sequence[Company], hour: int
) -> None:
    faults: dict[str, list[str]] = {}
    if not set(modes) <= set(AlertKind.values) or not set(modes.values()) <= set(AlertMode.values):
        faults["modes"] = ["An unknown kind or way."]
    if scope not in AlertScope.values:
        faults["scope"] = ["Unknown."]
    if not 0 <= hour <= LAST_HOUR:
        faults["hour"] = [f"Between 0 and {LAST_HOUR}."]
    if scope == AlertScope.CHOSEN and not 1 <= len(companies) <= MAX_CHOSEN:
        faults["companies"] = [f"Choose 1 to {MAX_CHOSEN} companies."]
    ids = {one.pk for one in companies}
    if ids and companies_visible(user).filter(pk__in=ids).count() != len(ids):
        faults["companies"] = ["The person may not see all of these."]
    if faults:
        raise AlertFieldError(fields=faults)


def _wishes(held: AlertSettings | None, modes: Mapping[AlertKind, AlertMode]) -> rules.Wishes:
    if held is None:
        return rules.Wishes(modes)
    chosen = frozenset(one.pk for one in held.companies.all())
    return rules.Wishes(modes, AlertScope(held.scope), chosen, held.hour)
