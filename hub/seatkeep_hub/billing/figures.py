"""What statements come to: the counted days of a month, priced. Reads and computes for many buyers at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q

from seatkeep_hub.agreements.day_clocks import Clocks, clocks_by_buyer
from seatkeep_hub.agreements.models import UsageDay
from seatkeep_hub.billing import rules
from seatkeep_hub.billing.enums import LineKind, StatementState
from seatkeep_hub.billing.models import Price, PriceList, Statement, StatementLine
from seatkeep_hub.billing.rules import Billed, DayCount, Month, Terms, Tier
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.enums import NodeKind
from seatkeep_hub.licensing.models import PoolNode

_DAY = (
    "buyer_id", "node_id", "node__kind", "day", "ordered", "agreed", "is_flexible", "in_use", "peak", "device_days",
    "is_paused",
)  # fmt: skip
Days = dict[int, list[DayCount]]


class Figures(NamedTuple):
    """A statement's own lines as they must be: usage by share, and the rest to the minimum; without corrections."""

    lines: list[StatementLine]
    price_list: PriceList | None


@dataclass(frozen=True)
class MonthBook:
    """All that statements of one seller and month are computed from.

    Attributes:
        month: The month.
        clocks: When days end: by buyer, under None for all others.
        lists: The seller's price lists that may hold, each with its prices by product.
        days: By buyer and share.
        nodes: The shares, in the order of lines.
        before: Billed seat-days of last month's lines, scaled to this month's length, by buyer and share.
        now: Current time, aware UTC.
    """

    month: Month
    clocks: Mapping[int | None, Clocks]
    lists: Sequence[PriceList]
    tiers: Mapping[int, Mapping[int, list[Tier]]]
    days: Mapping[int, Days]
    nodes: Sequence[PoolNode]
    before: Mapping[tuple[int, int | None], int]
    now: datetime


def figures_of(statement: Statement, *, now: datetime) -> Figures:
    """Compute a statement's own lines from the counted days and the prices. Writes nothing."""
    return figures_of_many([statement], now=now)[statement.pk]


def figures_of_many(statements: Sequence[Statement], *, now: datetime) -> dict[int, Figures]:
    """Compute the own lines of several statements of one seller and month, by statement. Writes nothing."""
    book = _book_read(statements, now)
    buyers_of: dict[int, list[int]] = defaultdict(list)
    for buyer, days in book.days.items():
        for node in days:
            buyers_of[node].append(buyer)
    shares: dict[int, list[PoolNode]] = defaultdict(list)
    for share in book.nodes:
        for buyer in buyers_of[share.pk]:
            shares[buyer].append(share)
    return {one.pk: _figures(book, one, shares[one.buyer_id]) for one in statements}


def price_list_for(seller: Company, buyer: Company, month: Month) -> PriceList | None:
    """The list that holds on a month's first day: the buyer's own before the one for all, then the latest."""
    return _list_that_holds(PriceList.objects.filter(Q(buyer=buyer) | Q(buyer=None), seller=seller), buyer.pk, month)


def terms_of(prices: PriceList | None) -> Terms:
    """How a list bills; without one, what is in use is counted."""
    if prices is None:
        return Terms("IN_USE_DAYS", "SEAT_MONTH", "DAILY")
    return Terms(prices.basis, prices.unit, prices.proration, prices.minimum_minor)


def last_day_over(seller: Company, buyer: Company, now: datetime) -> date:
    """The last day that is over between two companies."""
    return Clocks(seller, buyer).day_at(now) - timedelta(days=1)


def _book_read(statements: Sequence[Statement], now: datetime) -> MonthBook:
    seller, month = statements[0].seller, rules.month_of(statements[0].month_on)
    buyers = [one.buyer_id for one in statements]
    lists = list(PriceList.objects.filter(Q(buyer__in=buyers) | Q(buyer=None), seller=seller))
    held = {one.pk for one in lists} | {one.price_list_id for one in statements if one.price_list_id}
    days = _days(seller, buyers, month)
    shares = {node for found in days.values() for node in found}
    nodes = PoolNode.objects.filter(pk__in=shares).select_related("product", "company")
    return MonthBook(
        month=month,
        clocks=clocks_by_buyer(seller),
        lists=lists,
        tiers=_tiers(held),
        days=days,
        nodes=sorted(nodes, key=lambda node: (node.company.name, node.product.code, node.pk)),
        before=_seat_days_before(seller, buyers, month),
        now=now,
    )


def _list_that_holds(lists: Iterable[PriceList], buyer_id: int, month: Month) -> PriceList | None:
    found = [one for one in lists if one.buyer_id in (buyer_id, None) and one.valid_from_on <= month.first]
    return max(found, key=lambda one: (one.buyer_id is not None, one.valid_from_on), default=None)


