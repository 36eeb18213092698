"""Inventory that psutil reads alike everywhere."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress

import psutil
from seatkeep_protocol.messages import Disk, NetworkCard

LOOPBACK_NAMES = ("lo", "loopback pseudo-interface 1")
MAX_SOFTWARE = 5000


def disks() -> list[Disk]:
    """Mounted disks that can be written to, each device once; images and discs are always full."""
    found: dict[str, Disk] = {}
    for partition in psutil.disk_partitions(all=False):
        if "ro" in partition.opts.split(","):
            continue
        with suppress(OSError):
            usage = psutil.disk_usage(partition.mountpoint)
            mount = partition.mountpoint.encode(errors="replace").decode()
            found.setdefault(partition.device, Disk(mount=mount, size_bytes=usage.total, free_bytes=usage.free))
    return list(found.values())[:256]


def network_cards() -> list[NetworkCard]:
    """Network cards without loopback."""
    cards = []
    for name, entries in sorted(psutil.net_if_addrs().items()):
        if name.lower() in LOOPBACK_NAMES:
            continue
        mac = next((entry.address for entry in entries if entry.family == psutil.AF_LINK), "")
        ips = [
            entry.address.partition("%")[0] for entry in entries if entry.family in (socket.AF_INET, socket.AF_INET6)
        ]
        cards.append(NetworkCard(name=name[:255], mac=mac.replace("-", ":").lower(), addresses=ips[:64]))
    return cards[:256]


def addresses() -> list[str]:
    """Addresses by which others can reach this machine."""
    ips = [ipaddress.ip_address(text) for card in network_cards() for text in card.addresses]
    return [str(ip) for ip in ips if not ip.is_loopback and not ip.is_link_local][:64]
