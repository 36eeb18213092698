"""The proof of a line: which devices held a seat on which days of the month, and who changed what and why."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet

from seatkeep_hub.agreements.day_clocks import Clocks
from seatkeep_hub.agreements.models import AgreementEntry
from seatkeep_hub.billing import rules
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
    """A line's month, day by day of its relation's clock, and the shares it counts.

    Attributes:
        days: The days of the month, ascending.
        bounds: When each day begins, and when the last one ends.
        nodes: The shares.
    """

    days: list[date]
    bounds: list[datetime]
    nodes: list[int]

    @property
    def low(self) -> datetime:
        """The beginning of the month."""
        return self.bounds[0]

    @property
    def high(self) -> datetime:
        """The end of the month, exclusive."""
        return self.bounds[-1]


def days_held(*, is_held: bool, changes: Sequence[Change], span: Span) -> list[date]:
    """Days on which a device held a seat at any time; ascending.

    Args:
        is_held: Whether it held one when the month began.
        changes: In order, all at or after the beginning of the month and before its end.
        span: The month.
    """
    held: set[int] = set()
    since, level = span.low, int(is_held)
    for change in changes:
        if level > 0:
            held.update(_days_between(since, change.at, span.bounds))
        level += change.delta
        since = change.at
        if change.delta > 0:
            held.add(bisect_right(span.bounds, change.at) - 1)
    if level > 0:
        held.update(_days_between(since, span.high, span.bounds))
    return [span.days[number] for number in sorted(held)]


def span_of(line: StatementLine) -> Span:
    """When and where a line counts; a line without a share counts nowhere."""
    month = rules.month_of(line.statement.month_on)
    clocks = Clocks(line.statement.seller, line.statement.buyer)
    days = [month.first + timedelta(days=number) for number in range(month.days)]
    bounds = [clocks.begin(day) for day in (*days, month.last + timedelta(days=1))]
    return Span(days, bounds, _nodes(line.node))


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
    days = days_held(is_held=is_held, changes=changes, span=span)
    return SeatDays(seat, days, within)


def _days_between(first: datetime, end: datetime, bounds: Sequence[datetime]) -> Iterable[int]:
    """Numbers of the days from `first` to the last moment before `end`."""
    return range(bisect_right(bounds, first) - 1, bisect_left(bounds, end)) if first < end else ()
