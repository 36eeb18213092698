"""Pure decisions of licensing: states, limits and the arithmetic of the pool tree.

What becomes of each seat request is in `seating.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from seatkeep_hub.companies.enums import CompanyKind
from seatkeep_hub.licensing.enums import EntryKind, LicenseKind

UNDO_PERIOD = timedelta(hours=24)
"""How long "stop protecting" can be taken back."""

CLOSE_TO_OVERUSE = Decimal("0.9")
CLOSE_TO_EXPIRY = timedelta(days=14)
MAX_SEATS_AT_ONCE = 200
TRIAL_PERIOD = timedelta(days=30)
"""Length of a trial, and of each time that it is extended (domain/licensing.md, section 6)."""

MAX_TRIAL_EXTENSIONS = 2
MAX_NAME_LENGTH = 200


_MSPS = frozenset({CompanyKind.MSP_MANAGER, CompanyKind.MSP, CompanyKind.MANAGED_MSP})
OWNERS: Mapping[str, frozenset[CompanyKind]] = {
    LicenseKind.MSP: _MSPS,
    LicenseKind.TRIAL: _MSPS | {CompanyKind.BUSINESS},
    LicenseKind.PREPAID: _MSPS | {CompanyKind.BUSINESS},
    LicenseKind.NFR: _MSPS | {CompanyKind.DISTRIBUTOR},
}
"""Who owns a license of which kind. Never a CUSTOMER: it shares its MSP's by an agreement, so that one seat count
serves all customers. (In the reference each customer owns its licenses, and there is no shared pool.)"""
OWNER_KINDS = frozenset[CompanyKind]().union(*OWNERS.values())
"""Companies that can own any license, and so have Security Admins and a console."""


def may_own(company_kind: str, license_kind: str) -> bool:
    """Whether a company of a kind may own a license of a kind."""
    return company_kind in OWNERS[license_kind]


def ordered_of(quantity: int, ratio: Decimal) -> int:
    """Seats of one product that `quantity` ordered units give (rounded down)."""
    return int(quantity * ratio)


def units_for(seats: int, ratio: Decimal) -> int:
    """Least number of units that give at least `seats` of one product."""
    return math.ceil(seats / ratio)


def root_limit(*, overuse: str, quantity: int, ceiling: int | None, ratio: Decimal) -> int | None:
    """The limit of a license's root node: quantity under BLOCK, ceiling under AUTO_GROW, none under ALLOW_AND_ALERT."""
    if overuse == "BLOCK":
        return ordered_of(quantity, ratio)
    return ordered_of(ceiling or quantity, ratio) if overuse == "AUTO_GROW" else None


def effective_limit(wanted: int | None, used: int) -> int | None:
    """The hard limit to store when the wanted one changes: seats in use are never cut off."""
    return None if wanted is None else max(wanted, used)


def license_state(
    *,
    is_cancelled: bool,
    is_suspended: bool,
    expires_at: datetime | None,
    usage: Sequence[tuple[int, int]],
    now: datetime,
    is_trial: bool = False,
) -> str:
    """The one state of a license. First that applies wins; `selectors.with_state` says the same in SQL.

    CANCELLED, SUSPENDED (in any way), TRIAL_EXPIRED or EXPIRED (`now` at or after `expires_at`), ERROR (more in use
    than ordered), WARNING (at least 90 % in use of a product, or less than 14 days left), OK.

    Args:
        is_cancelled: It was cancelled for good.
        is_suspended: Billing, changes or protection are stopped or will be.
        expires_at: When it ends; None for never.
        usage: (used, ordered) of each product.
        now: Current time, aware UTC.
        is_trial: It is a trial.

    Source:
        domain/licensing.md, sections 1.3 and 8.
    """
    if is_cancelled or is_suspended:
        return "CANCELLED" if is_cancelled else "SUSPENDED"
    if expires_at is not None and now >= expires_at:
        return "TRIAL_EXPIRED" if is_trial else "EXPIRED"
    if any(used > ordered for used, ordered in usage):
        return "ERROR"
    is_close = any(ordered and used >= ordered * CLOSE_TO_OVERUSE for used, ordered in usage)
    is_ending = expires_at is not None and expires_at - now < CLOSE_TO_EXPIRY
    return "WARNING" if is_close or is_ending else "OK"


