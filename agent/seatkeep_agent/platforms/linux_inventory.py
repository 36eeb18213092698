"""Hardware and software of a Linux machine, from /sys, /proc, dpkg and rpm."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
from seatkeep_protocol.fingerprint import Component
from seatkeep_protocol.messages import Disk, Hardware, NetworkCard, Software

DMI = Path("/sys/class/dmi/id")
COMMAND_SECONDS = 30
MAX_SOFTWARE = 5000
PLACEHOLDERS = frozenset({"none", "default string", "to be filled by o.e.m.", "not specified", "system serial number"})


def read(path: Path) -> str:
    """The stripped text of a file, "" when it cannot be read."""
    with suppress(OSError):
        return path.read_text(errors="replace").strip()
    return ""


def dmi(name: str) -> str:
    """A field that the maker filled in, "" for makers' placeholders."""
    value = read(DMI / name)[:255]
    return "" if value.lower() in PLACEHOLDERS else value


def fingerprint_components() -> dict[str, str]:
    """Raw identity of this machine by component."""
    found = {
        Component.MACHINE_ID: read(Path("/etc/machine-id")) or read(Path("/var/lib/dbus/machine-id")),
        Component.SYSTEM_UUID: dmi("product_uuid"),
        Component.BOARD_SERIAL: dmi("board_serial"),
        Component.DISK_SERIAL: first_disk_serial(),
        Component.MAC: first_physical_mac(),
        Component.CPU: cpu_name(),
    }
    return {name.value: value for name, value in found.items() if value}


def first_disk_serial() -> str:
    """Serial number of the first disk that has one."""
    for disk in sorted(Path("/sys/block").glob("*")):
        if serial := read(disk / "device" / "serial") or read(disk / "serial"):
            return serial
    return ""


def first_physical_mac() -> str:
    """Address of the first network card with a device behind it."""
    for device in sorted(Path("/sys/class/net").glob("*/device")):
        if mac := read(device.parent / "address"):
            return mac
    return ""


def cpu_name() -> str:
    """Model name of the first processor."""
    for line in read(Path("/proc/cpuinfo")).splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()[:255]
    return ""


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


def disks() -> list[Disk]:
    """Mounted disks, each device once."""
    found: dict[str, Disk] = {}
    for partition in psutil.disk_partitions(all=False):
        with suppress(OSError):
            usage = psutil.disk_usage(partition.mountpoint)
            mount = partition.mountpoint.encode(errors="replace").decode()
            found.setdefault(partition.device, Disk(mount=mount, size_bytes=usage.total, free_bytes=usage.free))
    return list(found.values())[:256]


def network_cards() -> list[NetworkCard]:
    """Network cards without loopback."""
    cards = []
    for name, entries in sorted(psutil.net_if_addrs().items()):
        if name == "lo":
            continue
        mac = next((entry.address for entry in entries if entry.family == psutil.AF_LINK), "")
        ips = [
            entry.address.partition("%")[0] for entry in entries if entry.family in (socket.AF_INET, socket.AF_INET6)
        ]
        cards.append(NetworkCard(name=name, mac=mac, addresses=ips[:64]))
    return cards[:256]


def addresses() -> list[str]:
    """Addresses by which others can reach this machine."""
    ips = [ipaddress.ip_address(text) for card in network_cards() for text in card.addresses]
    return [str(ip) for ip in ips if not ip.is_loopback and not ip.is_link_local][:64]


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
