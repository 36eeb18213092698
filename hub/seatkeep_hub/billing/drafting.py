"""Statements as drafts: read the counted days, price them, write the lines anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from seatkeep_hub.agreements.day_clocks import Clocks, clocks_by_buyer
from seatkeep_hub.agreements.models import UsageDay
from seatkeep_hub.agreements.usage import usage_days_record
from seatkeep_hub.billing import rules
from seatkeep_hub.billing.enums import LineKind, StatementState
from seatkeep_hub.billing.errors import StatementClosedError
from seatkeep_hub.billing.models import Price, PriceList, Statement, StatementLine
from seatkeep_hub.billing.rules import DayCount, Month, Terms, Tier
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.enums import NodeKind
from seatkeep_hub.licensing.models import PoolNode, Product

_DAY = ("node_id", "node__kind", "day", "ordered", "agreed", "is_flexible", "in_use", "peak", "device_days")


class Figures(NamedTuple):
    """A statement's own lines as they must be: usage by share, and the rest to the minimum; without corrections."""

    lines: list[StatementLine]
    price_list: PriceList | None


@transaction.atomic
def statement_draft(*, seller: Company, buyer: Company, month: Month, now: datetime) -> Statement:
    """Make the draft of a month, or count an existing one again; corrections in it stay. Idempotent.

    Raises:
        StatementClosedError: It is closed already.
    """
    statement, _ = Statement.objects.get_or_create(
        seller=seller, buyer=buyer, month_on=month.first, defaults={"counted_at": now, "created_at": now}
    )
    locked = Statement.objects.select_for_update().select_related("seller", "buyer").get(pk=statement.pk)
    if locked.state == StatementState.CLOSED:
        raise StatementClosedError
    figures = figures_of(locked, now=now)
    _own_lines_write(locked, figures.lines)
    corrections = list(locked.lines.filter(kind=LineKind.CORRECTION).select_related("corrects__statement"))
    locked.price_list = figures.price_list
    locked.currency = figures.price_list.currency if figures.price_list else _currency_of(corrections)
    locked.total_minor = sum(line.amount_minor for line in [*figures.lines, *corrections])
    locked.flag_count = sum(1 for line in figures.lines if line.flags)
    locked.counted_at = now
    locked.save()
    return locked


def statements_draft(*, now: datetime) -> list[Statement]:
    """Draft last month for every pair that sold something and whose month is over by its clock. Idempotent.

    Returns:
        The drafts that were made, or counted again because they were made before the month was over.
    """
    pairs = list(_pairs_due(now))
    return [statement_draft(seller=seller, buyer=buyer, month=month, now=now) for seller, buyer, month in pairs]


def figures_of(statement: Statement, *, now: datetime) -> Figures:
    """Compute a statement's own lines from the counted days and the prices. Writes nothing."""
    month = rules.month_of(statement.month_on)
    is_closed = statement.state == StatementState.CLOSED
    prices = statement.price_list if is_closed else price_list_for(statement.seller, statement.buyer, month)
    days = _days(statement, month)
    nodes = PoolNode.objects.filter(pk__in=days).select_related("product", "company", "license")
    nodes = nodes.order_by("company__name", "product__code", "id")
    lines = _usage_lines(statement, list(nodes), days, prices, now)
    return Figures([*lines, *_minimum_lines(statement, prices, lines, now)], prices)


def price_list_for(seller: Company, buyer: Company, month: Month) -> PriceList | None:
    """The list that holds on a month's first day: the buyer's own before the one for all, then the latest."""
    found = PriceList.objects.filter(Q(buyer=buyer) | Q(buyer=None), seller=seller, valid_from_on__lte=month.first)
    lists = sorted(found, key=lambda one: (one.buyer_id is not None, one.valid_from_on))
    return lists[-1] if lists else None


def terms_of(prices: PriceList | None) -> Terms:
    """How a list bills; without one, what is in use is counted."""
    if prices is None:
        return Terms("IN_USE_DAYS", "SEAT_MONTH", "DAILY")
    return Terms(prices.basis, prices.unit, prices.proration, prices.minimum_minor)


