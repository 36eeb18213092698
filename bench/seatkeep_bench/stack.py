"""The running stack that a bench attaches to."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nats
from nats.aio.client import Client

from seatkeep_bench.errors import BenchError
from seatkeep_bench.web import tls_context

CONNECT_SECONDS = 30
"""A machine that has just started everything is slow to answer."""


@dataclass(frozen=True)
class Stack:
    """Addresses and the operator's own ways in; a bench measures through the devices' addresses.

    Attributes:
        console_url: The console's address for devices.
        licensing_url: The hub's address for devices.
        fast_url: The hub's fast path inside the machine, behind the front door.
        key: Deployment key of one customer.
        license_key: License key whose pool takes all devices of the bench.
        hub_database: For the floor of activations: the same server, a table of its own.
        manager_database: For the floor of reports: the same server, a table of its own.
        nats_url: The broker as the manager reaches it.
        nats_creds: Credentials file of the manager's user.
        ca_file: The own CA; None with public certificates.
    """

    console_url: str
    licensing_url: str
    fast_url: str
    key: str
    license_key: str
    hub_database: str
    manager_database: str
    nats_url: str
    nats_creds: Path
    ca_file: Path | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Stack:
        """Read the stack out of the variables of wire.md §2 and SEATKEEP_BENCH_KEY, _LICENSE_KEY and _FAST_URL.

        Raises:
            BenchError: A variable is missing; the message names all that are.
        """
        names = (
            "SEATKEEP_CONSOLE_DEVICE_URL",
            "SEATKEEP_LICENSING_DEVICE_URL",
            "SEATKEEP_BENCH_FAST_URL",
            "SEATKEEP_BENCH_KEY",
            "SEATKEEP_BENCH_LICENSE_KEY",
            "SEATKEEP_HUB_DATABASE_URL",
            "SEATKEEP_MANAGER_DATABASE_URL",
            "SEATKEEP_NATS_URL",
            "SEATKEEP_NATS_MANAGER_CREDS",
        )
        missing = [name for name in names if not environment.get(name)]
        if missing:
            raise BenchError(f"Missing: {', '.join(missing)}. The benches attach to a running stack.")
        console, licensing, fast, key, license_key, hub, manager, nats_url, creds = (
            environment[name] for name in names
        )
        ca = environment.get("SEATKEEP_NATS_CA") or environment.get("SEATKEEP_DEVICE_CA")
        return cls(
            console_url=console.rstrip("/"),
            licensing_url=licensing.rstrip("/"),
            fast_url=fast.rstrip("/"),
            key=key,
            license_key=license_key,
            hub_database=hub,
            manager_database=manager,
            nats_url=nats_url,
            nats_creds=Path(creds),
            ca_file=Path(ca) if ca else None,
        )

    def context(self) -> ssl.SSLContext:
        """Return the TLS trust of this stack."""
        return tls_context(self.ca_file)

    async def broker(self) -> Client:
        """Connect to the broker as the manager, to watch consumers and to measure floors."""
        is_tls = self.nats_url.startswith("tls:")
        return await nats.connect(
            self.nats_url,
            user_credentials=str(self.nats_creds),
            tls=self.context() if is_tls else None,
            tls_handshake_first=is_tls,
            name="seatkeep-bench",
            connect_timeout=CONNECT_SECONDS,
            allow_reconnect=False,  # Its own retrying hangs when a first TLS handshake takes too long.
        )
