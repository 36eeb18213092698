"""The installer's payload as it lies in the bundle folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LINUX_PAYLOAD = "agent-linux-x86_64.tar.gz"


@dataclass(frozen=True)
class Payload:
    """A file to download: where it lies, its size in bytes and its SHA-256 in hex."""

    path: Path
    size_bytes: int
    sha256: str


def payload_find(folder: Path | None, name: str = LINUX_PAYLOAD) -> Payload | None:
    """The payload in the bundle folder, or None when there is none yet."""
    if folder is None or not (path := folder / name).is_file():
        return None
    stat = path.stat()
    return Payload(path, stat.st_size, _sha256(path, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=8)
def _sha256(path: Path, changed_ns: int, size_bytes: int) -> str:
    """Digest of a file; remembered as long as its time and size stay."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
