"""The price of a seat, for those who may see prices."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from seatkeep_hub.billing.figures import price_list_for
from seatkeep_hub.billing.models import Price
from seatkeep_hub.billing.money import price_text
from seatkeep_hub.billing.rules import Tier, month_of, price_of
from seatkeep_hub.companies.enums import CompanyKind, Right
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, may
from seatkeep_hub.licensing.models import Product


def seat_price_words(viewer: Viewer, *, buyer: Company, product: Product, seats: int, now: datetime) -> str:
    """What a seat of a product costs this buyer today, at a number of seats; empty where the viewer sees no prices.

    A price belongs to its seller, the company above the buyer: whoever may see prices there is told.
    """
    seller = _seller(buyer)
    if seller is None or not may(viewer, seller, Right.PRICES):
        return ""
    prices = price_list_for(seller, buyer, month_of(now.date()))
    if prices is None:
        return _("No price is set.")
    tiers = [Tier(one.from_seats, one.price_minor) for one in Price.objects.filter(price_list=prices, product=product)]
    price = price_of(tiers, seats)
    if price is None:
        return _("No price is set.")
    words = {"price": price_text(price, prices.currency), "unit": prices.get_unit_display().lower()}
    return _("%(price)s per %(unit)s at this number.") % words


def _seller(buyer: Company) -> Company | None:
    above = buyer.parent
    return above.parent if above is not None and above.kind == CompanyKind.DIVISION else above