def month_end(seller: Company, buyer: Company, month: Month) -> datetime:
    """The moment at which a month is over between two companies."""
    return Clocks(seller, buyer).begin(month.last + timedelta(days=1))


def drafts_recount(*, seller: Company, first: date, now: datetime) -> int:
    """Count a seller's drafts from a month on again, because its prices changed. Idempotent.

    Returns:
        How many were counted.
    """
    drafts = Statement.objects.filter(seller=seller, month_on__gte=first, state=StatementState.DRAFT)
    found = list(drafts.select_related("buyer").order_by("id"))
    for one in found:
        statement_draft(seller=seller, buyer=one.buyer, month=rules.month_of(one.month_on), now=now)
    return len(found)


def statement_differences(statement: Statement, *, now: datetime) -> list[str]:
    """Compute a statement from the ledgers once more; say which shares, or the total, come out otherwise.

    The days are counted anew from the seat journal and the ledgers of licenses and agreements; nothing is kept.
    """
    month = rules.month_of(statement.month_on)
    with transaction.atomic():
        usage_days_record(first=month.first, last=month.last, now=now)
        figures = figures_of(statement, now=now)
        transaction.set_rollback(True)
    old = {line.node_id: line.amount_minor for line in statement.lines.exclude(kind=LineKind.CORRECTION)}
    new = {line.node_id: line.amount_minor for line in figures.lines}
    return [f"{key}: {old.get(key)} → {new.get(key)}" for key in {*old, *new} if old.get(key) != new.get(key)]


def last_day_over(seller: Company, buyer: Company, now: datetime) -> date:
    """The last day that is over between two companies."""
    return Clocks(seller, buyer).day_at(now) - timedelta(days=1)


def _own_lines_write(statement: Statement, lines: Sequence[StatementLine]) -> None:
    """Replace all lines but corrections; a line of the same share keeps its id, which links may hold."""
    own = statement.lines.exclude(kind=LineKind.CORRECTION)
    known: dict[tuple[str, int | None], UUID] = {
        (kind, node): uid for kind, node, uid in own.values_list("kind", "node_id", "uid")
    }
    for line in lines:
        line.uid = known.get((line.kind, line.node_id), line.uid)
    own.delete()
    StatementLine.objects.bulk_create(lines)


def _pairs_due(now: datetime) -> Iterable[tuple[Company, Company, Month]]:
    sellers = UsageDay.objects.filter(day__gte=now.date() - timedelta(days=64)).values("seller").distinct()
    for seller in Company.objects.filter(pk__in=sellers).order_by("id"):
        for month, over_at, whom in _months_over(seller, now):
            known = Statement.objects.filter(seller=seller, month_on=month.first)
            known = known.filter(Q(state=StatementState.CLOSED) | Q(counted_at__gte=over_at))
            rows = UsageDay.objects.filter(whom, seller=seller, day__range=month, recorded_at__gte=over_at)
            rows = rows.exclude(buyer=seller).exclude(buyer__in=known.values("buyer"))
            for buyer in Company.objects.filter(pk__in=rows.values("buyer")).order_by("id"):
                yield seller, buyer, month


def _months_over(seller: Company, now: datetime) -> Iterable[tuple[Month, datetime, Q]]:
    """Each last month that is over at a seller, when it was, and for which buyers; those alike go together."""
    clocks = clocks_by_buyer(seller)
    alike: dict[tuple[Month, datetime], list[int]] = defaultdict(list)
    for buyer, one in clocks.items():
        month = rules.month_before(rules.month_of(one.day_at(now)))
        over_at = one.begin(month.last + timedelta(days=1))
        if buyer is None:
            yield month, over_at, ~Q(buyer__in=[pk for pk in clocks if pk])
        else:
            alike[month, over_at].append(buyer)
    yield from ((month, over_at, Q(buyer__in=buyers)) for (month, over_at), buyers in alike.items())


