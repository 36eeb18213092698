"""Silent computers: after how many days their seat is proposed for release, or released by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer
from seatkeep_hub.licensing.enums import SeatState
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.rules import MAX_SEATS_AT_ONCE
from seatkeep_hub.licensing.seats import seats_deactivate
from seatkeep_hub.licensing.selectors import seat_list
from seatkeep_hub.upkeep.errors import StaleRuleError
from seatkeep_hub.upkeep.models import StaleRule

DAYS_WITHOUT_RULE = 30
"""Where nobody set a rule, so many days without contact are proposed in the month's review; nothing is released."""

FEWEST_DAYS, MOST_DAYS = 7, 730


@transaction.atomic
def stale_rule_set(
    *, actor: Actor, company: Company, days: int, now: datetime, is_automatic: bool = False
) -> StaleRule:
    """Set the rule of a company and everything below it that has no nearer one. The same rule changes nothing.

    Args:
        actor: Who sets it; whether they may is the caller's look-up.
        company: Where it holds.
        days: Days without contact, 7 to 730.
        now: Current time, aware UTC.
        is_automatic: Release the seats by themselves; else they are only proposed.

    Raises:
        StaleRuleError: The days are out of range.
    """
    if not FEWEST_DAYS <= days <= MOST_DAYS:
        raise StaleRuleError(fields={"days": [StaleRuleError.message]})
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    held = StaleRule.objects.filter(company=company).first()
    if held is not None and (held.days, held.is_automatic) == (days, is_automatic):
        return held
    made, _ = StaleRule.objects.update_or_create(
        company=company, defaults={"days": days, "is_automatic": is_automatic, "changed_at": now}
    )
    _audit(actor, company, "set", now, {"days": days, "is_automatic": is_automatic})
    return made


@transaction.atomic
def stale_rule_clear(*, actor: Actor, company: Company, now: datetime) -> None:
    """Take the rule of a company away; the nearest one above holds again, or none. Idempotent."""
    deleted, _ = StaleRule.objects.filter(company=company).delete()
    if deleted:
        _audit(actor, company, "clear", now, {})


def stale_rule_of(company: Company) -> StaleRule | None:
    """The rule that holds for a company: its own, or the nearest above."""
    rules = {rule.company_id: rule for rule in StaleRule.objects.filter(company__in=company.path)}
    return next((rules[pk] for pk in reversed(company.path) if pk in rules), None)


def stale_seats(viewer: Viewer, *, now: datetime) -> QuerySet[Seat]:
    """Seats in use whose computer was not seen for as long as its nearest rule says; 30 days without one."""
    return seat_list(viewer).filter(_silent(list(_rules()), now), state=SeatState.ACTIVE)


def stale_seats_proposed(viewer: Viewer, *, month: date, now: datetime) -> QuerySet[Seat]:
    """Seats to be proposed for release in the review of a month: silent by their rule as of its end, and still in use.

    Args:
        viewer: Who reviews.
        month: Any day of the month; its end is judged in UTC.
        now: Current time, aware UTC; before the month's end it is judged now.
    """
    after = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    end = datetime.combine(after, time(), tzinfo=UTC)
    return stale_seats(viewer, now=min(end, now)).order_by("node__company__name", "last_seen_at", "pk")


def stale_release_due(*, now: datetime) -> int:
    """Release the seats of silent computers where the nearest rule says so; can be undone for 24 hours. Idempotent.

    Returns:
        How many were released.
    """
    rules = list(_rules())
    if not any(rule.is_automatic for rule in rules):
        return 0
    condition = _silent(rules, now, only_automatic=True)
    found = Seat.objects.filter(condition, state=SeatState.ACTIVE).order_by("id")
    actor, released = Actor.system("silent computers"), 0
    while chunk := list(found.values_list("uid", flat=True)[:MAX_SEATS_AT_ONCE]):
        released += seats_deactivate(actor=actor, seat_uids=chunk, now=now)
    return released


def _rules() -> QuerySet[StaleRule]:
    return StaleRule.objects.select_related("company").order_by("company_id")


def _silent(rules: Sequence[StaleRule], now: datetime, *, only_automatic: bool = False) -> Q:
    """Silent by the nearest rule; where none holds, by the days that hold without one."""
    condition = Q(pk__in=[])
    for rule in rules:
        nearer = [one.company_id for one in rules if _is_below(one.company.path, rule.company.path)]
        here = Q(node__company__path__contains=[rule.company_id])
        if nearer:
            here &= ~Q(node__company__path__overlap=nearer)
        if rule.is_automatic or not only_automatic:
            condition |= here & Q(last_seen_at__lt=now - timedelta(days=rule.days))
    if only_automatic:
        return condition
    rest = Q(last_seen_at__lt=now - timedelta(days=DAYS_WITHOUT_RULE))
    ruled = [rule.company_id for rule in rules]
    return condition | (rest & ~Q(node__company__path__overlap=ruled) if ruled else rest)


def _is_below(path: Sequence[int], above: Sequence[int]) -> bool:
    return len(path) > len(above) and list(path[: len(above)]) == list(above)


def _audit(
    actor: Actor, company: Company, verb: str, now: datetime, details: dict[str, str | int | bool | None]
) -> None:
    audit_record(
        actor=actor,
        action=f"stale_rule:{verb}",
        subject_type="company",
        subject_id=str(company.uid),
        company_uid=company.uid,
        details=details,
        now=now,
    )
