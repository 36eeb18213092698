"""The proof of a line: which devices held a seat on which days of the month, and who changed what and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from seatkeep_hub.agreements.models import AgreementEntry
from seatkeep_hub.billing import rules
from seatkeep_hub.billing.drafting import month_end
from seatkeep_hub.billing.models import StatementLine
from seatkeep_hub.licensing.enums import NodeKind, SeatState
from seatkeep_hub.licensing.models import LicenseEntry, PoolNode, Seat, SeatEvent


class Change(NamedTuple):
    """A seat was taken (+1) or ended (-1)."""

    at: datetime
    delta: int


class SeatDays(NamedTuple):
    """One device of a line: the days on which it held a seat, and what happened to the seat in the month."""

    seat: Seat
    days: list[date]
    events: list[SeatEvent]

    @property
    def first_on(self) -> date | None:
        """The first counted day."""
        return self.days[0] if self.days else None

    @property
    def last_on(self) -> date | None:
        """The last counted day."""
        return self.days[-1] if self.days else None


class Span(NamedTuple):
    """A line's month as instants: from `low`, before `high`, in the seller's zone; and the shares it counts."""

    low: datetime
    high: datetime
    zone: tzinfo
    nodes: list[int]


def days_held(*, is_held: bool, changes: Sequence[Change], low: datetime, high: datetime, zone: tzinfo) -> list[date]:
    """Days, of a zone's calendar, on which a device held a seat at any time; ascending.

    Args:
        is_held: Whether it held one at `low`.
        changes: In order, all at or after `low` and before `high`.
        low: The beginning, at midnight.
        high: The end, at midnight, exclusive.
        zone: Whose days are counted.
    """
    days: set[date] = set()
    since, level = low, int(is_held)
    for change in changes:
        if level > 0:
            days.update(_days_between(since, change.at, zone))
        level += change.delta
        since = change.at
        if change.delta > 0:
            days.add(change.at.astimezone(zone).date())
    if level > 0:
        days.update(_days_between(since, high, zone))
    return sorted(days)


def span_of(line: StatementLine) -> Span:
    """When and where a line counts; a line without a share counts nowhere."""
    seller, month = line.statement.seller, rules.month_of(line.statement.month_on)
    low = month_end(seller, rules.month_before(month))
    return Span(low, month_end(seller, month), ZoneInfo(seller.time_zone), _nodes(line.node))


def seats_of(line: StatementLine) -> QuerySet[Seat]:
    """Seats that may have counted: held now, or changed since the month began; page them by id."""
    span = span_of(line)
    changed = SeatEvent.objects.filter(node_id__in=span.nodes, at__gte=span.low).exclude(delta=0)
    if line.node is not None:
        changed = changed.filter(license_id=line.node.license_id)
    held = Q(node__in=span.nodes, state=SeatState.ACTIVE)
    found = Seat.objects.filter(held | Q(pk__in=changed.values("seat_id")))
    return found.select_related("node__company", "product").order_by("id")


def record_of(line: StatementLine, seats: Iterable[Seat]) -> list[SeatDays]:
    """Days and events of some of a line's seats, in their order; those that did not count are left out."""
    span, several = span_of(line), list(seats)
    events: dict[int, list[SeatEvent]] = defaultdict(list)
    journal = SeatEvent.objects.filter(seat_id__in=[seat.pk for seat in several], node_id__in=span.nodes)
    for event in journal.filter(at__gte=span.low).order_by("at", "id"):
        events[event.seat_id].append(event)
    found = [_seat_days(seat, events[seat.pk], span) for seat in several]
    return [one for one in found if one.days]


def terms_changes(line: StatementLine) -> list[LicenseEntry | AgreementEntry]:
    """What changed in the month in what was ordered (a whole license) or agreed (a customer), oldest first."""
    if line.node is None:
        return []
    span = span_of(line)
    if line.node.kind == NodeKind.ROOT:
        ordered = LicenseEntry.objects.filter(license=line.node.license_id, at__gte=span.low, at__lt=span.high)
        return list(ordered.order_by("number"))
    agreed = AgreementEntry.objects.filter(agreement__node=line.node_id, at__gte=span.low, at__lt=span.high)
    return list(agreed.order_by("number"))


def _nodes(node: PoolNode | None) -> list[int]:
    if node is None:
        return []
    if node.kind == NodeKind.ROOT:
        found = PoolNode.objects.filter(license=node.license_id, product=node.product_id)
    else:
        found = PoolNode.objects.filter(Q(pk=node.pk) | Q(parent=node.pk, kind=NodeKind.SITE))
    return list(found.values_list("pk", flat=True))


def _seat_days(seat: Seat, events: list[SeatEvent], span: Span) -> SeatDays:
    is_now = seat.state == SeatState.ACTIVE and seat.node_id in span.nodes
    is_held = int(is_now) - sum(event.delta for event in events) > 0
    within = [event for event in events if event.at < span.high]
    changes = [Change(event.at, event.delta) for event in within if event.delta]
    days = days_held(is_held=is_held, changes=changes, low=span.low, high=span.high, zone=span.zone)
    return SeatDays(seat, days, within)


def _days_between(first: datetime, end: datetime, zone: tzinfo) -> Iterable[date]:
    """Days from `first` to the last moment before `end`."""
    if end <= first:
        return
    day = first.astimezone(zone).date()
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)
