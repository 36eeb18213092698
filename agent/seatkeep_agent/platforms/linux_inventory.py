"""Hardware and software of a Linux machine, from /sys, /proc, dpkg and rpm."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import shutil
import subprocess
from configparser import ConfigParser
from configparser import Error as IniError
from contextlib import suppress
from pathlib import Path

import psutil
from seatkeep_machine.linux import cpu_name, dmi
from seatkeep_protocol.messages import Hardware, Software

from seatkeep_agent.platforms.inventory import MAX_SOFTWARE, disks, network_cards

COMMAND_SECONDS = 30
SSSD = Path("/etc/sssd/sssd.conf")


def hardware() -> Hardware:
    """What the machine is made of; what only root may read stays empty."""
    return Hardware(
        manufacturer=dmi("sys_vendor"),
        model=dmi("product_name"),
        serial=dmi("product_serial"),
        cpu=cpu_name(),
        cpu_cores=psutil.cpu_count() or 0,
        ram_bytes=psutil.virtual_memory().total,
        disks=disks(),
        network=network_cards(),
    )


def domain() -> str:
    """The first domain that SSSD joins this machine to; "" without one, or for whoever may not read its settings."""
    settings = ConfigParser(interpolation=None, strict=False)
    with suppress(OSError, IniError, UnicodeDecodeError):
        settings.read(SSSD, encoding="utf-8")
        return settings.get("sssd", "domains", fallback="").partition(",")[0].strip()[:255]
    return ""


def software() -> list[Software]:
    """Installed packages of dpkg and rpm, by name, at most 5000."""
    found = [*packages_dpkg(), *packages_rpm()]
    return sorted(found, key=lambda package: package.name)[:MAX_SOFTWARE]


def packages_dpkg() -> list[Software]:
    """Packages of Debian and its kin."""
    lines = command_lines("dpkg-query", "-W", "-f", "${db:Status-Abbrev}\t${Package}\t${Version}\t${Maintainer}\n")
    return [to_software(*line.split("\t")[1:4]) for line in lines if line.startswith("ii") and line.count("\t") == 3]


def packages_rpm() -> list[Software]:
    """Packages of Red Hat, SUSE and their kin."""
    lines = command_lines("rpm", "-qa", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\t%{VENDOR}\n")
    return [to_software(*line.split("\t")) for line in lines if line.count("\t") == 2]


def to_software(name: str, version: str, vendor: str) -> Software:
    """A package, its maker without the mail address."""
    return Software(name=name[:255], version=version[:255], vendor=vendor.partition(" <")[0][:255])


def command_lines(*command: str) -> list[str]:
    """Lines that a program prints; none when it is absent, fails or takes too long."""
    if shutil.which(command[0]) is None:
        return []
    with suppress(subprocess.SubprocessError, OSError):
        done = subprocess.run(list(command), check=False, capture_output=True, timeout=COMMAND_SECONDS)
        return done.stdout.decode("utf-8", "replace").splitlines()
    return []
