"""Price lists: what a seller charges from a month on, and when the days of the relation end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.day_clocks import Clock, Clocks, clocks_by_buyer, day_clock_set
from seatkeep_hub.billing import jobs, rules
from seatkeep_hub.billing.enums import Basis, PriceUnit, Proration, StatementState
from seatkeep_hub.billing.errors import DayClockUsedError, PriceListFieldError, PriceListUsedError
from seatkeep_hub.billing.journal import record
from seatkeep_hub.billing.models import Price, PriceList, Statement
from seatkeep_hub.billing.money import MAX_MINOR, is_currency
from seatkeep_hub.billing.rules import Tier
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.models import Product

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
    cut_off: time = time(),
    time_zone: str = "",
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
        cut_off: When a day ends, by the clock of the time zone.
        time_zone: IANA name; the seller's zone where empty.

    Raises:
        PriceListFieldError: A field is wrong; `fields` names it.
        PriceListUsedError: A closed statement was made with this list.
        DayClockFieldError: The cut-off or the time zone is wrong.
        DayClockUsedError: Days of a month that is closed would end at another time.
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
    is_moved = _clock_set(found, Clock(cut_off, time_zone))
    jobs.recount.defer(seller=seller.pk, first=valid_from_on.isoformat(), with_days=is_moved)
    details = {**fields, "valid_from": str(valid_from_on), "buyer": buyer.name if buyer else ""}
    record(actor, "price-list:set", "price_list", str(found.uid), seller, details, now)
    return found


def _clock_set(found: PriceList, wanted: Clock) -> bool:
    """Set when the days of the relation end; say whether that moves any day."""
    seller, buyer, first = found.seller, found.buyer, found.valid_from_on
    before = Clocks(seller, buyer).on(first)
    is_moved = before != wanted._replace(time_zone=wanted.time_zone or seller.time_zone)
    if is_moved and _closed_from(found).exists():
        raise DayClockUsedError
    day_clock_set(seller=seller, buyer=buyer, valid_from_on=first, **wanted._asdict())
    return is_moved


def _closed_from(found: PriceList) -> QuerySet[Statement]:
    """Closed statements whose days this list's clock rules."""
    own = [pk for pk in clocks_by_buyer(found.seller) if pk]
    whom = Q(buyer=found.buyer) if found.buyer else ~Q(buyer__in=own)
    closed = Statement.objects.filter(whom, seller=found.seller, state=StatementState.CLOSED)
    return closed.filter(month_on__gte=found.valid_from_on)


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