def _days(statement: Statement, month: Month) -> dict[int, list[DayCount]]:
    rows = UsageDay.objects.filter(seller=statement.seller, buyer=statement.buyer, day__range=month).order_by("day")
    days: dict[int, list[DayCount]] = defaultdict(list)
    for node_id, kind, *counts in rows.values_list(*_DAY):
        day = DayCount(*counts)
        # What one customer ordered of a shared license is what it agreed to.
        days[node_id].append(day if kind == NodeKind.ROOT else day._replace(ordered=day.agreed))
    return {pk: found for pk, found in days.items() if any(_is_something(day) for day in found)}


def _is_something(day: DayCount) -> bool:
    return bool(day.ordered or day.agreed or day.device_days)


def _usage_lines(
    statement: Statement,
    nodes: Sequence[PoolNode],
    days: dict[int, list[DayCount]],
    prices: PriceList | None,
    now: datetime,
) -> list[StatementLine]:
    month, terms = rules.month_of(statement.month_on), terms_of(prices)
    billed = {node.pk: rules.billed_of(terms, days[node.pk], month) for node in nodes}
    volumes = {
        category: rules.volume_of([billed[node.pk] for node in nodes if node.product.category == category], month)
        for category in {node.product.category for node in nodes}
    }
    tiers, before = _tiers(prices), _seat_days_before(statement, month)
    until = last_day_over(statement.seller, statement.buyer, now)
    lines = []
    for node in nodes:
        volume = volumes[node.product.category]
        price = rules.price_of(tiers[node.product_id], volume)
        line = _usage_line(statement, node.product, days[node.pk], now)
        line.node, line.volume, line.price_minor = node, volume, price
        line.seat_days, line.seats = billed[node.pk]
        line.amount_minor = rules.amount_of(terms, billed[node.pk], price, month) if price is not None else 0
        line.flags = rules.flags_of(
            days=days[node.pk],
            month=month,
            until=until,
            price_minor=price,
            seat_days=line.seat_days,
            before=before.get(node.pk),
        )
        lines.append(line)
    return lines


def _usage_line(statement: Statement, product: Product, days: Sequence[DayCount], now: datetime) -> StatementLine:
    return StatementLine(
        statement=statement,
        kind=LineKind.USAGE,
        product=product,
        days=len(days),
        ordered=sum(day.ordered for day in days),
        agreed=sum(day.agreed for day in days),
        device_days=sum(day.device_days for day in days),
        peak=max(day.peak for day in days),
        created_at=now,
    )


def _minimum_lines(
    statement: Statement, prices: PriceList | None, lines: Sequence[StatementLine], now: datetime
) -> list[StatementLine]:
    rest = rules.minimum_rest(terms_of(prices), [line.amount_minor for line in lines])
    if not rest or not lines:
        return []
    return [StatementLine(statement=statement, kind=LineKind.MINIMUM, amount_minor=rest, created_at=now)]


def _tiers(prices: PriceList | None) -> dict[int, list[Tier]]:
    tiers: dict[int, list[Tier]] = defaultdict(list)
    for one in Price.objects.filter(price_list=prices) if prices else ():
        tiers[one.product_id].append(Tier(one.from_seats, Decimal(one.price_minor)))
    return tiers


def _seat_days_before(statement: Statement, month: Month) -> dict[int | None, int]:
    """Billed seat-days of last month's lines, scaled to this month's length, by share."""
    last = rules.month_before(month)
    lines = StatementLine.objects.filter(
        statement__seller=statement.seller,
        statement__buyer=statement.buyer,
        statement__month_on=last.first,
        kind=LineKind.USAGE,
    )
    return {node: seat_days * month.days // last.days for node, seat_days in lines.values_list("node_id", "seat_days")}


def _currency_of(corrections: Sequence[StatementLine]) -> str:
    return next((line.corrects.statement.currency for line in corrections if line.corrects), "")
