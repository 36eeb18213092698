"""The words of the seat transaction: requests, and the book of what it has locked and read.

What becomes of each request is decided in `seating.py`. Nothing here does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from seatkeep_hub.licensing.rules import Node, ordered_of, units_for


class Terms(NamedTuple):
    """What a license says about one of its products."""

    license_id: int
    product_id: int
    license_uid: UUID
    public_id: str
    product: str
    kind: str
    quantity: int
    ratio: Decimal
    overuse: str
    lapse: str
    lapse_days: int
    expires_at: datetime | None
    is_frozen: bool
    protection_stops_at: datetime | None
    is_cancelled: bool


@dataclass(slots=True)
class SeatRow:
    """Working copy of a seat; `id` is 0 until it is written."""

    id: int
    uid: UUID
    license_id: int
    product_id: int
    node_id: int
    fingerprint: str
    device_key: bytes
    key_thumbprint: str
    state: str
    seq: int
    epoch: int
    device_name: str
    serial: str
    os: str
    agent_device: str
    last_jti: str
    activated_at: datetime
    decided_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    is_dirty: bool = False

    @property
    def key(self) -> SeatKey:
        """What makes it unique."""
        return SeatKey(self.license_id, self.product_id, self.fingerprint)


class SeatKey(NamedTuple):
    """A device holds at most one seat of a product of a license."""

    license_id: int
    product_id: int
    fingerprint: str


class Take(NamedTuple):
    """A proven wish for a seat.

    Attributes:
        node_id: Where it will count.
        is_node_explicit: The request names the customer (a ticket), so a seat held elsewhere moves here.
        issued_at: When the device made the request, whole seconds; a ticket's own time when that is earlier.
        jti: Id of the request.
        seat_uid, seq: Of the lease from which a restored hub recreates the seat; None and 0 otherwise.
    """

    license_id: int
    product_id: int
    node_id: int
    is_node_explicit: bool
    fingerprint: str
    device_key: bytes
    key_thumbprint: str
    device_name: str
    serial: str
    os: str
    agent_device: str
    issued_at: datetime
    jti: str
    seat_uid: UUID | None = None
    seq: int = 0
    epoch: int = 1

    @property
    def key(self) -> SeatKey:
        """The seat it is about."""
        return SeatKey(self.license_id, self.product_id, self.fingerprint)


@dataclass(frozen=True, slots=True)
class Release:
    """A device gives its seat back; `key_thumbprint` is of the key that signed, `issued_at` in whole seconds."""

    seat_uid: UUID
    key_thumbprint: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Deactivate:
    """A person stops protection of a computer."""

    seat_uid: UUID


@dataclass(frozen=True, slots=True)
class Resume:
    """A person takes "stop protecting" back."""

    seat_uid: UUID


@dataclass(frozen=True, slots=True)
class Move:
    """A person lets a computer count at another node of the same license and product."""

    seat_uid: UUID
    node_id: int


Operation = Take | Release | Deactivate | Resume | Move


@dataclass(slots=True)
class Outcome:
    """What became of one request.

    Attributes:
        code: `new`, `held`, `released`, `unchanged`, `deactivated`, `resumed`, `moved`, or a refusal code of the wire.
        seat: The seat, where there is one.
    """

    code: str
    seat: SeatRow | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the wish was not met."""
        return self.code not in ACCEPTED


ACCEPTED = frozenset({"new", "held", "released", "unchanged", "deactivated", "resumed", "moved"})


class Event(NamedTuple):
    """One line of the seats' journal."""

    seat: SeatRow
    node_id: int
    kind: str
    delta: int
    detail: str = ""


@dataclass(slots=True)
class Book:
    """Everything that one batch decides on, and what it decided; `by_uid` finds a seat by its uid."""

    nodes: dict[int, Node]
    terms: dict[tuple[int, int], Terms]
    seats: dict[SeatKey, SeatRow]
    events: list[Event] = field(default_factory=list)
    refused: list[Take] = field(default_factory=list)
    by_uid: dict[UUID, SeatRow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_uid = {seat.uid: seat for seat in self.seats.values()}

    def path(self, node_id: int) -> list[Node]:
        """Nodes from `node_id` up to the root; all of them are locked."""
        return [self.nodes[one] for one in reversed(self.nodes[node_id].path)]

    def ordered(self, key: tuple[int, int]) -> int:
        """Ordered seats of one product of one license."""
        terms = self.terms[key]
        return ordered_of(terms.quantity, terms.ratio)

    def root_used(self, node_id: int) -> int:
        """Seats in use of the whole license's product."""
        return self.path(node_id)[-1].used

    def growths(self) -> dict[int, int]:
        """New quantity of each AUTO_GROW license of which more is in use than ordered."""
        wanted: dict[int, int] = {}
        for node in self.nodes.values():
            terms = self.terms.get((node.license_id, node.product_id))
            if terms is None or node.kind != "ROOT" or terms.overuse != "AUTO_GROW":
                continue
            if node.used > ordered_of(terms.quantity, terms.ratio):
                units = units_for(node.used, terms.ratio)
                wanted[node.license_id] = max(units, wanted.get(node.license_id, 0))
        return wanted
