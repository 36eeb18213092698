"""Makes the installer script of this console."""

from __future__ import annotations

from importlib.resources import files

from django.conf import settings
from django.utils.translation import gettext as _

from seatkeep_manager.deployment.kits import device_ca, linux_payload
from seatkeep_manager.deployment.payload import LINUX_PAYLOAD
from seatkeep_manager.deployment.rules import script_fill

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
        "CA_PEM": device_ca(),
    }
    return script_fill(_TEMPLATES.joinpath("linux.sh").read_text(), values)
