"""The device's own key: made here, never leaves the machine."""

from __future__ import annotations

from pathlib import Path

from seatkeep_license.keys import SigningKey
from seatkeep_machine.files import file_replace


def device_key_load(path: Path) -> SigningKey:
    """The key in `path`, made (0600, synced) when there is none."""
    if not path.exists():
        file_replace(path, SigningKey.generate().seed)
    return SigningKey(path.read_bytes())
