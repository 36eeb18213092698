"""Trials: extend twice, convert all or a part to full, remove. They are ordered as every license is."""

from __future__ import annotations

from datetime import datetime

from seatkeep_webkit.actors import Actor

from seatkeep_hub.licensing import pool, rules
from seatkeep_hub.licensing.enums import EntryKind, LicenseKind
from seatkeep_hub.licensing.errors import (
    LicenseExpiredError,
    LicenseStateError,
    NotATrialError,
    QuantityTooLowError,
    TrialExtensionsError,
)
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, PoolNode
from seatkeep_hub.licensing.services import entry_append, quantity_check, record, units_agreed


def trial_extend(*, actor: Actor, license: License, now: datetime) -> License:
    """Let a trial run 30 days longer, counted from its present end; at most twice.

    Raises:
        NotATrialError: It is none.
        LicenseStateError: It is suspended or removed.
        LicenseExpiredError: It is over; convert it instead.
        TrialExtensionsError: It was extended twice.

    Source:
        domain/licensing.md, sections 4.5 and 6.
    """
    with read_committed():
        locked, _ = _trial_lock(license)
        if locked.suspended_at:
            raise LicenseStateError
        if locked.expires_at is None or now >= locked.expires_at:
            raise LicenseExpiredError
        if locked.trial_extensions >= rules.MAX_TRIAL_EXTENSIONS:
            raise TrialExtensionsError
        locked.trial_extensions += 1
        locked.expires_at, locked.updated_at = locked.expires_at + rules.TRIAL_PERIOD, now
        locked.save(update_fields=["trial_extensions", "expires_at", "updated_at"])
        note = f"{locked.trial_extensions} of {rules.MAX_TRIAL_EXTENSIONS}, until {locked.expires_at.date()}"
        entry_append(locked, EntryKind.EXTEND, quantity_before=locked.quantity, actor=actor, now=now, note=note)
        record(locked, actor, "trial_extend", now, {"extensions": locked.trial_extensions})
    return locked


def trial_convert(*, actor: Actor, license: License, quantity: int, now: datetime, note: str = "") -> License:
    """Make a trial, also one that is over, a full license without end, of all its seats or a part of them.

    It keeps its ids, key and computers. With fewer seats than computers nobody is cut off: the license shows that more
    is in use than ordered, unless its own rule refuses that.

    Args:
        actor: Who does it.
        license: The trial.
        quantity: Units of the full license, 1 to 1,000,000.
        now: Current time, aware UTC.
        note: Why, for the ledger.

    Raises:
        NotATrialError: It is none, or was converted already.
        LicenseStateError: It is suspended or removed.
        LicenseFieldError: The quantity is out of range.
        QuantityTooLowError: More is promised to customers.
    """
    quantity_check(quantity)
    with read_committed():
        locked, nodes = _trial_lock(license)
        if locked.suspended_at:
            raise LicenseStateError
        agreed = units_agreed(locked)
        if quantity < agreed:
            raise QuantityTooLowError(agreed=agreed)
        before, locked.quantity = locked.quantity, quantity
        is_msp = rules.may_own(locked.owner.kind, LicenseKind.MSP)
        locked.kind = LicenseKind.MSP if is_msp else LicenseKind.PREPAID
        locked.expires_at, locked.updated_at = None, now
        if locked.grow_ceiling is not None:
            locked.grow_ceiling = max(locked.grow_ceiling, quantity)
        locked.save(update_fields=["quantity", "kind", "expires_at", "grow_ceiling", "updated_at"])
        pool.roots_limit(locked, nodes)
        entry_append(locked, EntryKind.CONVERT, quantity_before=before, actor=actor, now=now, note=note)
        record(locked, actor, "trial_convert", now, {"before": before, "quantity": quantity})
    return locked


def trial_cancel(*, actor: Actor, license: License, now: datetime) -> License:
    """Remove a trial: nothing is given or renewed from it any more. Idempotent.

    Its agreements must be closed before, and its seats are given back after; `ordering.trials.trial_remove` does both.

    Raises:
        NotATrialError: It is none: a full license is suspended, never removed.
    """
    with read_committed():
        locked, nodes = pool.license_lock(license)
        if locked.kind != LicenseKind.TRIAL:
            raise NotATrialError
        if locked.cancelled_at:
            return locked
        locked.cancelled_at = locked.updated_at = now
        locked.save(update_fields=["cancelled_at", "updated_at"])
        pool.epochs_raise(nodes, now)
        entry_append(locked, EntryKind.CANCEL, quantity_before=locked.quantity, actor=actor, now=now)
        record(locked, actor, "trial_remove", now, {})
    return locked


def _trial_lock(license: License) -> tuple[License, list[PoolNode]]:
    locked, nodes = pool.license_lock(license)
    if locked.kind != LicenseKind.TRIAL:
        raise NotATrialError
    if locked.cancelled_at:
        raise LicenseStateError
    return locked, nodes
