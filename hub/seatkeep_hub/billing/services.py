"""Writes of statements by people: counting again and closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import Detail, Subject, audit_record_many
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.outbox.services import outbox_append_many

from seatkeep_hub.agreements.day_clocks import clocks_by_buyer
from seatkeep_hub.billing import rules
from seatkeep_hub.billing.drafting import AT_ONCE, statement_draft, statements_count
from seatkeep_hub.billing.enums import LineKind, StatementState
from seatkeep_hub.billing.errors import (
    StatementChangedError,
    StatementClosedError,
    StatementCurrencyError,
    StatementEarlyError,
    StatementUnpricedError,
)
from seatkeep_hub.billing.models import Statement, StatementLine
from seatkeep_hub.licensing.statements import sql_text


class Closing(NamedTuple):
    """What became of one statement that was to be closed."""

    statement: Statement
    error: AppError | None = None


def statement_close(*, actor: Actor, statement: Statement, total_minor: int, now: datetime) -> Statement:
    """Close a month: count it once more, compare with what the person saw, and freeze it. Idempotent.

    Args:
        actor: Who closes; whether they may is the caller's look-up.
        statement: The draft.
        total_minor: The total that the person looked at, in minor units.
        now: Current time, aware UTC.

    Raises:
        StatementEarlyError: The month is not over by the clock of the two companies.
        StatementUnpricedError: A line has no price.
        StatementCurrencyError: The month is priced in another currency than one of its corrections.
        StatementChangedError: The total is another by now.
    """
    closing = statements_close(actor=actor, totals={statement.pk: total_minor}, now=now)[0]
    if closing.error is not None:
        raise closing.error
    return closing.statement


def statements_close(*, actor: Actor, totals: Mapping[int, int], now: datetime) -> list[Closing]:
    """Close many months, each as `statement_close` does; one that is refused does not stop the others. Idempotent.

    Args:
        actor: Who closes; whether they may close each is the caller's look-up.
        totals: By statement, the total that the person looked at, in minor units.
        now: Current time, aware UTC.

    Returns:
        One result per statement, by seller, month and id.
    """
    found = Statement.objects.filter(pk__in=totals).order_by("seller", "month_on", "id")
    closings: list[Closing] = []
    for _, several in groupby(found.values_list("pk", "seller", "month_on"), itemgetter(1, 2)):
        ids = [pk for pk, *_rest in several]
        for start in range(0, len(ids), AT_ONCE):
            closings += _close_part(actor, ids[start : start + AT_ONCE], totals, now)
    return closings


@transaction.atomic
def _close_part(actor: Actor, ids: Sequence[int], totals: Mapping[int, int], now: datetime) -> list[Closing]:
    """Close statements of one seller and month. What is refused stays a draft, counted again."""
    drafts = Statement.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("id")
    locked = list(drafts.select_related("seller", "buyer", "price_list"))
    clocks = clocks_by_buyer(locked[0].seller)
    last = rules.month_of(locked[0].month_on).last
    errors: dict[int, AppError] = {}
    for one in locked:
        if (clocks.get(one.buyer_id) or clocks[None]).day_at(now) <= last:
            errors[one.pk] = StatementEarlyError()
    counted = [one for one in locked if one.state == StatementState.DRAFT and one.pk not in errors]
    statements_count(counted, now=now)
    errors |= _faults(counted, totals)
    ready = [one for one in counted if one.pk not in errors]
    _freeze(actor, ready, now)
    return [Closing(one, errors.get(one.pk) if one.closed_at is None else None) for one in locked]


def _faults(counted: Sequence[Statement], totals: Mapping[int, int]) -> dict[int, AppError]:
    """Why statements that were just counted cannot be closed."""
    ids = [one.pk for one in counted]
    lines = StatementLine.objects.filter(statement__in=ids)
    unpriced = set(lines.filter(kind=LineKind.USAGE, price_minor=None).values_list("statement_id", flat=True))
    foreign = lines.filter(kind=LineKind.CORRECTION).exclude(corrects__statement__currency=F("statement__currency"))
    mixed = set(foreign.values_list("statement_id", flat=True))
    found: dict[int, AppError] = {}
    for one in counted:
        if one.pk in unpriced:
            found[one.pk] = StatementUnpricedError()
        elif one.pk in mixed:
            found[one.pk] = StatementCurrencyError()
        elif one.total_minor != totals[one.pk]:
            found[one.pk] = StatementChangedError()
    return found


def _freeze(actor: Actor, statements: Sequence[Statement], now: datetime) -> None:
    if not statements:
        return
    for one in statements:
        one.state, one.closed_at, one.closed_by = StatementState.CLOSED, now, actor.label[:200]
    with connection.cursor() as cursor:
        parameters: dict[str, Any] = {"ids": [one.pk for one in statements], "now": now, "by": actor.label[:200]}
        cursor.execute(sql_text("statements_close", "seatkeep_hub.billing"), parameters)
    subjects = [Subject(str(one.uid), one.seller.uid, _told(one)) for one in statements]
    audit_record_many(actor=actor, action="statement:close", subject_type="statement", subjects=subjects, now=now)
    news: list[dict[str, object]] = [{"v": 1, "statement": str(one.uid)} for one in statements]
    outbox_append_many(topic="statement.close", payloads=news, now=now)


def _told(statement: Statement) -> dict[str, Detail]:
    return {
        "buyer": statement.buyer.name,
        "month": f"{statement.month_on:%Y-%m}",
        "total": statement.total_text,
    }


def statement_recount(*, statement: Statement, now: datetime) -> Statement:
    """Count a draft again.

    Raises:
        StatementClosedError: It is closed.
    """
    if statement.state == StatementState.CLOSED:
        raise StatementClosedError
    return statement_draft(
        seller=statement.seller, buyer=statement.buyer, month=rules.month_of(statement.month_on), now=now
    )
