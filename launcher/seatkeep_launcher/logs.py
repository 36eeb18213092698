"""Log files: one per process, kept small."""

from __future__ import annotations

import shutil
from pathlib import Path

LIMIT_BYTES = 10 * 1024 * 1024
KEPT = 3


def log_rotate(path: Path, *, limit_bytes: int = LIMIT_BYTES, kept: int = KEPT) -> bool:
    """Copy a log over `limit_bytes` to `<name>.1` and empty it; `.1` becomes `.2` and so on, the oldest goes.

    Processes append (O_APPEND) to the same file all the time, so it is emptied, not renamed; lines written between
    copying and emptying are lost, which a log can bear.

    Returns:
        Whether it was rotated.
    """
    if not path.exists() or path.stat().st_size <= limit_bytes:
        return False
    for number in range(kept - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    with path.open("r+b") as log:
        log.truncate(0)
    return True