def _days(seller: Company, buyers: Sequence[int], month: Month) -> dict[int, Days]:
    rows = UsageDay.objects.filter(seller=seller, buyer__in=buyers, day__range=month).order_by("day")
    found: dict[int, Days] = defaultdict(lambda: defaultdict(list))
    for buyer, node, kind, day, ordered, agreed, *rest in rows.values_list(*_DAY).iterator(20_000):
        # What one customer ordered of a shared license is what it agreed to.
        found[buyer][node].append(DayCount(day, ordered if kind == NodeKind.ROOT else agreed, agreed, *rest))
    return {
        buyer: {node: days for node, days in shares.items() if any(map(_is_something, days))}
        for buyer, shares in found.items()
    }


def _is_something(day: DayCount) -> bool:
    return bool(day.ordered or day.agreed or day.device_days)


def _figures(book: MonthBook, statement: Statement, nodes: Sequence[PoolNode]) -> Figures:
    is_closed = statement.state == StatementState.CLOSED
    holding = _list_that_holds(book.lists, statement.buyer_id, book.month)
    prices = statement.price_list if is_closed else holding
    lines = _usage_lines(book, statement, nodes, prices)
    return Figures([*lines, *_minimum_lines(statement, prices, lines, book.now)], prices)


def _usage_lines(
    book: MonthBook, statement: Statement, nodes: Sequence[PoolNode], prices: PriceList | None
) -> list[StatementLine]:
    month, terms = book.month, terms_of(prices)
    days = book.days.get(statement.buyer_id, {})
    billed = {node.pk: rules.billed_of(terms, days[node.pk], month) for node in nodes}
    volumes = {
        category: rules.volume_of([billed[node.pk] for node in nodes if node.product.category == category], month)
        for category in {node.product.category for node in nodes}
    }
    tiers = book.tiers.get(prices.pk, {}) if prices else {}
    clocks = book.clocks.get(statement.buyer_id) or book.clocks[None]
    until = clocks.day_at(book.now) - timedelta(days=1)
    lines = []
    for node in nodes:
        volume = volumes[node.product.category]
        price = rules.price_of(tiers.get(node.product_id, []), volume)
        line = _usage_line(statement, node, days[node.pk], billed[node.pk], book.now)
        line.volume, line.price_minor = volume, price
        line.amount_minor = rules.amount_of(terms, billed[node.pk], price, month) if price is not None else 0
        line.flags = rules.flags_of(
            days=days[node.pk],
            month=month,
            until=until,
            price_minor=price,
            seat_days=line.seat_days,
            before=book.before.get((statement.buyer_id, node.pk)),
        )
        lines.append(line)
    return lines


def _usage_line(
    statement: Statement, node: PoolNode, days: Sequence[DayCount], billed: Billed, now: datetime
) -> StatementLine:
    return StatementLine(
        statement=statement,
        kind=LineKind.USAGE,
        node=node,
        product=node.product,
        days=len(days),
        ordered=sum(day.ordered for day in days),
        agreed=sum(day.agreed for day in days),
        device_days=sum(day.device_days for day in days),
        peak=max(day.peak for day in days),
        seat_days=billed.seat_days,
        seats=billed.seats,
        created_at=now,
    )


def _minimum_lines(
    statement: Statement, prices: PriceList | None, lines: Sequence[StatementLine], now: datetime
) -> list[StatementLine]:
    rest = rules.minimum_rest(terms_of(prices), [line.amount_minor for line in lines])
    if not rest or not lines:
        return []
    return [StatementLine(statement=statement, kind=LineKind.MINIMUM, amount_minor=rest, created_at=now)]


def _tiers(lists: Iterable[int]) -> dict[int, dict[int, list[Tier]]]:
    tiers: dict[int, dict[int, list[Tier]]] = defaultdict(lambda: defaultdict(list))
    for one in Price.objects.filter(price_list__in=lists):
        tiers[one.price_list_id][one.product_id].append(Tier(one.from_seats, Decimal(one.price_minor)))
    return tiers


def _seat_days_before(seller: Company, buyers: Sequence[int], month: Month) -> dict[tuple[int, int | None], int]:
    last = rules.month_before(month)
    lines = StatementLine.objects.filter(
        statement__seller=seller,
        statement__buyer__in=buyers,
        statement__month_on=last.first,
        kind=LineKind.USAGE,
    )
    rows = lines.values_list("statement__buyer_id", "node_id", "seat_days")
    return {(buyer, node): seat_days * month.days // last.days for buyer, node, seat_days in rows}
