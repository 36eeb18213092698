"""Files that are replaced whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

PATIENCE_SECONDS = 2.0
LOOK_SECONDS = 0.02


def file_replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file so that a reader sees the old or the new content, never half, also after a power cut.

    Args:
        path: The file; its folder exists.
        content: All of it.
        mode: Rights of the file where files have such; elsewhere the folder's rights hold.
    """
    staging = path.with_name(f".{path.name}.new")
    staging.unlink(missing_ok=True)
    with open(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    rename_over(staging, path)


def rename_over(source: Path, target: Path) -> None:
    """Rename over what is there. Windows refuses that while a reader has the target open, so it is tried for 2 s.

    Raises:
        PermissionError: Not allowed, or held open all the time.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            os.replace(source, target)
        except PermissionError:
            if os.name != "nt" or time.monotonic() > deadline:
                raise
            time.sleep(LOOK_SECONDS)
        else:
            return
