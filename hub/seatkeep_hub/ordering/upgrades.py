"""Move a license up or down to another bundle of its category."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import agreement_close_locked
from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.licensing import pool, rules
from seatkeep_hub.licensing.enums import EntryKind, LicenseKind, NodeKind, SeatState
from seatkeep_hub.licensing.errors import QuantityTooLowError
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import Bundle, License, PoolNode, Seat
from seatkeep_hub.licensing.services import (
    change_check,
    credentials_follow,
    entry_append,
    quantity_check,
    record,
    units_agreed,
)
from seatkeep_hub.ordering import jobs
from seatkeep_hub.ordering.bulk import bulk_begin
from seatkeep_hub.ordering.enums import BulkKind
from seatkeep_hub.ordering.errors import ChangeUnavailableError, NotFullError
from seatkeep_hub.ordering.terms import terms_check


def bundle_changes(license: License, *, now: datetime) -> tuple[list[Bundle], list[Bundle]]:
    """Bundles to which a license can move up and down now, the nearest tier first.

    None for a trial, and for a license that is cancelled, over or frozen.
    """
    is_over = license.expires_at is not None and now >= license.expires_at
    if license.kind == LicenseKind.TRIAL or license.cancelled_at or license.frozen_at or is_over:
        return [], []
    found = _changes(license)
    ups = sorted((one for one in found if one.tier > license.bundle.tier), key=lambda one: (one.tier, one.name))
    downs = sorted((one for one in found if one.tier < license.bundle.tier), key=lambda one: (-one.tier, one.name))
    return ups, downs


def license_bundle_change(
    *,
    actor: Actor,
    license: License,
    bundle_code: str,
    quantity: int,
    now: datetime,
    note: str = "",
    user: User | None = None,
) -> License:
    """Upgrade or downgrade: at once, with a new number of seats.

    The license keeps its ids, key and history. Products in both bundles keep their seats and agreements; agreements of
    products that are not in the new one end, and their computers are stopped by a job (installed software is not
    swapped). The day of the change counts for the new bundle.

    Args:
        actor: Who does it; whether they may is the caller's look-up.
        license: A full license.
        bundle_code: Code of a bundle of the same category in another tier.
        quantity: Units from now on, at least what kept products use and what is promised of them.
        now: Current time, aware UTC.
        note: Why, for the ledger.
        user: The person who may look at the job's progress.

    Raises:
        NotFullError: It is a trial.
        LicenseStateError: It is cancelled, or changes are frozen.
        LicenseExpiredError: It is over.
        ChangeUnavailableError: There is no such bundle to move to, or it is not allowed here.
        TermsNotAcceptedError: The new bundle needs terms that were not accepted.
        QuantityTooLowError: More is in use or promised; `agreed` says how many units that needs.

    Source:
        domain/licensing.md, section 4.4.
    """
    quantity_check(quantity)
    with read_committed():
        locked, nodes = pool.license_lock(license)
        bundle = _bundle_of(locked, bundle_code, now)
        ratios = dict(bundle.lines.values_list("product_id", "ratio"))
        terms_check(locked.owner, list(ratios))
        dropped = [node for node in nodes if node.product_id not in ratios and node.closed_at is None]
        _dropped_close(actor, locked, nodes, dropped, now)
        former, before = locked.bundle, locked.quantity
        locked.bundle, locked.quantity = bundle, quantity
        _enough_check(locked, nodes, ratios)
        _change_write(locked, nodes, now)
        _change_note(locked, former, before, actor, note, now)
        _dropped_stop(actor, locked, dropped, user, now)
    return locked


def _bundle_of(locked: License, code: str, now: datetime) -> Bundle:
    """The bundle with this code, if the license can move to it."""
    if locked.kind == LicenseKind.TRIAL:
        raise NotFullError
    change_check(locked, now)
    found = next((one for one in _changes(locked) if one.code == code), None)
    if found is None:
        raise ChangeUnavailableError
    return found


def _change_write(license: License, nodes: list[PoolNode], now: datetime) -> None:
    """Save the license in its new bundle; its pool and credentials follow."""
    license.updated_at = now
    if license.grow_ceiling is not None:
        license.grow_ceiling = max(license.grow_ceiling, license.quantity)
    license.save(update_fields=["bundle", "quantity", "grow_ceiling", "updated_at"])
    pool.roots_follow(license, nodes, now)
    credentials_follow(license, now)


def _change_note(license: License, former: Bundle, before: int, actor: Actor, note: str, now: datetime) -> None:
    """Write the change to the license's ledger and the journal."""
    kind, told = _kind(former, license.bundle), f"{former.code} → {license.bundle.code}"
    entry_append(license, kind, quantity_before=before, actor=actor, now=now, note=f"{told}: {note}" if note else told)
    bundle, quantity = license.bundle.code, license.quantity
    record(license, actor, kind.value.lower(), now, {"bundle": bundle, "before": before, "quantity": quantity})


def _changes(license: License) -> list[Bundle]:
    above = Company.objects.filter(pk__in=license.owner.path)
    allowed = company_rules.allowed_codes(above.values_list("allowed_bundles", flat=True))
    found = Bundle.objects.filter(category=license.bundle.category, is_offered=True)
    others = found.exclude(pk=license.bundle_id).exclude(tier=license.bundle.tier)
    return [one for one in others if allowed is None or one.code in allowed]


def _kind(before: Bundle, after: Bundle) -> EntryKind:
    return EntryKind.UPGRADE if after.tier > before.tier else EntryKind.DOWNGRADE


def _enough_check(license: License, nodes: Collection[PoolNode], ratios: dict[int, Decimal]) -> None:
    roots = [node for node in nodes if node.kind == NodeKind.ROOT and node.product_id in ratios]
    in_use = max((rules.units_for(node.used, ratios[node.product_id]) for node in roots), default=0)
    needed = max(in_use, units_agreed(license))
    if license.quantity < needed:
        raise QuantityTooLowError(agreed=needed)


def _dropped_close(
    actor: Actor, license: License, nodes: list[PoolNode], dropped: Collection[PoolNode], now: datetime
) -> None:
    ids = [node.pk for node in dropped]
    for agreement in Agreement.objects.filter(node__in=ids, closed_at=None).order_by("id"):
        agreement_close_locked(actor=actor, agreement=agreement, nodes=nodes, now=now)
    PoolNode.objects.filter(pk__in=ids, closed_at=None).update(closed_at=now)
    pool.nodes_feed(ids, now)


def _dropped_stop(
    actor: Actor, license: License, dropped: Collection[PoolNode], user: User | None, now: datetime
) -> None:
    seats = Seat.objects.filter(node__in=[node.pk for node in dropped], state=SeatState.ACTIVE).order_by("id")
    uids = list(seats.values_list("uid", flat=True))
    if uids:
        run = bulk_begin(actor=actor, kind=BulkKind.SEATS_STOP, items=uids, user=user, company=license.owner, now=now)
        jobs.bulk.defer(uid=str(run.uid))
