"""Statements as drafts: count the days of many buyers at once, and write the lines anew where they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from seatkeep_hub.agreements.day_clocks import clocks_by_buyer
from seatkeep_hub.agreements.models import UsageDay
from seatkeep_hub.agreements.usage import usage_days_record
from seatkeep_hub.billing import rules
from seatkeep_hub.billing.enums import LineKind, StatementState
from seatkeep_hub.billing.errors import StatementClosedError
from seatkeep_hub.billing.figures import Figures, figures_of, figures_of_many
from seatkeep_hub.billing.models import Statement, StatementLine
from seatkeep_hub.billing.rules import Month
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.statements import sql_text

AT_ONCE = 1_000
"""So many statements are one transaction; about 30,000 counted days for each product."""

_SAME = (
    "statement_id", "kind", "node_id", "product_id", "days", "ordered", "agreed", "device_days", "peak", "seat_days",
    "seats", "volume", "price_minor", "amount_minor", "flags",
)  # fmt: skip


@transaction.atomic
def statement_draft(*, seller: Company, buyer: Company, month: Month, now: datetime) -> Statement:
    """Make the draft of a month, or count an existing one again; corrections in it stay. Idempotent.

    Raises:
        StatementClosedError: It is closed already.
    """
    made = _drafts_make(seller, [buyer], month, now)
    if not made:
        raise StatementClosedError
    return made[0]


def statements_draft(*, now: datetime) -> list[Statement]:
    """Draft last month for every pair that sold something and whose month is over by its clock. Idempotent.

    Returns:
        The drafts that were made, or counted again because they were made before the month was over.
    """
    due = list(_due(now))
    return [one for seller, buyers, month in due for one in _drafts_of(seller, buyers, month, now)]


def month_draft(*, seller: Company, month: Month, now: datetime) -> list[Statement]:
    """Draft one month for every company that bought from a seller in it; closed ones stay. Idempotent."""
    rows = UsageDay.objects.filter(seller=seller, day__range=month).exclude(buyer=seller)
    return _drafts_of(seller, list(Company.objects.filter(pk__in=rows.values("buyer")).order_by("id")), month, now)


def statements_count(statements: Sequence[Statement], *, now: datetime) -> None:
    """Count locked drafts of one seller and month again, in place; corrections in them stay. Idempotent."""
    if not statements:
        return
    figures = figures_of_many(statements, now=now)
    _own_lines_write(figures)
    corrections: dict[int, list[StatementLine]] = defaultdict(list)
    kept = StatementLine.objects.filter(statement__in=[one.pk for one in statements], kind=LineKind.CORRECTION)
    for line in kept.select_related("corrects__statement"):
        corrections[line.statement_id].append(line)
    for one in statements:
        _apply(one, figures[one.pk], corrections[one.pk], now)
    _statements_write(statements, now)


def drafts_recount(*, seller: Company, first: date, now: datetime) -> int:
    """Count a seller's drafts from a month on again, because its prices changed. Idempotent.

    Returns:
        How many were counted.
    """
    drafts = Statement.objects.filter(seller=seller, month_on__gte=first, state=StatementState.DRAFT)
    by_month = groupby(list(drafts.select_related("buyer").order_by("month_on", "id")), attrgetter("month_on"))
    return sum(
        len(_drafts_of(seller, [one.buyer for one in several], rules.month_of(month_on), now))
        for month_on, several in by_month
    )


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


def _drafts_of(seller: Company, buyers: Sequence[Company], month: Month, now: datetime) -> list[Statement]:
    """Make or count again, in transactions of a thousand."""
    made: list[Statement] = []
    for start in range(0, len(buyers), AT_ONCE):
        with transaction.atomic():
            made += _drafts_make(seller, buyers[start : start + AT_ONCE], month, now)
    return made


def _drafts_make(seller: Company, buyers: Sequence[Company], month: Month, now: datetime) -> list[Statement]:
    """Make or count again what is not closed; in the order of ids."""
    Statement.objects.bulk_create(
        [
            Statement(seller=seller, buyer=buyer, month_on=month.first, counted_at=now, created_at=now)
            for buyer in buyers
        ],
        ignore_conflicts=True,
    )
    drafts = Statement.objects.filter(seller=seller, buyer__in=buyers, month_on=month.first).order_by("id")
    locked = list(drafts.select_for_update(of=("self",)).select_related("seller", "buyer", "price_list"))
    found = [one for one in locked if one.state == StatementState.DRAFT]
    statements_count(found, now=now)
    return found


def _apply(statement: Statement, figures: Figures, corrections: Sequence[StatementLine], now: datetime) -> None:
    statement.price_list = figures.price_list
    statement.currency = figures.price_list.currency if figures.price_list else _currency_of(corrections)
    statement.total_minor = sum(line.amount_minor for line in [*figures.lines, *corrections])
    statement.flag_count = sum(1 for line in figures.lines if line.flags)
    statement.counted_at = now


def _own_lines_write(figures: Mapping[int, Figures]) -> None:
    """Replace all lines but corrections where one differs; a line of the same share keeps its id, which links hold."""
    known: dict[int, list[StatementLine]] = {pk: [] for pk in figures}
    for line in StatementLine.objects.filter(statement__in=figures).exclude(kind=LineKind.CORRECTION).order_by("id"):
        known[line.statement_id].append(line)
    changed = {pk: one.lines for pk, one in figures.items() if not _are_same(known[pk], one.lines)}
    for pk, lines in changed.items():
        uids = {(line.kind, line.node_id): line.uid for line in known[pk]}
        for line in lines:
            line.uid = uids.get((line.kind, line.node_id), line.uid)
    _execute("lines_delete", {"statements": [pk for pk in changed if known[pk]]})
    StatementLine.objects.bulk_create(line for lines in changed.values() for line in lines)


def _are_same(old: Sequence[StatementLine], new: Sequence[StatementLine]) -> bool:
    return [_figures_in(line) for line in old] == [_figures_in(line) for line in new]


def _figures_in(line: StatementLine) -> list[Any]:
    return [getattr(line, name) for name in _SAME]


def _statements_write(statements: Sequence[Statement], now: datetime) -> None:
    _execute(
        "statements_write",
        {
            "ids": [one.pk for one in statements],
            "price_lists": [one.price_list_id for one in statements],
            "currencies": [one.currency for one in statements],
            "totals": [one.total_minor for one in statements],
            "flags": [one.flag_count for one in statements],
            "now": now,
        },
    )


def _execute(name: str, parameters: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql_text(name, "seatkeep_hub.billing"), parameters)


def _due(now: datetime) -> Iterable[tuple[Company, list[Company], Month]]:
    sellers = UsageDay.objects.filter(day__gte=now.date() - timedelta(days=64)).values("seller").distinct()
    for seller in Company.objects.filter(pk__in=sellers).order_by("id"):
        for month, over_at, whom in _months_over(seller, now):
            known = Statement.objects.filter(seller=seller, month_on=month.first)
            known = known.filter(Q(state=StatementState.CLOSED) | Q(counted_at__gte=over_at))
            rows = UsageDay.objects.filter(whom, seller=seller, day__range=month, recorded_at__gte=over_at)
            rows = rows.exclude(buyer=seller).exclude(buyer__in=known.values("buyer"))
            yield seller, list(Company.objects.filter(pk__in=rows.values("buyer")).order_by("id")), month


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


def _currency_of(corrections: Sequence[StatementLine]) -> str:
    return next((line.corrects.statement.currency for line in corrections if line.corrects), "")
