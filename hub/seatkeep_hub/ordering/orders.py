"""Order several things in one transaction: bundles for an owner, or seats of several products for a customer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.batches import AgreementWish, agreements_set_many
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import Terms
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.enums import Lapse, LicenseKind, Overuse
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import BundleProduct, License
from seatkeep_hub.licensing.services import license_order
from seatkeep_hub.ordering.errors import OrderFieldError
from seatkeep_hub.ordering.terms import terms_accept, terms_check

MAX_LINES = 50


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One bundle of an order; the fields are those of `license_order`."""

    bundle_code: str
    quantity: int
    kind: LicenseKind | str = LicenseKind.MSP
    overuse: Overuse | str = Overuse.ALLOW_AND_ALERT
    grow_ceiling: int | None = None
    lapse: Lapse | str = Lapse.KEEP_PROTECTING
    lapse_days: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeatLine:
    """Seats of one product of one license for a customer: promised and billed."""

    license: License
    product_code: str
    terms: Terms


def licenses_order(
    *,
    actor: Actor,
    owner: Company,
    lines: Sequence[OrderLine],
    now: datetime,
    accepted_terms: Collection[UUID] = (),
) -> list[License]:
    """Order several bundles at once: all of them or none.

    Args:
        actor: Who orders; whether they may is the caller's look-up.
        owner: Owner of the licenses.
        lines: 1 to 50 bundles, each once per kind.
        now: Current time, aware UTC.
        accepted_terms: Ids of terms of use that are accepted with this order.

    Raises:
        OrderFieldError: No line, too many, or the same bundle twice.
        TermsNotAcceptedError: Terms of a product must be accepted first.
        And everything that `license_order` raises.
    """
    if not 1 <= len(lines) <= MAX_LINES:
        raise OrderFieldError(fields={"lines": [f"Between 1 and {MAX_LINES} products."]})
    if len({(line.bundle_code, str(line.kind)) for line in lines}) != len(lines):
        raise OrderFieldError(fields={"lines": ["Each product once."]})
    with read_committed():
        terms_accept(actor=actor, company=owner, terms_uids=accepted_terms, now=now)
        codes = [line.bundle_code for line in lines]
        products = BundleProduct.objects.filter(bundle__code__in=codes).values_list("product_id", flat=True)
        terms_check(owner, set(products))
        return [_order(actor, owner, line, now) for line in lines]


def seats_order(
    *, actor: Actor, company: Company, lines: Sequence[SeatLine], now: datetime, note: str = ""
) -> list[Agreement]:
    """Set several agreements of one customer at once: all or none; each shared license grows once.

    Args:
        actor: Who does it; whether they may is the caller's look-up.
        company: The customer.
        lines: 1 to 50, each product of a license once.
        now: Current time, aware UTC.
        note: Why, for the ledgers.

    Raises:
        OrderFieldError: No line, too many, or the same product twice.
        And everything that `agreement_set` raises.
    """
    if not 1 <= len(lines) <= MAX_LINES:
        raise OrderFieldError(fields={"lines": [f"Between 1 and {MAX_LINES} products."]})
    if len({(line.license.pk, line.product_code) for line in lines}) != len(lines):
        raise OrderFieldError(fields={"lines": ["Each product once."]})
    licenses = {line.license.pk: line.license for line in lines}
    with read_committed():
        made: list[Agreement] = []
        # Licenses in the order of their ids, as every transaction that locks several of them does.
        for pk in sorted(licenses):
            wishes = [AgreementWish(company, line.product_code, line.terms) for line in lines if line.license.pk == pk]
            made += agreements_set_many(actor=actor, license=licenses[pk], wishes=wishes, now=now, note=note)
    return made


def _order(actor: Actor, owner: Company, line: OrderLine, now: datetime) -> License:
    return license_order(
        actor=actor,
        owner=owner,
        bundle_code=line.bundle_code,
        kind=line.kind,
        quantity=line.quantity,
        overuse=line.overuse,
        grow_ceiling=line.grow_ceiling,
        lapse=line.lapse,
        lapse_days=line.lapse_days,
        expires_at=line.expires_at,
        now=now,
    )
