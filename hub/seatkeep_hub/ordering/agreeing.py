"""One agreement for many customers: what it would change, seen before it is done, and the doing of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements import rules
from seatkeep_hub.agreements.errors import AgreementFieldError
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import GROWING_KINDS, Terms, agreement_set
from seatkeep_hub.companies.enums import CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing import rules as licensing_rules
from seatkeep_hub.licensing.errors import LicenseStateError, ProductNotInLicenseError
from seatkeep_hub.licensing.models import BundleProduct, License

CHANGES, SAME = "change", "unchanged"


class Change(NamedTuple):
    """What would become of one customer.

    Attributes:
        company: Who.
        before: What is agreed now; None without an open agreement.
        used: Seats in use now.
        code: `change`, `unchanged`, or that of the refusal.
    """

    company: Company
    before: Terms | None
    used: int
    code: str


class Preview(NamedTuple):
    """What an agreement for many would do.

    Attributes:
        changes: One per customer, in the order asked.
        ordered: Units of the license now.
        needed: Units that it needs afterwards, at least `ordered`.
        can_grow: Whether the license may grow to that by itself; otherwise customers are refused when it is full.
    """

    changes: Sequence[Change]
    ordered: int
    needed: int
    can_grow: bool

    def count(self, code: str) -> int:
        """How many customers have this code."""
        return sum(one.code == code for one in self.changes)


def agreements_preview(*, license: License, product_code: str, companies: Sequence[Company], terms: Terms) -> Preview:
    """Say what the same agreement for many customers would change; nothing is written.

    Args:
        license: The license to share; visible to whoever asks.
        product_code: Code of one of its products.
        companies: Customers that whoever asks may change.
        terms: What is agreed with each.

    Raises:
        AgreementFieldError: A number is out of range; `fields` names it.
        ProductNotInLicenseError: The license does not hold the product.
        LicenseStateError: It is cancelled, or changes are frozen.
    """
    faults = rules.numbers_fault(
        mode=terms.mode, quantity=terms.quantity, warn_above=terms.warn_above, stop_above=terms.stop_above
    )
    if faults:
        raise AgreementFieldError(fields=faults)
    if license.cancelled_at or license.frozen_at:
        raise LicenseStateError
    line = BundleProduct.objects.filter(bundle=license.bundle_id, product__code=product_code).first()
    if line is None:
        raise ProductNotInLicenseError
    held = Agreement.objects.filter(license=license, product=line.product_id, closed_at=None).select_related("node")
    by_company = {one.company_id: one for one in held}
    changes = [_change(license, one, by_company.get(one.pk), terms) for one in companies]
    return Preview(changes, license.quantity, _needed(license, line, by_company, changes, terms),
                   license.kind in GROWING_KINDS)  # fmt: skip


def agreement_of_many_set(actor: Actor, company: Company, arguments: Mapping[str, Any], now: datetime) -> None:
    """Set the agreement of one of many customers, as a background job does it.

    Args:
        actor: Who acts.
        company: One customer.
        arguments: As `arguments_of` packed them.
        now: Current time, aware UTC.
    """
    license = License.objects.get(uid=UUID(arguments["license"]))
    agreement_set(
        actor=actor,
        license=license,
        product_code=arguments["product"],
        company=company,
        now=now,
        note=arguments.get("note", ""),
        **Terms(*arguments["terms"])._asdict(),
    )


def arguments_of(license: License, product_code: str, terms: Terms, note: str) -> dict[str, Any]:
    """What the job needs, as plain JSON."""
    return {"license": str(license.uid), "product": product_code, "terms": list(terms), "note": note}


def _change(license: License, company: Company, held: Agreement | None, terms: Terms) -> Change:
    before = _terms(held) if held else None
    used = held.node.used if held else 0
    if company.status in {CompanyStatus.SUSPENDED, CompanyStatus.REMOVED}:
        return Change(company, before, used, "agreement_company")
    if license.owner_id not in company.path:
        return Change(company, before, used, "node_owner")
    return Change(company, before, used, SAME if before == terms else CHANGES)


def _terms(held: Agreement) -> Terms:
    return Terms(held.mode, held.quantity, held.on_exceed, held.warn_above, held.stop_above)


def _needed(
    license: License, line: BundleProduct, held: Mapping[int, Agreement], changes: Sequence[Change], terms: Terms
) -> int:
    """Units that cover every promise of this product afterwards; those of other products are covered already."""
    changed = [one for one in changes if one.code == CHANGES]
    others = {one.company.pk for one in changed}
    promised = sum(one.quantity for pk, one in held.items() if pk not in others) + terms.quantity * len(changed)
    return max(license.quantity, licensing_rules.units_for(promised, line.ratio))
