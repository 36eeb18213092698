"""Writes of agreements: make, "Change seats", close, open again."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

from seatkeep_license import license_keys
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_hub.agreements import rules
from seatkeep_hub.agreements.enums import AgreementMode, OnExceed
from seatkeep_hub.agreements.errors import AgreementClosedError, AgreementCompanyError, AgreementFieldError
from seatkeep_hub.agreements.models import Agreement, AgreementEntry
from seatkeep_hub.companies.enums import CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing import pool
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.errors import LicenseStateError, ProductNotInLicenseError, QuantityTooLowError
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, PoolNode, Product
from seatkeep_hub.licensing.services import quantity_set, units_agreed

GROWING_KINDS = frozenset({LicenseKind.MSP})
"""Kinds of which more may be ordered by itself to cover what is promised; others were paid for a number."""


class Terms(NamedTuple):
    """What is agreed: numbers as `agreement_set` takes them."""

    mode: str
    quantity: int = 0
    on_exceed: str = OnExceed.FLAG.value
    warn_above: int | None = None
    stop_above: int | None = None


def agreement_set(
    *,
    actor: Actor,
    license: License,
    product_code: str,
    company: Company,
    mode: AgreementMode | str,
    now: datetime,
    quantity: int = 0,
    on_exceed: OnExceed | str = OnExceed.FLAG,
    warn_above: int | None = None,
    stop_above: int | None = None,
    note: str = "",
) -> Agreement:
    """Make or change a customer's agreement for one product: "Change seats".

    One transaction: agreement, the customer's share, and, when more is promised than ordered, the shared license's
    quantity with its ledger entry. The same numbers change nothing. A closed agreement opens again.

    Args:
        actor: Who does it; whether they may is the caller's look-up.
        license: The license to share.
        product_code: Code of one of its products.
        company: The license's owner, or a company below it.
        mode: FIXED promises and bills `quantity`; FLEXIBLE bills what is in use.
        now: Current time, aware UTC.
        quantity: Seats of a fixed agreement, 1 to 1,000,000; 0 for a flexible one.
        on_exceed: Whether one more device than fixed is refused.
        warn_above: Flexible: show a warning above so many.
        stop_above: Flexible: refuse above so many.
        note: Why, for the license's ledger.

    Raises:
        AgreementFieldError: A number is out of range; `fields` names it.
        AgreementCompanyError: The company is suspended or removed.
        NodeOwnerError: The company is not below the license's owner.
        ProductNotInLicenseError: The license does not hold the product.
        LicenseStateError: The license is cancelled, or changes are frozen.
        QuantityTooLowError: A prepaid or trial license has fewer seats than would be promised.
    """
    terms = Terms(str(mode), quantity, str(on_exceed), warn_above, stop_above)
    with read_committed():
        locked, nodes = pool.license_lock(license)
        agreement = agreement_write(
            locked, nodes, actor=actor, company=company, product_code=product_code, terms=terms, now=now, note=note
        )
        license_cover(locked, nodes, actor, now, note)
    return agreement


def agreement_write(
    license: License,
    nodes: list[PoolNode],
    *,
    actor: Actor,
    company: Company,
    product_code: str,
    terms: Terms,
    now: datetime,
    note: str = "",
) -> Agreement:
    """Write one agreement of a license that is locked with the nodes it needs; `license_cover` must follow.

    Raises:
        As `agreement_set`.
    """
    faults = rules.numbers_fault(
        mode=terms.mode, quantity=terms.quantity, warn_above=terms.warn_above, stop_above=terms.stop_above
    )
    if faults:
        raise AgreementFieldError(fields=faults)
    node = _share(license, product_code, company, now)
    agreement = Agreement.objects.filter(node=node).first() or _new(license, node, now)
    wanted = {**terms._asdict(), "closed_at": None}
    if agreement.pk and all(getattr(agreement, name) == value for name, value in wanted.items()):
        return agreement
    for name, value in wanted.items():
        setattr(agreement, name, value)
    agreement.updated_at = now
    agreement.save()
    _share_apply(agreement, nodes, now)
    _record(agreement, actor, "set", now, note)
    return agreement


def agreements_begin(*, actor: Actor, company: Company, now: datetime) -> list[Agreement]:
    """Let a new customer's computers take seats at once: a flexible agreement for each product of the shared license.

    Does nothing where a person has to choose: no MSP license above the customer is in use, or more than one is.
    Idempotent: agreements that exist stay as they are.

    Args:
        actor: Who does it; whether they may is the caller's look-up.
        company: The customer.
        now: Current time, aware UTC.

    Returns:
        What was made, by product.
    """
    shared = License.objects.filter(owner_id__in=company.path, kind=LicenseKind.MSP, cancelled_at=None, frozen_at=None)
    found = list(shared.select_related("bundle")[:2])
    if len(found) != 1 or Agreement.objects.filter(company=company).exists():
        return []
    codes = found[0].bundle.lines.order_by("product_id").values_list("product__code", flat=True)
    with read_committed():
        return [
            agreement_set(
                actor=actor, license=found[0], product_code=code, company=company, mode=AgreementMode.FLEXIBLE, now=now
            )
            for code in codes
        ]


def agreement_close(*, actor: Actor, agreement: Agreement, now: datetime) -> Agreement:
    """Close an agreement: its share takes no new devices; those that hold a seat keep it until it is released.

    Idempotent.
    """
    with read_committed():
        _, nodes = pool.license_lock(agreement.license)
        agreement_close_locked(actor=actor, agreement=agreement, nodes=nodes, now=now)
    return agreement


def agreement_close_locked(*, actor: Actor, agreement: Agreement, nodes: list[PoolNode], now: datetime) -> None:
    """Close one agreement whose license is locked with the nodes it needs. Idempotent."""
    agreement.refresh_from_db()
    if agreement.closed_at is not None:
        return
    agreement.closed_at = agreement.updated_at = now
    agreement.save(update_fields=["closed_at", "updated_at"])
    node = next(one for one in nodes if one.pk == agreement.node_id)
    pool.promise_set(node, nodes, 0)
    PoolNode.objects.filter(pk=node.pk).update(closed_at=now)
    pool.nodes_feed([node.pk], now)
    _record(agreement, actor, "close", now)


def agreement_reopen(*, actor: Actor, agreement: Agreement, now: datetime) -> Agreement:
    """Open a closed agreement with the numbers that it had. Idempotent.

    Raises:
        AgreementClosedError: It is gone from its license.
    """
    if agreement.closed_at is None:
        return agreement
    if agreement.license.cancelled_at is not None:
        raise AgreementClosedError
    return agreement_set(
        actor=actor,
        license=agreement.license,
        product_code=agreement.product.code,
        company=agreement.company,
        mode=agreement.mode,
        now=now,
        quantity=agreement.quantity,
        on_exceed=agreement.on_exceed,
        warn_above=agreement.warn_above,
        stop_above=agreement.stop_above,
        note="reopened",
    )


def _share(license: License, product_code: str, company: Company, now: datetime) -> PoolNode:
    if license.cancelled_at or license.frozen_at:
        raise LicenseStateError
    company = Company.objects.get(pk=company.pk)
    if company.status in {CompanyStatus.SUSPENDED, CompanyStatus.REMOVED}:
        raise AgreementCompanyError
    product = Product.objects.filter(code=product_code).first()
    if product is None:
        raise ProductNotInLicenseError
    return pool.customer_node(license=license, product=product, company=company, now=now)


def _new(license: License, node: PoolNode, now: datetime) -> Agreement:
    return Agreement(
        public_id=license_keys.public_id_generate(secrets.token_bytes(license_keys.PUBLIC_ID_RANDOM_BYTES)),
        company=node.company,
        license=license,
        product=node.product,
        node=node,
        created_at=now,
    )


def _share_apply(agreement: Agreement, nodes: list[PoolNode], now: datetime) -> None:
    share = rules.share_of(
        mode=agreement.mode,
        quantity=agreement.quantity,
        on_exceed=agreement.on_exceed,
        stop_above=agreement.stop_above,
    )
    node = next((one for one in nodes if one.pk == agreement.node_id), agreement.node)
    pool.promise_set(node, nodes, share.reserved)
    pool.limit_set(node, share.limit)
    pool.nodes_feed([node.pk], now)


def license_cover(license: License, nodes: list[PoolNode], actor: Actor, now: datetime, note: str) -> None:
    """Order what is promised beyond what is ordered."""
    agreed = units_agreed(license)
    if agreed <= license.quantity:
        return
    if license.kind not in GROWING_KINDS:
        raise QuantityTooLowError(agreed=agreed)
    quantity_set(license, nodes, quantity=agreed, actor=actor, now=now, note=note or "to cover agreements")


def _entry_append(agreement: Agreement, actor: Actor, now: datetime, note: str = "") -> None:
    """Write what holds from now on to the agreement's ledger; the caller holds the license's lock."""
    last = AgreementEntry.objects.filter(agreement=agreement).order_by("-number").first()
    AgreementEntry.objects.create(
        agreement=agreement,
        number=last.number + 1 if last else 1,
        mode=agreement.mode,
        quantity=agreement.quantity,
        is_closed=agreement.closed_at is not None,
        actor=actor.label[:200],
        note=note,
        at=now,
    )


def _record(agreement: Agreement, actor: Actor, verb: str, now: datetime, note: str = "") -> None:
    _entry_append(agreement, actor, now, note)
    audit_record(
        actor=actor,
        action=f"agreement:{verb}",
        subject_type="agreement",
        subject_id=str(agreement.uid),
        company_uid=agreement.company.uid,
        details={
            "public_id": agreement.public_id,
            "license": agreement.license.public_id,
            "product": agreement.product.code,
            "mode": agreement.mode,
            "quantity": agreement.quantity,
            "warn_above": agreement.warn_above,
            "stop_above": agreement.stop_above,
        },
        now=now,
    )
    outbox_append(topic=f"agreement.{verb}", payload={"v": 1, "agreement": str(agreement.uid)}, now=now)
