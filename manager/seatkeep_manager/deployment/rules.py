"""Pure parts of the installer script: filling the template without letting a value become code."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PEM_LINE = re.compile(r"^(-----(BEGIN|END) CERTIFICATE-----|[A-Za-z0-9+/=]+|)$")
_PLACE = re.compile(r"@@([A-Z0-9_]+)@@")


class CertificateTextError(ValueError):
    """The device CA is not a PEM file of certificates only."""


def script_fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into `'@@NAME@@'` places of a shell script.

    Each value stands inside single quotes there, so a quote in it is closed, escaped and opened again.

    Raises:
        KeyError: The template names a value that is not given.
    """
    return _PLACE.sub(lambda place: values[place[1]].replace("'", "'\\''"), template)


def ca_check(pem: str) -> str:
    """The certificates without anything around them, safe inside a quoted here-document.

    Raises:
        CertificateTextError: Another line than certificates is in it, such as a private key.
    """
    lines = [line.strip() for line in pem.strip().splitlines()]
    if not all(_PEM_LINE.match(line) for line in lines):
        raise CertificateTextError("SEATKEEP_DEVICE_CA must hold certificates and nothing else.")
    return "\n".join(lines)


def command_for(*, console_url: str, key: str) -> str:
    """What a person runs on a Linux computer; the key stands in no URL."""
    return f"curl -fsS {console_url.rstrip('/')}/install/linux.sh | SEATKEEP_KEY={key} sh"
