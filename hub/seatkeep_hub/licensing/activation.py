"""From a proven activation request to a seat: the same script for Django and for the fast path.

What is proven, and by which of the ways (license key, credential set, ticket, or a lease of before a restore), the edge
has checked; here the license, the product and the customer's share are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from seatkeep_hub.licensing.book import Take
from seatkeep_hub.licensing.statements import Script, Statement
from seatkeep_hub.licensing.transaction import Answer, seats_script


class Device(NamedTuple):
    """What a device proved and tells about itself."""

    fingerprint: str
    key: bytes
    key_thumbprint: str
    name: str
    serial: str = ""
    os: str = ""
    agent_device: str = ""


class Wish(NamedTuple):
    """A device's wish for a seat of `product`. Exactly one of the four ways is set.

    Attributes:
        key_lookup: HMAC of the license key.
        username, secret_lookup: Credential set, the secret as HMAC.
        public_id: License named by a ticket that was verified.
        license_uid: License of an own lease, for a seat that a restored hub does not know.
        company: Customer that a ticket or lease names; None counts at the license's root.
        scope_company_id: Company of the instance that signed the ticket; the customer must be it or below it.
        issued_at: When the request (and its ticket) was made, whole seconds.
    """

    device: Device
    product: str
    issued_at: datetime
    jti: str
    key_lookup: bytes | None = None
    username: str | None = None
    secret_lookup: bytes | None = None
    public_id: str | None = None
    license_uid: UUID | None = None
    company: UUID | None = None
    scope_company_id: int | None = None
    seat_uid: UUID | None = None
    seq: int = 0
    epoch: int = 1


class Target(NamedTuple):
    """Columns of `targets_find.sql`."""

    number: int
    license_id: int
    owner_id: int
    product_id: int | None
    root_id: int | None
    company_id: int | None
    company_path: list[int] | None
    share_id: int | None


def activations_script(wishes: Sequence[Wish], *, actor: str, now: datetime) -> Script[list[Answer]]:
    """Give seats for a batch of wishes. Must run in a READ COMMITTED transaction of its own.

    Args:
        wishes: Proven wishes; first come first served.
        actor: Who is behind it, for the journal.
        now: Current time, aware UTC.
    """
    rows = yield Statement("targets_find", _columns(wishes))
    targets = {row[0]: Target(*row) for row in rows}
    decided = [_place(wish, targets.get(number)) for number, wish in enumerate(wishes)]
    takes = [one for one in decided if isinstance(one, Take)]
    taken = iter((yield from seats_script(takes, actor=actor, now=now)) if takes else [])
    return [next(taken) if isinstance(one, Take) else Answer(one) for one in decided]


def _columns(wishes: Sequence[Wish]) -> dict[str, object]:
    return {
        "numbers": list(range(len(wishes))),
        "keys": [one.key_lookup for one in wishes],
        "usernames": [one.username for one in wishes],
        "secrets": [one.secret_lookup for one in wishes],
        "public_ids": [one.public_id for one in wishes],
        "licenses": [one.license_uid for one in wishes],
        "products": [one.product for one in wishes],
        "companies": [one.company for one in wishes],
    }


def _place(wish: Wish, target: Target | None) -> Take | str:
    """The seat to ask for, or why there is none, as a code of the wire."""
    if target is None:
        return "license_unknown"
    if wish.scope_company_id is not None and wish.scope_company_id not in (target.company_path or []):
        return "ticket_invalid"
    if target.product_id is None or target.root_id is None:
        return "product_not_in_license"
    node_id = _node(wish, target)
    return "product_not_in_license" if node_id is None else _take(wish, target.license_id, target.product_id, node_id)


def _node(wish: Wish, target: Target) -> int | None:
    if wish.company is None or target.share_id is not None:
        return target.share_id or target.root_id
    return target.root_id if target.company_id == target.owner_id else None


def _take(wish: Wish, license_id: int, product_id: int, node_id: int) -> Take:
    device = wish.device
    return Take(
        license_id=license_id,
        product_id=product_id,
        node_id=node_id,
        is_node_explicit=wish.company is not None,
        fingerprint=device.fingerprint,
        device_key=device.key,
        key_thumbprint=device.key_thumbprint,
        device_name=device.name,
        serial=device.serial,
        os=device.os,
        agent_device=device.agent_device,
        issued_at=wish.issued_at,
        jti=wish.jti,
        seat_uid=wish.seat_uid,
        seq=wish.seq,
        epoch=wish.epoch,
    )
