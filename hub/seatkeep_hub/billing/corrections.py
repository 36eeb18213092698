"""Corrections of closed months: signed lines of the open month, by one person or, where the seller wants it, by two."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from seatkeep_webkit.actors import Actor

from seatkeep_hub.billing import rules
from seatkeep_hub.billing.drafting import statement_draft
from seatkeep_hub.billing.enums import CorrectionState, LineKind, StatementState
from seatkeep_hub.billing.errors import (
    CorrectionDecidedError,
    CorrectionFieldError,
    CorrectionSamePersonError,
    CorrectionWaitsError,
    StatementCurrencyError,
    StatementOpenError,
)
from seatkeep_hub.billing.journal import record
from seatkeep_hub.billing.models import BillingSettings, CorrectionRequest, Statement, StatementLine
from seatkeep_hub.billing.money import MAX_MINOR


@transaction.atomic
def correction_add(
    *, actor: Actor, line: StatementLine, amount_minor: int, reason: str, now: datetime
) -> StatementLine:
    """Correct a line of a closed month by a signed line in the open one.

    The open month is the first one after it that is not closed; its draft is made where there is none yet.

    Args:
        actor: Who enters and approves; whether they may is the caller's look-up.
        line: The closed line.
        amount_minor: Signed minor units; negative is in the buyer's favor.
        reason: Why, for whoever reads the statement.
        now: Current time, aware UTC.

    Raises:
        CorrectionFieldError: The amount is 0 or too large, or the reason is missing.
        CorrectionWaitsError: The seller wants a second person; use `correction_request`.
        StatementOpenError: The line's month is still a draft.
        StatementCurrencyError: The open month is priced in another currency; nothing is written.
    """
    if is_second_person_needed(line):
        raise CorrectionWaitsError
    reason = _checked(line, amount_minor, reason)
    return _write(actor, line, amount_minor, reason, entered_by=actor.label, now=now)


@transaction.atomic
def correction_request(
    *, actor: Actor, line: StatementLine, amount_minor: int, reason: str, now: datetime
) -> CorrectionRequest:
    """Enter a correction that somebody else has to approve.

    Raises:
        CorrectionFieldError: The amount is 0 or too large, or the reason is missing.
        StatementOpenError: The line's month is still a draft.
    """
    reason = _checked(line, amount_minor, reason)
    made = CorrectionRequest.objects.create(
        line=line,
        amount_minor=amount_minor,
        reason=reason,
        enterer=actor.label[:200],
        enterer_id=_identity(actor),
        created_at=now,
    )
    _record(actor, "statement:correction-request", made, now)
    return made


@transaction.atomic
def correction_approve(*, actor: Actor, request: CorrectionRequest, now: datetime) -> StatementLine:
    """Approve a correction: it becomes a line of the open month.

    Raises:
        CorrectionDecidedError: It was approved or rejected already.
        CorrectionSamePersonError: Who entered it may not approve it.
        StatementCurrencyError: The open month is priced in another currency; nothing is written.
    """
    locked = _waiting(request)
    if locked.enterer_id == _identity(actor) or actor.impersonator == locked.enterer:
        raise CorrectionSamePersonError
    made = _write(actor, locked.line, locked.amount_minor, locked.reason, entered_by=locked.enterer, now=now)
    _decide(locked, CorrectionState.APPROVED, actor, now, made=made)
    return made


@transaction.atomic
def correction_reject(*, actor: Actor, request: CorrectionRequest, now: datetime) -> CorrectionRequest:
    """Reject a correction, also one's own; nothing is billed.

    Raises:
        CorrectionDecidedError: It was approved or rejected already.
    """
    locked = _waiting(request)
    _decide(locked, CorrectionState.REJECTED, actor, now, made=None)
    _record(actor, "statement:correction-reject", locked, now)
    return locked


def is_second_person_needed(line: StatementLine) -> bool:
    """Whether the seller of a line wants corrections approved by somebody else."""
    return BillingSettings.objects.filter(seller=line.statement.seller_id, is_second_person_needed=True).exists()


def one_currency(statement: Statement) -> None:
    """Refuse corrections of another currency than the month.

    Raises:
        StatementCurrencyError: There is one.
    """
    corrections = statement.lines.filter(kind=LineKind.CORRECTION)
    if corrections.exclude(corrects__statement__currency=statement.currency).exists():
        raise StatementCurrencyError


def _checked(line: StatementLine, amount_minor: int, reason: str) -> str:
    reason = reason.strip()
    if not amount_minor or abs(amount_minor) > MAX_MINOR or not reason:
        raise CorrectionFieldError
    if not Statement.objects.filter(pk=line.statement_id, state=StatementState.CLOSED).exists():
        raise StatementOpenError
    return reason[:500]


def _write(
    actor: Actor, line: StatementLine, amount_minor: int, reason: str, *, entered_by: str, now: datetime
) -> StatementLine:
    closed = Statement.objects.select_related("seller", "buyer").get(pk=line.statement_id)
    draft = _open_month(closed, now)
    made = StatementLine.objects.create(
        statement=draft,
        kind=LineKind.CORRECTION,
        node_id=line.node_id,
        product_id=line.product_id,
        amount_minor=amount_minor,
        corrects=line,
        reason=reason,
        enterer=entered_by[:200],
        approver=actor.label[:200],
        created_at=now,
    )
    month = rules.month_of(draft.month_on)
    one_currency(statement_draft(seller=closed.seller, buyer=closed.buyer, month=month, now=now))
    details = {"buyer": closed.buyer.name, "month": f"{closed.month_on:%Y-%m}", "amount": str(amount_minor)}
    record(actor, "statement:correct", "statement", str(draft.uid), closed.seller, {**details, "note": reason}, now)
    return made


def _open_month(closed: Statement, now: datetime) -> Statement:
    month = rules.month_of(closed.month_on)
    same = Statement.objects.filter(seller=closed.seller, buyer=closed.buyer)
    while True:
        month = rules.month_of(month.last + timedelta(days=1))
        found = same.filter(month_on=month.first).first()
        if found is None or found.state == StatementState.DRAFT:
            return statement_draft(seller=closed.seller, buyer=closed.buyer, month=month, now=now)


def _waiting(request: CorrectionRequest) -> CorrectionRequest:
    locked = CorrectionRequest.objects.select_for_update().get(pk=request.pk)
    if locked.state != CorrectionState.WAITING:
        raise CorrectionDecidedError
    return locked


def _decide(
    request: CorrectionRequest, state: CorrectionState, actor: Actor, now: datetime, *, made: StatementLine | None
) -> None:
    request.state, request.decider, request.decided_at, request.made = state, actor.label[:200], now, made
    request.save(update_fields=["state", "decider", "decided_at", "made"])


def _identity(actor: Actor) -> str:
    return f"{actor.kind}:{actor.id}"[:200]


def _record(actor: Actor, action: str, request: CorrectionRequest, now: datetime) -> None:
    closed = request.line.statement
    details = {"buyer": closed.buyer.name, "month": f"{closed.month_on:%Y-%m}", "amount": str(request.amount_minor)}
    record(actor, action, "correction", str(request.uid), closed.seller, {**details, "note": request.reason}, now)
