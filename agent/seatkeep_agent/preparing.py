"""`seatkeep-agent prepare`: write down how to join, for a service that somebody else (an MSI, an image) starts."""

from __future__ import annotations

from pathlib import Path

from seatkeep_agent.config import Config, Pending, config_load
from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.identity import identity_load
from seatkeep_agent.joining import PENDING, config_save, copy_ca
from seatkeep_agent.paths import Layout
from seatkeep_agent.store import Store


def prepare(*, layout: Layout, console: str, key: str, ca: Path | None, has_endpoint: bool) -> bool:
    """Remember console and key, so that `run` joins by itself as soon as the console can be reached.

    Idempotent. What is not given stays as it is. A device that has enrolled stays that device: a key is not kept then,
    because nothing would use it.

    Args:
        layout: Where the agent lives.
        console: The console's address for devices; "" keeps the known one.
        key: Deployment key or install link token; "" keeps the known one.
        ca: The console's own certificate authority (PEM); None leaves what is there.
        has_endpoint: Whether an endpoint is part of this installation.

    Returns:
        True when the agent will ask to join; False when it is enrolled already.

    Raises:
        LocalFailureError: Neither given nor known: the console, or a key while the device is not enrolled.
    """
    known = config_load(layout)
    address = console.rstrip("/") or (known.console if known else "")
    if not address:
        raise LocalFailureError("the console's address is not known")
    copy_ca(ca, layout)
    is_joining = _key_keep(layout, key)
    config_save(layout, Config(console=address, has_endpoint=has_endpoint))
    return is_joining


def _key_keep(layout: Layout, key: str) -> bool:
    store = Store(layout.database)
    try:
        if identity_load(store) is not None:
            return False
        pending = Pending(key) if key else store.fact(PENDING, Pending)
        if pending is None or not pending.key:
            raise LocalFailureError("this device is not enrolled, and there is no key to join with")
        store.fact_set(PENDING, pending)
    finally:
        store.close()
    return True
