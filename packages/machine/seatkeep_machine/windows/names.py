"""The name servers that Windows asks, by its registry."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import winreg
from contextlib import suppress

INTERFACES = r"SYSTEM\CurrentControlSet\Services\{}\Parameters\Interfaces"


def name_servers() -> list[str]:
    """Those of every network card, set by hand or by DHCP."""
    found: list[str] = []
    for family in ("Tcpip", "Tcpip6"):
        with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, INTERFACES.format(family)) as cards:
            for number in range(winreg.QueryInfoKey(cards)[0]):
                found += _of(cards, winreg.EnumKey(cards, number))
    return found


def _of(cards: winreg.HKEYType, card: str) -> list[str]:
    found: list[str] = []
    with suppress(OSError), winreg.OpenKey(cards, card) as key:
        for name in ("NameServer", "DhcpNameServer"):
            with suppress(OSError):
                found += str(winreg.QueryValueEx(key, name)[0]).replace(",", " ").split()
    return found