class Pause(NamedTuple):
    """In which ways a license is suspended; the three are independent.

    Attributes:
        stops_billing: Nothing counts as ordered from the next day on.
        freezes_changes: No other number of seats, no agreement, no new computer; those that have a seat keep it.
        protection_stops_at: From then on no license on a computer is renewed; None for never.
    """

    stops_billing: bool = False
    freezes_changes: bool = False
    protection_stops_at: datetime | None = None

    def is_stopped(self, now: datetime) -> bool:
        """Whether protection is stopped at `now`."""
        return self.protection_stops_at is not None and now >= self.protection_stops_at


NO_PAUSE = Pause()


def pause_entries(before: Pause, after: Pause, *, was_stopped: bool, now: datetime) -> list[EntryKind]:
    """Lines that the ledger gets when a suspension changes at `now`."""
    changes = [
        (before.stops_billing, after.stops_billing, EntryKind.SUSPEND, EntryKind.UNSUSPEND),
        (before.freezes_changes, after.freezes_changes, EntryKind.FREEZE, EntryKind.UNFREEZE),
        (was_stopped, after.is_stopped(now), EntryKind.STOP, EntryKind.RESUME),
    ]
    return [on if is_on else off for was_on, is_on, on, off in changes if was_on != is_on]


def lease_mode(kind: str, *, used: int, ordered: int) -> str:
    """Mode of a lease: TRIAL of a trial, OVERUSE while more is in use than ordered, else NORMAL."""
    if kind == "TRIAL":
        return "TRIAL"
    return "OVERUSE" if used > ordered else "NORMAL"


def seat_name_fault(name: str) -> str | None:
    """Say what is wrong with a seat's name, or None. Empty means: show the device's own name."""
    if len(name) > MAX_NAME_LENGTH:
        return f"At most {MAX_NAME_LENGTH} characters."
    return None if name.isprintable() else "The name holds characters that cannot be shown."


@dataclass(slots=True)
class Node:
    """Working copy of a locked pool node.

    Attributes:
        path: Ids from the root down to itself.
        reserved: Promised to it by an agreement.
        used: Seats taken at it and below.
        outstanding: Promised to its children and not taken yet.
        limit: `hard_limit`; None is none.
        is_closed: It takes no new seats any more.
        company: Its customer's uid.
    """

    id: int
    uid: UUID
    license_id: int
    product_id: int
    path: list[int]
    kind: str
    reserved: int
    used: int
    outstanding: int
    limit: int | None
    is_suspended: bool
    is_closed: bool
    epoch: int
    company: UUID
    used_before: int = 0
    outstanding_before: int = 0

    def __post_init__(self) -> None:
        self.used_before, self.outstanding_before = self.used, self.outstanding

    @property
    def demand(self) -> int:
        """What its parent must hold ready for it: what it uses and owes below, at least what it was promised."""
        return max(self.used + self.outstanding, self.reserved)

    @property
    def is_changed(self) -> bool:
        """Whether the counters differ from what was read."""
        return (self.used, self.outstanding) != (self.used_before, self.outstanding_before)


def has_room(path: Sequence[Node]) -> bool:
    """Whether one more seat fits at `path[0]` and at every node above it.

    A seat that its node was promised adds nothing to what the nodes above must hold ready, so it fits even where
    others were promised more than there is; nothing passes a hard limit.
    """
    gain = 1
    for node in path:
        if node.limit is not None:
            load = node.used + node.outstanding + gain
            if node.used >= node.limit or (gain and load > node.limit):
                return False
        gain = max(node.used + node.outstanding + gain, node.reserved) - node.demand
    return True


def shift(path: Sequence[Node], delta: int) -> None:
    """Count a seat in (+1) or out (-1) at `path[0]` and every node above, keeping promises in step."""
    gain = delta
    for node in path:
        before = node.demand
        node.used += delta
        node.outstanding += gain - delta
        gain = node.demand - before


def promise(path: Sequence[Node], reserved: int) -> None:
    """Set what `path[0]` is promised and let the nodes above hold it ready."""
    before = path[0].demand
    path[0].reserved = reserved
    gain = path[0].demand - before
    for node in path[1:]:
        before = node.demand
        node.outstanding += gain
        gain = node.demand - before
