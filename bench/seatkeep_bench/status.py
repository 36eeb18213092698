"""What a simulated device says of its endpoint. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from seatkeep_license.leases import Lease
from seatkeep_protocol.documents import LicenseAssignment
from seatkeep_protocol.messages import EndpointLicense, EndpointStatus
from seatkeep_protocol.protection import Capabilities, protection_status
from seatkeep_protocol.vocabulary import LicenseState

from seatkeep_bench.identity import Identity
from seatkeep_bench.web import AGENT_VERSION


class Held(NamedTuple):
    """What a device holds of a license.

    Attributes:
        lease: The last lease; None before.
        seat: Seat uid; None before.
        error: Code of the last refusal; None when there was none.
        has_seat: Whether it holds a lease.
    """

    lease: Lease | None
    seat: str | None
    error: str | None
    has_seat: bool


def endpoint_status(
    identity: Identity, held: Held, *, assignment: LicenseAssignment | None, settings: dict[str, Any], at: datetime
) -> EndpointStatus:
    """Return the endpoint's state at an instant. It carries test rules only, and says so."""
    state = LicenseState.ACTIVE if held.has_seat else LicenseState.NONE
    if held.error and not held.has_seat:
        state = LicenseState.REFUSED
    capabilities = Capabilities(
        is_running=True, scheduled=True, is_test_rules=True, signatures_at_us=int(at.timestamp() * 1_000_000)
    )
    protection = protection_status(capabilities, state, open_threats=0, now=at)
    return EndpointStatus(
        product=identity.persona.product,
        version=AGENT_VERSION,
        key_jkt=identity.endpoint_key.kid,
        engine="simulated",
        capabilities=capabilities,
        license=_license(held, state, assignment),
        protection=protection.status,
        reasons=list(protection.reasons),
        settings=settings,
    )


def _license(held: Held, state: LicenseState, assignment: LicenseAssignment | None) -> EndpointLicense:
    lease = held.lease
    return EndpointLicense(
        state=state,
        public_id=lease.license if lease else assignment.public_id if assignment else None,
        seat=held.seat,
        mode=lease.mode.value if lease else None,
        soft_expires_at_us=lease.soft * 1_000_000 if lease else None,
        hard_expires_at_us=lease.exp * 1_000_000 if lease else None,
        error=held.error,
    )
