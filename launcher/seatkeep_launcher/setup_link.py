"""The one-time link of the first run."""

from __future__ import annotations

import httpx

from seatkeep_launcher.plan import Installation


def setup_link(installation: Installation) -> str | None:
    """The address that opens the first-run wizard, or None when an owner exists already."""
    addresses, ports = installation.settings.addresses, installation.settings.ports
    page = f"/setup/?token={installation.home.secrets().setup_token}"
    try:
        answer = httpx.get(
            f"http://127.0.0.1:{ports.hub_web}{page}",
            headers={"Host": addresses.licensing_host}, timeout=10, trust_env=False,
        )  # fmt: skip
    except httpx.HTTPError:
        return None
    return f"{addresses.licensing_url}{page}" if answer.status_code < httpx.codes.BAD_REQUEST else None
