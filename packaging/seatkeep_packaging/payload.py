"""The folder that a package installs, and the digest that names its content."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from seatkeep_packaging.editions import ROOT, Edition
from seatkeep_packaging.runtime import Pins
from seatkeep_packaging.wheels import trim, wheels_install

# One instant for every file, because a cabinet stores it: two builds are to have the same bytes.
FILE_TIME = 1_767_225_600
LIBRARIES = Path("Lib") / "site-packages"
# Where Python looks, and nowhere else. No `import site`: it would bring in each user's own packages.
SEARCHED = (".", r"Lib\site-packages", r"Lib\site-packages\win32", r"Lib\site-packages\win32\lib")
# -B: nothing is written beside the program, so nothing is left there after removal.
COMMAND = '@"%~dp0python.exe" -B -m {module} %*\r\n'


def payload_build(edition: Edition, pins: Pins, runtime: Path, folder: Path) -> None:
    """Put together what an edition installs.

    Args:
        edition: Which one.
        pins: What the runtime consists of.
        runtime: The checked runtime.
        folder: Made anew.
    """
    wheels_install(edition.lock, pins, folder / LIBRARIES)
    for package in edition.packages:
        shutil.copytree(package, folder / LIBRARIES / package.name)
    trim(folder / LIBRARIES)
    for library in (folder / LIBRARIES / "pywin32_system32").glob("*.dll"):
        library.rename(folder / library.name)  # Where Windows looks for a program's libraries first.
    for name in pins.files:
        shutil.copyfile(runtime / name, folder / name)
    (folder / "LICENSE.txt").rename(folder / "LICENSE-Python.txt")
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE.txt")
    (folder / f"python{pins.tag}._pth").write_text(isolation(pins), newline="\r\n")
    for program in ("seatkeep-agent", *(("seatkeep-endpoint",) if edition.has_endpoint else ())):
        command = COMMAND.format(module=program.replace("-", "_"))
        (folder / f"{program}.cmd").write_bytes(command.encode())


def isolation(pins: Pins) -> str:
    """Python's path file: only this folder counts; no environment variable, registry key or user's folder does."""
    return "\n".join((f"python{pins.tag}.zip", *SEARCHED, ""))


def times_settle(folder: Path) -> None:
    """Give every file the same time."""
    for path in folder.rglob("*"):
        os.utime(path, (FILE_TIME, FILE_TIME))


def payload_files(folder: Path) -> list[Path]:
    """Every file, relative to the folder, in one fixed order."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(found, key=lambda path: path.as_posix().lower())


def payload_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file by its path."""
    return {path.as_posix(): hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in payload_files(folder)}


def payload_digest(digests: dict[str, str]) -> str:
    """One SHA-256 for all of it."""
    lines = "".join(f"{digest}  {path}\n" for path, digest in digests.items())
    return hashlib.sha256(lines.encode()).hexdigest()
