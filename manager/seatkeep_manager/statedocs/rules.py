"""Pure: how documents are put together, when they count as changed, when a ticket is due."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from seatkeep_protocol.documents import (
    Addresses,
    ChainLink,
    DeviceDocument,
    DocumentTask,
    GroupDocument,
    KeysDocument,
    LicenseAssignment,
    RetireOrder,
    audience_of_company,
    audience_of_device,
    audience_of_instance,
)
from seatkeep_protocol.membership import DynamicNode
from seatkeep_protocol.policy import ChainNode, Policy
from seatkeep_protocol.subjects import KEYS_KEY, device_key, group_key
from seatkeep_protocol.triggers import GroupTask
from seatkeep_protocol.vocabulary import LicenseState

RETIRE_ORDER_LIFE = timedelta(days=180)
TICKET_LIFE = timedelta(days=30)
TICKET_RENEW_BEFORE = timedelta(days=1)
REFUSED_FOR_NOW = ("no_seat_left", "license_suspended", "company_suspended")
"""What a device may be refused for and get later without anybody touching it (wire.md, section 4)."""

PRODUCT_OF_KIND = {"WORKSTATION": "endpoint-workstation", "SERVER": "endpoint-server"}
"""Which product a kind of device activates; mobile devices hold their seats another way."""

SEAT_RELEASED = "seat_released"
"""The hub's answer to a device whose seat a person took back."""

Content = KeysDocument | GroupDocument | DeviceDocument


@dataclass(frozen=True)
class DeviceFacts:
    """Everything that a device document says, gathered from all systems."""

    uid: UUID
    name: str
    company: str
    group: UUID
    group_version: int
    restore_id: UUID
    policies: tuple[Policy, ...]
    tasks: tuple[DocumentTask, ...]
    license: LicenseAssignment | None
    retired_at: datetime | None
    addresses: Addresses
    is_endpoint_kept: bool = False
    """When it is retired, only the agent goes; the endpoint stays, without a license."""


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return int(instant.timestamp() * 1_000_000)


def keys_document(*, instance: str, state_keys: Iterable[dict[str, str]]) -> KeysDocument:
    """The document by which agents learn which keys sign all others."""
    return KeysDocument(
        instance=instance,
        key=KEYS_KEY,
        audience=audience_of_instance(instance),
        version=1,
        issued_at_us=0,
        state_keys=list(state_keys),
    )


def group_document(
    *,
    instance: str,
    company: str,
    group: str,
    nodes: Iterable[ChainNode],
    dynamic: dict[str, tuple[DynamicNode, ...]],
    tasks: tuple[GroupTask, ...] = (),
) -> GroupDocument:
    """The document of a static group: the chain from All down to it, the dynamic groups on it, policies and tasks."""
    return GroupDocument(
        instance=instance,
        key=group_key(company, group),
        audience=audience_of_company(company),
        version=1,
        issued_at_us=0,
        group=group,
        nodes=tuple(nodes),
        dynamic=dynamic,
        tasks=tasks,
    )


def device_document(*, instance: str, facts: DeviceFacts) -> DeviceDocument:
    """The document of one device; a retired one gets the order to leave and nothing else to do."""
    is_retired = facts.retired_at is not None
    return DeviceDocument(
        instance=instance,
        key=device_key(facts.uid.hex),
        audience=audience_of_device(facts.uid.hex),
        version=1,
        issued_at_us=0,
        device=facts.uid.hex,
        name=facts.name,
        company=facts.company,
        group=facts.group.hex,
        restore_id=facts.restore_id.hex,
        chain=(ChainLink(key=group_key(facts.company, facts.group.hex), min_version=max(1, facts.group_version)),),
        policies=() if is_retired else facts.policies,
        tasks=() if is_retired else facts.tasks,
        license=None if is_retired else facts.license,
        retire=_retire_order(facts),
        addresses=facts.addresses,
    )


def _retire_order(facts: DeviceFacts) -> RetireOrder | None:
    """The same retirement always gives the same order, so that rendering it again changes nothing."""
    if facts.retired_at is None:
        return None
    digest = hashlib.sha256(facts.uid.bytes + str(micros(facts.retired_at)).encode()).digest()
    return RetireOrder(
        order=UUID(bytes=digest[:16]),
        issued_at_us=micros(facts.retired_at),
        valid_until_us=micros(facts.retired_at + RETIRE_ORDER_LIFE),
        is_removing_endpoint=not facts.is_endpoint_kept,
    )


def content_digest(document: Content) -> bytes:
    """SHA-256 of what a document says, without what changes at every signing: version, issue, floors of other keys."""
    plain = msgspec.structs.replace(document, version=1, issued_at_us=0)
    if isinstance(plain, DeviceDocument):
        floors = tuple(ChainLink(key=link.key, min_version=1) for link in plain.chain)
        plain = msgspec.structs.replace(plain, chain=floors)
    return hashlib.sha256(msgspec.msgpack.encode(plain)).digest()


def is_ticket_due(
    *,
    endpoint_thumbprint: str,
    ticket_thumbprint: str,
    ticket_expires_at: datetime | None,
    license_state: LicenseState,
    is_right_license: bool,
    is_stopped: bool,
    now: datetime,
) -> bool:
    """Whether a device needs a new activation ticket.

    It does once its endpoint's key is known and it holds no seat of the assigned license, unless a ticket for that key
    is still good for more than a day. Never while it is stopped: a new ticket would take the seat again and so undo
    what a person decided in the hub.
    """
    if (
        not endpoint_thumbprint
        or is_stopped
        or holds_seat(license_state=license_state, is_right_license=is_right_license)
    ):
        return False
    is_bound = ticket_thumbprint == endpoint_thumbprint
    is_fresh = ticket_expires_at is not None and now < ticket_expires_at - TICKET_RENEW_BEFORE
    return not (is_bound and is_fresh)


def is_stop_newer(*, is_stopped: bool, ended_at: datetime | None, assigned_at: datetime) -> bool:
    """Whether a person's stop in the hub counts: a license that was assigned after it is the newer decision."""
    return is_stopped and (ended_at is None or ended_at > assigned_at)


def is_release_told(*, refusal: str, told_at: datetime | None, assigned_at: datetime) -> bool:
    """Whether a device was told by the hub that its seat was taken back, since the license was assigned to it.

    The hub's feed says the same and may be later; a ticket made in between would take the seat again.
    """
    return refusal == SEAT_RELEASED and told_at is not None and told_at > assigned_at


def holds_seat(*, license_state: LicenseState, is_right_license: bool) -> bool:
    """Whether a device says that it holds a seat of the license it was assigned."""
    return is_right_license and license_state in (LicenseState.ACTIVE, LicenseState.SOFT_EXPIRED)


def seats_free(
    *,
    license_state: str,
    is_blocking: bool,
    is_suspended: bool,
    license_room: tuple[int | None, int],
    customer_room: tuple[int | None, int],
) -> int | None:
    """How many more devices of a customer would get a seat now; None is any number.

    Args:
        license_state: The license's state as the hub tells it.
        is_blocking: Whether the license refuses what was not ordered.
        is_suspended: Whether the customer's seats are suspended.
        license_room: Limit (None is none) and use of the whole license for the product.
        customer_room: The same of the customer alone.
    """
    if is_suspended or license_state in {"SUSPENDED", "EXPIRED", "CANCELLED"}:
        return 0
    rooms = [customer_room, license_room] if is_blocking else [customer_room]
    free = [max(0, limit - used) for limit, used in rooms if limit is not None]
    return min(free, default=None)
