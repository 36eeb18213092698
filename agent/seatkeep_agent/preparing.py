"""`seatkeep-agent prepare`: write down how to join, for a service that somebody else (an MSI, an image) starts."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from seatkeep_agent.config import Config, Pending, config_load
from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.identity import identity_load
from seatkeep_agent.joining import PENDING, config_save, copy_ca
from seatkeep_agent.paths import Layout
from seatkeep_agent.store import Store

NO_PROXY = "none"


def prepare(
    *, layout: Layout, console: str, key: str, ca: Path | None, has_endpoint: bool, group: str = "", proxy: str = ""
) -> bool:
    """Remember console and key, so that `run` joins by itself as soon as the console can be reached.

    Idempotent. What is not given stays as it is. A device that has enrolled stays that device: a key is not kept then,
    because nothing would use it.

    Args:
        layout: Where the agent lives.
        console: The console's address for devices; "" keeps the known one.
        key: Deployment key or install link token; "" keeps the known one.
        ca: The console's own certificate authority (PEM); None leaves what is there.
        has_endpoint: Whether an endpoint is part of this installation.
        group: Where a new device would like to stand, names from the customer's group down; counts with a key only.
        proxy: `http://host:port`; "" keeps the known one, "none" forgets it.

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
    is_joining = _key_keep(layout, key, group)
    way = proxy_kept(proxy, known.proxy if known else "")
    config_save(layout, Config(console=address, has_endpoint=has_endpoint, proxy=way))
    return is_joining


def proxy_kept(given: str, known: str) -> str:
    """The proxy to keep: what is given, nothing for "none", else what is known.

    Raises:
        LocalFailureError: It is no address of a proxy, or has a password, which everybody could read.
    """
    if given in ("", NO_PROXY):
        return "" if given else known
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.password is not None:
        raise LocalFailureError("the proxy must be an address like http://proxy.example.com:3128, without a password")
    return given


def _key_keep(layout: Layout, key: str, group: str) -> bool:
    store = Store(layout.database)
    try:
        if identity_load(store) is not None:
            return False
        pending = Pending(key, group=group) if key else store.fact(PENDING, Pending)
        if pending is None or not pending.key:
            raise LocalFailureError("this device is not enrolled, and there is no key to join with")
        store.fact_set(PENDING, pending)
    finally:
        store.close()
    return True
