"""Pure decisions of the mirror: what a feed item means for a row, and in which state a customer is."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from seatkeep_manager.hublink.adapters.messages import CompanyItem, LicenseItem, NodeItem, SeatItem
from seatkeep_manager.hublink.enums import CustomerState, HubCompanyState

FULL_EVERY = timedelta(hours=24)
ASK_FROM = 10
DEVICE_KINDS = frozenset({"CUSTOMER", "BUSINESS"})


class Outcome(Enum):
    """What taking one item over did to the mirror."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    SAME = "same"


class ItemInvalidError(ValueError):
    """The item is well-formed but cannot be right; the message names the field."""


@dataclass(frozen=True)
class Status:
    """The sync tile: `word` is SYNCHRONIZED, RUNNING, DISCONNECTED or NOT_LINKED."""

    word: str
    done: int = 0
    expected: int = 0
    since: datetime | None = None
    reason: str = ""


def is_setup_token(given: str, *, expected: str) -> bool:
    """Whether this is the token of the one-time link; compared in constant time, never true when none is set."""
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode())


def customer_state(*, hub_state: str, set_up_at: datetime | None) -> CustomerState:
    """The state a technician sees: removed wins, then whether the customer was ever made ready.

    A customer that returns keeps `set_up_at`, so that it comes back as it was.
    """
    if hub_state == HubCompanyState.REMOVED:
        return CustomerState.UNLINKED
    return CustomerState.NORMAL if set_up_at else CustomerState.NOT_SET_UP


def company_values(item: CompanyItem) -> dict[str, object]:
    """Columns of a mirrored company.

    Raises:
        ItemInvalidError: The name is empty, the kind is missing or the state is unknown.
    """
    name = " ".join(item.name.split())
    if not name:
        raise ItemInvalidError("The company has no name.")
    if not item.company_kind:
        raise ItemInvalidError("The company has no kind.")
    if item.state not in HubCompanyState.values:
        raise ItemInvalidError(f"The company is in the unknown state {item.state!r}.")
    if item.parent_id == item.id:
        raise ItemInvalidError("The company is its own parent.")
    return {
        "parent_hub_id": item.parent_id,
        "kind": item.company_kind,
        "name": name,
        "hub_state": item.state,
        "custom_identifier": item.custom_identifier or "",
        "tags": sorted(set(item.tags)),
    }


def license_values(item: LicenseItem) -> dict[str, object]:
    """Columns of a mirrored license.

    Raises:
        ItemInvalidError: It has no public id or no state.
    """
    if not item.public_id or not item.state:
        raise ItemInvalidError("The license has no public id or no state.")
    products = [{"code": p.code, "name": p.name, "category": p.category, "limit": p.limit} for p in item.products]
    return {
        "public_id": item.public_id,
        "owner_hub_id": item.owner_id,
        "kind": item.license_kind,
        "state": item.state,
        "quantity": item.quantity,
        "overuse": item.overuse,
        "lapse": item.lapse,
        "expires_at": instant(item.expires_at_us),
        "bundle_code": item.bundle.code if item.bundle else "",
        "bundle_name": item.bundle.name if item.bundle else "",
        "products": products,
        "is_deleted": False,
    }


def node_values(item: NodeItem) -> dict[str, object]:
    """Columns of a customer's mirrored seats.

    Raises:
        ItemInvalidError: License, company or product is missing.
    """
    if item.license_id is None or item.company_id is None or not item.product:
        raise ItemInvalidError("The seats lack their license, customer or product.")
    agreement = item.agreement
    return {
        "license_hub_id": item.license_id,
        "company_hub_id": item.company_id,
        "product": item.product,
        "agreement_public_id": agreement.public_id if agreement else "",
        "agreement_mode": agreement.mode if agreement else "",
        "agreed": agreement.quantity if agreement else None,
        "warn_above": agreement.warn_above if agreement else None,
        "stop_above": agreement.stop_above if agreement else None,
        "used": item.used,
        "hard_limit": item.hard_limit,
        "is_suspended": item.suspended,
        "is_deleted": False,
    }


def seat_values(item: SeatItem) -> dict[str, object]:
    """Columns of a mirrored seat.

    Raises:
        ItemInvalidError: Company, product or key is missing.
    """
    if item.company_id is None or not item.product or not item.key_thumbprint:
        raise ItemInvalidError("The seat lacks its customer, product or key.")
    return {
        "license_public_id": item.license_public_id,
        "company_hub_id": item.company_id,
        "product": item.product,
        "key_thumbprint": item.key_thumbprint,
        "is_stopped": item.state == "DEACTIVATED",
        "ended_at": instant(item.ended_at_us),
        "is_deleted": False,
    }


def instant(microseconds: int | None) -> datetime | None:
    """Microseconds since 1970 as aware UTC.

    Raises:
        ItemInvalidError: Outside of the years a calendar knows.
    """
    if microseconds is None:
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise ItemInvalidError("The time of expiry is not a time.") from error


def is_full_due(*, last_full_at: datetime | None, now: datetime) -> bool:
    """Whether everything has to be read again: never done, or at least a day ago."""
    return last_full_at is None or now - last_full_at >= FULL_EVERY


def asks_before_removing(*, going: int, alive: int, allowed: int | None) -> bool:
    """Whether a person is asked before customers are marked as gone: at least 10 and more than a tenth of all.

    Args:
        going: How many a full read did not show.
        alive: How many there are.
        allowed: How many a person has agreed to; None: nobody was asked.
    """
    is_big = going >= ASK_FROM and going * 10 > alive
    return is_big and going > (allowed or 0)


def retry_delay(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: 1, 2, 4 … at most 60 seconds."""
    return timedelta(seconds=min(60, 2 ** max(0, min(failures - 1, 6))))
