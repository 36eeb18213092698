"""Makes the installer script of this console."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from seatkeep_manager.deployment.payload import LINUX_PAYLOAD, Payload, payload_find
from seatkeep_manager.deployment.rules import ca_check, script_fill

_TEMPLATES = files(__package__).joinpath("templates/deployment")


def linux_script() -> str:
    """The installer script; without a payload one that says so and fails, for it is piped into a shell."""
    payload = linux_payload()
    if payload is None:
        return script_fill(
            _TEMPLATES.joinpath("unavailable.sh").read_text(),
            {"REASON": _("This console has no installer yet; its operator runs: make bundle.")},
        )
    values = {
        "CONSOLE": settings.CONSOLE_DEVICE_URL.rstrip("/"),
        "PAYLOAD_PATH": f"/install/{LINUX_PAYLOAD}",
        "PAYLOAD_SHA256": payload.sha256,
        "PAYLOAD_BYTES": str(payload.size_bytes),
        "CA_PEM": _device_ca(),
    }
    return script_fill(_TEMPLATES.joinpath("linux.sh").read_text(), values)


def linux_payload() -> Payload | None:
    """The payload that the script downloads, if `make bundle` has made one."""
    return payload_find(Path(settings.BUNDLE_DIR) if settings.BUNDLE_DIR else None)


def _device_ca() -> str:
    """The own CA that devices have to trust; empty with public certificates."""
    path = settings.DEVICE_CA
    return ca_check(Path(path).read_text()) if path else ""
