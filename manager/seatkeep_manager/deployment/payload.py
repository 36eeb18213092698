"""The installers' payloads as they lie in the bundle folder: the archive for Linux, the packages for Windows."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

LINUX_PAYLOAD = "agent-linux-x86_64.tar.gz"
VERSION_FILE = "agent-linux-x86_64.version"
PACKAGE_NAME = r"seatkeep-(?:agent|endpoint)-[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,5}-x64\.msi"
"""Pattern of a Windows package's file name."""


class Edition(StrEnum):
    """What a Windows package installs."""

    ENDPOINT = "endpoint"
    AGENT = "agent"


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


def agent_newest(folder: Path | None) -> tuple[int, ...] | None:
    """The newest version of the agent that this console hands out; None where it hands out none.

    The archive for Linux tells its version in a file beside it, a package for Windows in its name.
    """
    found = [_numbers(package.version) for package in packages_find(folder).values()]
    beside = folder / VERSION_FILE if folder is not None else None
    if beside is not None and beside.is_file():
        found.append(_numbers(beside.read_text(errors="replace")[:100]))
    return max((one for one in found if one), default=None)


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}", version.strip())
    return tuple(int(part) for part in match[0].split(".")) if match else ()


@dataclass(frozen=True)
class Package:
    """A Windows package: its file, and its version as Windows Installer compares it."""

    edition: Edition
    version: str
    payload: Payload

    @property
    def name(self) -> str:
        """Its file name, which is also the last part of its address."""
        return self.payload.path.name


def packages_find(folder: Path | None) -> dict[Edition, Package]:
    """The newest Windows package of each edition in the bundle folder; none where `make packages` has not run."""
    newest: dict[Edition, tuple[tuple[int, ...], Path]] = {}
    for path in sorted(folder.glob("seatkeep-*.msi")) if folder is not None else ():
        if re.fullmatch(PACKAGE_NAME, path.name):
            code, numbers = path.name.split("-")[1:3]
            edition, version = Edition(code), tuple(int(part) for part in numbers.split("."))
            newest[edition] = max(newest.get(edition, (version, path)), (version, path))
    return {edition: _package(edition, *one) for edition, one in newest.items()}


def _package(edition: Edition, version: tuple[int, ...], path: Path) -> Package:
    stat = path.stat()
    payload = Payload(path, stat.st_size, _sha256(path, stat.st_mtime_ns, stat.st_size))
    return Package(edition, ".".join(str(part) for part in version), payload)


@lru_cache(maxsize=8)
def _sha256(path: Path, changed_ns: int, size_bytes: int) -> str:
    """Digest of a file; remembered as long as its time and size stay."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
