"""Writing files that must be whole and private."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, content: str | bytes) -> None:
    """Write a secret file (0600) so that a reader sees the old or the new content, never a part."""
    write_whole(path, content, mode=0o600)


def write_whole(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Write a file with the given mode and put it in place by a rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    staging.rename(path)
