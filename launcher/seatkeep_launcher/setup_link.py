"""The one-time links of the first run: to make the owner's account, and to link the console."""

from __future__ import annotations

import httpx

from seatkeep_launcher.plan import Installation


def setup_link(installation: Installation) -> str | None:
    """The address that opens the first-run wizard, or None when an owner exists already."""
    addresses, port = installation.settings.addresses, installation.settings.ports.hub_web
    page = f"/setup/?token={installation.home.secrets().setup_token}"
    is_open = _status(port, page, addresses.licensing_host) in (httpx.codes.OK, httpx.codes.FOUND)
    return f"{addresses.licensing_url}{page}" if is_open else None


def console_link(installation: Installation) -> str | None:
    """The address that opens the page which links the console, or None when it is linked already.

    In one-MSP use nobody needs it: the wizard behind `setup_link` links the console by itself.
    """
    addresses, port = installation.settings.addresses, installation.settings.ports.manager_web
    if _status(port, "/connect/", addresses.console_host) != httpx.codes.OK:
        return None
    return f"{addresses.console_url}/connect/?token={installation.home.secrets().setup_token}"


def _status(port: int, page: str, host: str) -> int:
    """What a page answers on loopback, asked under its public host name; 0 when nothing answers."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}{page}", headers={"Host": host}, timeout=10, trust_env=False)
    except httpx.HTTPError:
        return 0
    return answer.status_code
