"""Writes of statements by people: counting again and closing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_hub.billing import rules
from seatkeep_hub.billing.corrections import one_currency
from seatkeep_hub.billing.drafting import statement_draft
from seatkeep_hub.billing.enums import LineKind, StatementState
from seatkeep_hub.billing.errors import (
    StatementChangedError,
    StatementClosedError,
    StatementEarlyError,
    StatementUnpricedError,
)
from seatkeep_hub.billing.figures import last_day_over
from seatkeep_hub.billing.journal import record
from seatkeep_hub.billing.models import Statement


@transaction.atomic
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
    locked = Statement.objects.select_for_update(of=("self",)).select_related("seller", "buyer").get(pk=statement.pk)
    if locked.state == StatementState.CLOSED:
        return locked
    month = rules.month_of(locked.month_on)
    if last_day_over(locked.seller, locked.buyer, now) < month.last:
        raise StatementEarlyError
    counted = statement_draft(seller=locked.seller, buyer=locked.buyer, month=month, now=now)
    if counted.lines.filter(kind=LineKind.USAGE, price_minor=None).exists():
        raise StatementUnpricedError
    one_currency(counted)
    if counted.total_minor != total_minor:
        raise StatementChangedError
    counted.state, counted.closed_at, counted.closed_by = StatementState.CLOSED, now, actor.label[:200]
    counted.save(update_fields=["state", "closed_at", "closed_by"])
    details = {"buyer": counted.buyer.name, "month": f"{counted.month_on:%Y-%m}", "total": counted.total_text}
    record(actor, "statement:close", "statement", str(counted.uid), counted.seller, details, now)
    outbox_append(topic="statement.close", payload={"v": 1, "statement": str(counted.uid)}, now=now)
    return counted


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
