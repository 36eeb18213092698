"""Packages of the operating system: which command installs or removes one, and what its exit code means."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from seatkeep_protocol.tasks import PackageFormat

from seatkeep_machine.errors import SoftwareError

SECONDS = 1800
LAST_WORDS_CHARACTERS = 4000
RESTART_CODES = frozenset({3010, 1641})
"""Windows Installer: done, and the machine must start anew."""
ABSENT_CODES = frozenset({1605})
"""Windows Installer: there is no such product, so there is nothing to remove."""


class Outcome(NamedTuple):
    """What a package manager did.

    Attributes:
        needs_restart: It is complete only after a restart of the machine.
    """

    code: int
    output: str
    needs_restart: bool = False


def install_command(package: PackageFormat, file: Path) -> list[str]:
    """The command that installs a file, or replaces an older version by it.

    Raises:
        SoftwareError: Nothing here installs such packages.
    """
    if package is PackageFormat.MSI:
        return [_msiexec(), "/i", str(file), "/qn", "/norestart"]
    if package is PackageFormat.RPM:
        return _first(["dnf", "install", "-y", str(file)], ["rpm", "-U", str(file)])
    return _first(["apt-get", "install", "-y", "--no-install-recommends", str(file)], ["dpkg", "-i", str(file)])


def remove_command(package: PackageFormat, name: str) -> list[str]:
    """The command that removes a package by its name or product code; its configuration stays.

    Raises:
        SoftwareError: Nothing here removes such packages.
    """
    if package is PackageFormat.MSI:
        return [_msiexec(), "/x", name, "/qn", "/norestart"]
    if package is PackageFormat.RPM:
        return _first(["dnf", "remove", "-y", name], ["rpm", "-e", name])
    return _first(["apt-get", "remove", "-y", name], ["dpkg", "-r", name])


def software_run(command: list[str]) -> Outcome:
    """Run a command of a package manager and wait for its end. Blocks for minutes.

    Raises:
        SoftwareError: It failed, or did not end in time.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=SECONDS, env=environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SoftwareError(f"{command[0]} did not end within {SECONDS // 60} minutes") from error
    except OSError as error:
        raise SoftwareError(f"{command[0]}: {error.strerror or error}") from error
    return outcome(command, done.returncode, done.stdout.decode(errors="replace"))


def outcome(command: list[str], code: int, said: str) -> Outcome:
    """What an exit code means.

    Raises:
        SoftwareError: The package manager failed.
    """
    words = said.replace("\0", "").strip()[-LAST_WORDS_CHARACTERS:]
    is_msi = Path(command[0]).stem.lower() == "msiexec"
    if code == 0 or (is_msi and code in RESTART_CODES | ABSENT_CODES):
        return Outcome(code, words, needs_restart=is_msi and code in RESTART_CODES)
    last = words.splitlines()[-1] if words else ""
    raise SoftwareError(f"{Path(command[0]).name} ended with {code}: {last}"[:1000], code=code, output=words)


def _msiexec() -> str:
    program = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "msiexec.exe"
    if os.name != "nt":
        raise SoftwareError("MSI packages are for Windows")
    return str(program)


def _first(*commands: list[str]) -> list[str]:
    """The first command whose program is here."""
    for program, *arguments in commands:
        if found := shutil.which(program):
            return [found, *arguments]
    raise SoftwareError(f"there is no {' or '.join(command[0] for command in commands)} on this computer")
