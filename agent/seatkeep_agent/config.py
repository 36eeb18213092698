"""What set-up wrote down for the agent."""

from __future__ import annotations

import msgspec

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
    updated_at_us: int = 0


def config_load(layout: Layout) -> Config | None:
    """The configuration; None before set-up."""
    try:
        return msgspec.json.decode(layout.config.read_bytes(), type=Config)
    except FileNotFoundError:
        return None
