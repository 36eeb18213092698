"""Writes of agreements: make, "Change seats", close, open again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Max
from seatkeep_license import license_keys
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import Subject, audit_record_many
from seatkeep_webkit.outbox.services import outbox_append_many

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


_TERMS = [*Terms._fields, "closed_at", "updated_at"]


@dataclass(frozen=True, slots=True)
class AgreementWish:
    """One agreement to be made or changed."""

    company: Company
    product_code: str
    terms: Terms


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
    wish = AgreementWish(company, product_code, terms)
    return agreements_write(license, nodes, actor=actor, wishes=[wish], now=now, note=note)[0]


def agreements_write(
    license: License,
    nodes: list[PoolNode],
    *,
    actor: Actor,
    wishes: Sequence[AgreementWish],
    now: datetime,
    note: str = "",
) -> list[Agreement]:
    """Write agreements, as `agreement_write` one after the other, in a number of statements that does not grow.

    Args:
        license: Locked.
        nodes: The license's locked nodes: its roots, and those of the companies.
        actor: Who does it.
        wishes: At most one for each company and product.
        now: Current time, aware UTC.
        note: Why, for the ledger.

    Raises:
        As `agreement_set`; then none of them is written.
    """
    for wish in wishes:
        _numbers_check(wish.terms)
    shares = _shares(license, wishes, now)
    kept = Agreement.objects.filter(node__in=shares).select_related("company", "product")
    by_node = {one.node_id: one for one in kept}
    found = [by_node.get(node.pk) or _new(license, node, now) for node in shares]
    changed = [one for one, wish in zip(found, wishes, strict=True) if _terms_set(one, wish.terms, now)]
    new = [one for one in changed if one.pk is None]
    Agreement.objects.bulk_update([one for one in changed if one.pk is not None], _TERMS)
    Agreement.objects.bulk_create(new)
    _shares_apply(changed, [*nodes, *shares], now)
    _record(changed, license, actor, "set", now, note)
    return found


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
    _record([agreement], agreement.license, actor, "close", now)


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


def _numbers_check(terms: Terms) -> None:
    faults = rules.numbers_fault(
        mode=terms.mode, quantity=terms.quantity, warn_above=terms.warn_above, stop_above=terms.stop_above
    )
    if faults:
        raise AgreementFieldError(fields=faults)


def _shares(license: License, wishes: Sequence[AgreementWish], now: datetime) -> list[PoolNode]:
    if license.cancelled_at or license.frozen_at:
        raise LicenseStateError
    companies = Company.objects.defer("search").in_bulk([wish.company.pk for wish in wishes])
    if any(one.status in {CompanyStatus.SUSPENDED, CompanyStatus.REMOVED} for one in companies.values()):
        raise AgreementCompanyError
    products = {one.code: one for one in Product.objects.filter(code__in={wish.product_code for wish in wishes})}
    if any(wish.product_code not in products for wish in wishes):
        raise ProductNotInLicenseError
    wanted = [(products[wish.product_code], companies[wish.company.pk]) for wish in wishes]
    return pool.customer_nodes(license=license, wanted=wanted, now=now)


def _new(license: License, node: PoolNode, now: datetime) -> Agreement:
    return Agreement(
        public_id=license_keys.public_id_generate(secrets.token_bytes(license_keys.PUBLIC_ID_RANDOM_BYTES)),
        company=node.company,
        license=license,
        product=node.product,
        node=node,
        created_at=now,
    )


def _terms_set(agreement: Agreement, terms: Terms, now: datetime) -> bool:
    """Let an agreement say the terms, in memory; whether it said something else before."""
    wanted = {**terms._asdict(), "closed_at": None}
    if agreement.pk and all(getattr(agreement, name) == value for name, value in wanted.items()):
        return False
    for name, value in wanted.items():
        setattr(agreement, name, value)
    agreement.updated_at = now
    return True


def _shares_apply(agreements: Sequence[Agreement], nodes: Sequence[PoolNode], now: datetime) -> None:
    by_id = {one.pk: one for one in reversed(nodes)}  # Of two copies of a node the locked one, which comes first.
    promises, limits = [], []
    for one in agreements:
        share = rules.share_of(mode=one.mode, quantity=one.quantity, on_exceed=one.on_exceed, stop_above=one.stop_above)
        promises.append((by_id[one.node_id], share.reserved))
        limits.append((by_id[one.node_id], share.limit))
    pool.promises_set(promises, list(by_id.values()))
    pool.limits_set(limits)
    pool.nodes_feed([one.node_id for one in agreements], now)


def license_cover(license: License, nodes: list[PoolNode], actor: Actor, now: datetime, note: str) -> None:
    """Order what is promised beyond what is ordered."""
    agreed = units_agreed(license)
    if agreed <= license.quantity:
        return
    if license.kind not in GROWING_KINDS:
        raise QuantityTooLowError(agreed=agreed)
    quantity_set(license, nodes, quantity=agreed, actor=actor, now=now, note=note or "to cover agreements")


def _entries_append(agreements: Sequence[Agreement], actor: Actor, now: datetime, note: str) -> None:
    """Write what holds from now on to the agreements' ledgers; the caller holds the license's lock."""
    entries = AgreementEntry.objects.filter(agreement__in=agreements).order_by()
    last = dict(entries.values_list("agreement_id").annotate(last=Max("number")))
    AgreementEntry.objects.bulk_create(
        AgreementEntry(
            agreement=one,
            number=last.get(one.pk, 0) + 1,
            mode=one.mode,
            quantity=one.quantity,
            is_closed=one.closed_at is not None,
            actor=actor.label[:200],
            note=note,
            at=now,
        )
        for one in agreements
    )


def _record(
    agreements: Sequence[Agreement], license: License, actor: Actor, verb: str, now: datetime, note: str = ""
) -> None:
    if not agreements:
        return
    _entries_append(agreements, actor, now, note)
    audit_record_many(
        actor=actor,
        action=f"agreement:{verb}",
        subject_type="agreement",
        subjects=[Subject(str(one.uid), one.company.uid, _details(one, license)) for one in agreements],
        now=now,
    )
    payloads = [{"v": 1, "agreement": str(one.uid)} for one in agreements]
    outbox_append_many(topic=f"agreement.{verb}", payloads=payloads, now=now)


def _details(agreement: Agreement, license: License) -> dict[str, str | int | bool | None]:
    return {
        "public_id": agreement.public_id,
        "license": license.public_id,
        "product": agreement.product.code,
        "mode": agreement.mode,
        "quantity": agreement.quantity,
        "warn_above": agreement.warn_above,
        "stop_above": agreement.stop_above,
    }
