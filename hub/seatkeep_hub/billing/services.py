"""Writes of billing by people: price lists, closing, corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_hub.billing import rules
from seatkeep_hub.billing.drafting import last_day_over, statement_draft
from seatkeep_hub.billing.enums import Basis, LineKind, PriceUnit, Proration, StatementState
from seatkeep_hub.billing.errors import (
    CorrectionFieldError,
    PriceListFieldError,
    PriceListUsedError,
    StatementChangedError,
    StatementClosedError,
    StatementCurrencyError,
    StatementEarlyError,
    StatementOpenError,
    StatementUnpricedError,
)
from seatkeep_hub.billing.models import Price, PriceList, Statement, StatementLine
from seatkeep_hub.billing.money import is_currency
from seatkeep_hub.billing.rules import Tier
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.models import Product

MAX_MINOR = 10**12
"""Largest amount of one price, minimum or correction, in minor units."""

Tiers = Mapping[str, Sequence[Tier]]
"""Prices of each product code."""


@transaction.atomic
def price_list_set(
    *,
    actor: Actor,
    seller: Company,
    buyer: Company | None,
    valid_from_on: date,
    currency: str,
    basis: Basis | str,
    unit: PriceUnit | str,
    proration: Proration | str,
    tiers: Tiers,
    now: datetime,
    minimum_minor: int = 0,
) -> PriceList:
    """Make or change what a seller charges from a month on.

    Args:
        actor: Who does it; whether they may is the caller's look-up.
        seller: Who sells.
        buyer: A company that buys from it; None for all that have no list of their own.
        valid_from_on: The first day of a month.
        currency: ISO 4217.
        basis: Which count is billed.
        unit: What a price is for.
        proration: What a part of a month costs; ignored for prices by the day.
        tiers: By product code; each begins at 1 seat. Seats of a category count together to choose the tier.
        now: Current time, aware UTC.
        minimum_minor: Least amount of a month, 0 for none.

    Raises:
        PriceListFieldError: A field is wrong; `fields` names it.
        PriceListUsedError: A closed statement was made with this list.
    """
    faults = _faults(seller, buyer, valid_from_on, currency, tiers, minimum_minor)
    if faults:
        raise PriceListFieldError(fields=faults)
    fields = {"currency": currency, "basis": str(basis), "unit": str(unit), "proration": str(proration)}
    wanted = {**fields, "minimum_minor": minimum_minor, "updated_at": now}
    found, is_new = PriceList.objects.get_or_create(
        seller=seller, buyer=buyer, valid_from_on=valid_from_on, defaults={**wanted, "created_at": now}
    )
    found = PriceList.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if not is_new and found.statements.filter(state=StatementState.CLOSED).exists():
        raise PriceListUsedError
    for name, value in wanted.items():
        setattr(found, name, value)
    found.save()
    _prices_write(found, tiers)
    details = {**fields, "valid_from": str(valid_from_on), "buyer": buyer.name if buyer else ""}
    _record(actor, "price-list:set", "price_list", str(found.uid), seller, details, now)
    return found


@transaction.atomic
def statement_close(*, actor: Actor, statement: Statement, total_minor: int, now: datetime) -> Statement:
    """Close a month: count it once more, compare with what the person saw, and freeze it. Idempotent.

    Args:
        actor: Who closes; whether they may is the caller's look-up.
        statement: The draft.
        total_minor: The total that the person looked at, in minor units.
        now: Current time, aware UTC.

    Raises:
        StatementEarlyError: The month is not over in the seller's time zone.
        StatementUnpricedError: A line has no price.
        StatementCurrencyError: The month is priced in another currency than one of its corrections.
        StatementChangedError: The total is another by now.
    """
    locked = Statement.objects.select_for_update(of=("self",)).select_related("seller", "buyer").get(pk=statement.pk)
    if locked.state == StatementState.CLOSED:
        return locked
    month = rules.month_of(locked.month_on)
    if last_day_over(locked.seller, now) < month.last:
        raise StatementEarlyError
    counted = statement_draft(seller=locked.seller, buyer=locked.buyer, month=month, now=now)
    if counted.lines.filter(kind=LineKind.USAGE, price_minor=None).exists():
        raise StatementUnpricedError
    _one_currency(counted)
    if counted.total_minor != total_minor:
        raise StatementChangedError
    counted.state, counted.closed_at, counted.closed_by = StatementState.CLOSED, now, actor.label[:200]
    counted.save(update_fields=["state", "closed_at", "closed_by"])
    details = {"buyer": counted.buyer.name, "month": f"{counted.month_on:%Y-%m}", "total": counted.total_text}
    _record(actor, "statement:close", "statement", str(counted.uid), counted.seller, details, now)
    outbox_append(topic="statement.close", payload={"v": 1, "statement": str(counted.uid)}, now=now)
    return counted


@transaction.atomic
def correction_add(
    *, actor: Actor, line: StatementLine, amount_minor: int, reason: str, now: datetime
) -> StatementLine:
    """Correct a line of a closed month by a signed line in the open one.

    The open month is the first one after it that is not closed; its draft is made where there is none yet.

    Args:
        actor: Who approves; whether they may is the caller's look-up.
        line: The closed line.
        amount_minor: Signed minor units; negative is in the buyer's favor.
        reason: Why, for whoever reads the statement.
        now: Current time, aware UTC.

    Raises:
        CorrectionFieldError: The amount is 0 or too large, or the reason is missing.
        StatementOpenError: The line's month is still a draft.
        StatementCurrencyError: The open month is priced in another currency; nothing is written.
    """
    reason = reason.strip()
    if not amount_minor or abs(amount_minor) > MAX_MINOR or not reason:
        raise CorrectionFieldError
    closed = Statement.objects.select_related("seller", "buyer").get(pk=line.statement_id)
    if closed.state != StatementState.CLOSED:
        raise StatementOpenError
    draft = _open_month(closed, now)
    made = StatementLine.objects.create(
        statement=draft,
        kind=LineKind.CORRECTION,
        node_id=line.node_id,
        product_id=line.product_id,
        amount_minor=amount_minor,
        corrects=line,
        reason=reason[:500],
        approver=actor.label[:200],
        created_at=now,
    )
    counted = statement_draft(seller=closed.seller, buyer=closed.buyer, month=rules.month_of(draft.month_on), now=now)
    _one_currency(counted)
    details = {"buyer": closed.buyer.name, "month": f"{closed.month_on:%Y-%m}", "amount": str(amount_minor)}
    _record(actor, "statement:correct", "statement", str(draft.uid), closed.seller, {**details, "note": reason}, now)
    return made


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


def _one_currency(statement: Statement) -> None:
    corrections = statement.lines.filter(kind=LineKind.CORRECTION)
    if corrections.exclude(corrects__statement__currency=statement.currency).exists():
        raise StatementCurrencyError


def _open_month(closed: Statement, now: datetime) -> Statement:
    month = rules.month_of(closed.month_on)
    same = Statement.objects.filter(seller=closed.seller, buyer=closed.buyer)
    while True:
        month = rules.month_of(month.last + timedelta(days=1))
        found = same.filter(month_on=month.first).first()
        if found is None or found.state == StatementState.DRAFT:
            return statement_draft(seller=closed.seller, buyer=closed.buyer, month=month, now=now)


def _faults(
    seller: Company, buyer: Company | None, valid_from_on: date, currency: str, tiers: Tiers, minimum_minor: int
) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if valid_from_on.day != 1:
        faults["valid_from_on"] = [_("The first day of a month.")]
    if not is_currency(currency):
        faults["currency"] = [_("Three capital letters, such as EUR.")]
    if not 0 <= minimum_minor <= MAX_MINOR:
        faults["minimum_minor"] = [_("Not negative.")]
    if buyer is not None and (buyer.pk == seller.pk or seller.pk not in buyer.path):
        faults["buyer"] = [_("A company below the seller.")]
    wrong = rules.tiers_fault(tiers) + _unknown(tiers)
    if wrong or not tiers:
        faults["tiers"] = [_("Each product begins with a price for 1 seat: %(codes)s") % {"codes": ", ".join(wrong)}]
    return faults


def _unknown(tiers: Tiers) -> list[str]:
    known = set(Product.objects.filter(code__in=tiers).values_list("code", flat=True))
    too_large = [code for code, found in tiers.items() if any(tier.price_minor > MAX_MINOR // 1000 for tier in found)]
    return sorted(set(tiers) - known) + too_large


def _prices_write(found: PriceList, tiers: Tiers) -> None:
    products = {one.code: one for one in Product.objects.filter(code__in=tiers)}
    found.prices.all().delete()
    Price.objects.bulk_create(
        Price(price_list=found, product=products[code], from_seats=tier.from_seats, price_minor=tier.price_minor)
        for code, several in tiers.items()
        for tier in several
    )


def _record(
    actor: Actor, action: str, subject: str, uid: str, company: Company, details: dict[str, str], now: datetime
) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type=subject,
        subject_id=uid,
        company_uid=company.uid,
        details=details,
        now=now,
    )
