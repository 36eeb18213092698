"""The libraries of the package: wheels for Windows by a lock with hashes, without what no program needs."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path

from seatkeep_packaging.runtime import Pins
from seatkeep_packaging.tools import run

PLATFORM = "x86_64-pc-windows-msvc"
# nkeys is published as source only; it is pure Python.
FROM_SOURCE = "nkeys"
UNUSED = (
    "bin", "Scripts", "__pycache__", "tests", "*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.c", "*.h", "*.hash", "py.typed",
    "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "top_level.txt", "*.chm", "*.lib", ".lock", "*.pth",
    # time zones by name: schedules are in the machine's own local time
    "tzdata", "tzdata-*.dist-info",
    # pywin32 beyond the API modules
    "pythonwin", "Demos", "demos", "win32com", "win32comext", "adodbapi", "isapi", "pythoncom.py", "mfc*.dll",
)  # fmt: skip


def wheels_install(lock: Path, pins: Pins, folder: Path) -> None:
    """Put the wheels of a lock into `folder` as Windows would have them.

    Raises:
        PackagingError: One is missing, or its hash is not that of the lock.
    """
    shutil.rmtree(folder, ignore_errors=True)
    run(
        "uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--target", folder,
        "--python-platform", PLATFORM, "--python-version", pins.python,
        "--only-binary", ":all:", "--no-binary", FROM_SOURCE, "-r", lock,
    )  # fmt: skip
    trim(folder)


def trim(folder: Path) -> None:
    """Remove what is only for people who build or test the libraries; licenses and metadata stay."""
    for path in sorted(folder.rglob("*"), key=lambda found: len(found.parts)):
        if path.exists() and any(fnmatch(path.name, pattern) for pattern in UNUSED):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
