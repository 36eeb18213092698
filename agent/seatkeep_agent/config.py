"""What set-up wrote down for the agent."""

from __future__ import annotations

from typing import Any

import msgspec
from seatkeep_protocol.messages import EndpointStatus, IsolationState

from seatkeep_agent.paths import Layout


class Config(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Settings of this installation.

    Attributes:
        console: The console's address for devices.
        has_endpoint: False = agent only.
        proxy: The proxy for HTTPS and for the broker, `http://host:port`; "" for that of the environment, if any.
        retired: Why the agent does not start any more, "" while it does.
    """

    console: str
    has_endpoint: bool = True
    proxy: str = ""
    retired: str = ""


class Pending(msgspec.Struct, frozen=True):
    """An enrollment that waits for a person's approval (0600, gone afterwards).

    Attributes:
        key: Needed to ask again.
        group: Where the new device would like to stand, "" for where its key says.
    """

    key: str
    install_id: str = ""
    group: str = ""


class StatusFile(msgspec.Struct, kw_only=True):
    """The agent's own view, for `status`, for set-up and for whoever stands before the machine."""

    device: str = ""
    company: str = ""
    is_connected: bool = False
    last_error: str = ""
    license: str = "NONE"
    license_error: str = ""
    protection: str = "NOT_PROTECTED"
    reasons: list[str] = []
    spool_waiting: int = 0
    applied: dict[str, int] = {}
    refused_documents: dict[str, str] = {}
    isolated_until_us: int = 0
    isolated_by: str = ""
    isolated_reason: str = ""
    updated_at_us: int = 0


def protection_view(status: EndpointStatus | None) -> dict[str, Any]:
    """What the status says of license and protection, as fields of `StatusFile`."""
    if status is None:
        return {"reasons": ["NO_ENDPOINT"]}
    return {
        "license": status.license.state.value, "license_error": status.license.error or "",
        "protection": status.protection.value, "reasons": [reason.value for reason in status.reasons],
    }  # fmt: skip


def isolation_view(state: IsolationState | None) -> dict[str, Any]:
    """How the machine is cut off the network, as fields of `StatusFile`."""
    if state is None:
        return {}
    return {
        "isolated_until_us": state.until_us, "isolated_by": state.by, "isolated_reason": state.reason,
    }  # fmt: skip


def config_load(layout: Layout) -> Config | None:
    """The configuration; None before set-up."""
    try:
        return msgspec.json.decode(layout.config.read_bytes(), type=Config)
    except FileNotFoundError:
        return None
