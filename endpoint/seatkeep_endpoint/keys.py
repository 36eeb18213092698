"""The device's own key: made here, never leaves the machine."""

from __future__ import annotations

import os
from pathlib import Path

from seatkeep_license.keys import SigningKey


def device_key_load(path: Path) -> SigningKey:
    """The key in `path`, made (0600, synced) when there is none."""
    if not path.exists():
        staging = path.with_suffix(".new")
        staging.unlink(missing_ok=True)
        with open(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(SigningKey.generate().seed)
            file.flush()
            os.fsync(file.fileno())
        staging.rename(path)
    return SigningKey(path.read_bytes())
