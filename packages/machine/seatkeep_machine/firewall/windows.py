"""Windows: rules of Windows Defender Firewall that block everything but what stays open.

A block there wins over every permission, so nothing that programs have opened for themselves stays open. Nobody has
run this on a Windows yet: what is asked of it is tested, what it answers is not.
"""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from seatkeep_machine.errors import FirewallError
from seatkeep_machine.files import file_replace
from seatkeep_machine.firewall.base import DNS_PORT, Address, Network, Openings

GROUP = "Seatkeep isolation"
OPTIONS = ("-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-Command")
SECONDS = 120
NO_WINDOW = 0x0800_0000  # CREATE_NO_WINDOW
ALWAYS_OPEN = ("127.0.0.0/8", "255.255.255.255", "224.0.0.0/4", "169.254.0.0/16", "::1", "fe80::/10", "ff00::/8")
"""Loopback, and what never leaves the own cable: DHCP and IPv6's neighbour discovery go there."""
DHCP_PORTS = ("67", "547")
Ask = Callable[[dict[str, Any]], Any]


class WindowsFirewall:
    """Windows Defender Firewall by Windows PowerShell; what it is given goes by standard input, as JSON in ASCII.

    Args:
        root: The installation; which profiles were off before stands in its `var`.
        ask: Runs the script; tests record what it is given.
    """

    def __init__(self, root: Path, ask: Ask | None = None) -> None:
        self._file, self._ask = root / "var" / "isolation.json", ask or powershell_ask

    def cut(self, openings: Openings) -> None:
        answer = self._ask({"do": "cut", "group": GROUP, "rules": windows_rules(openings)})
        if not self._file.exists():
            file_replace(self._file, json.dumps({"off": answer.get("off", [])}).encode())

    def open(self) -> None:
        off = json.loads(self._file.read_bytes())["off"] if self._file.exists() else []
        self._ask({"do": "open", "group": GROUP, "off": off})
        self._file.unlink(missing_ok=True)

    def is_cut(self) -> bool:
        return self._file.exists()


def windows_rules(openings: Openings) -> list[dict[str, Any]]:
    """Rules that block all addresses but those that stay open, and of a server's all ports but its own.

    Each is `{direction, addresses, protocol, ports}`; ports are those of the other side, empty for all.
    """
    servers: dict[Address, set[int]] = {}
    for address, port in openings.servers:
        servers.setdefault(address, set()).add(port)
    hosts = [ipaddress.ip_network(one) for one in {*servers, *openings.resolvers}]
    open_ones = [*map(ipaddress.ip_network, ALWAYS_OPEN), *hosts, *openings.networks]
    rules = _both("Any", ranges_beside(open_ones), [])
    for address in sorted({*servers, *openings.resolvers}, key=str):
        if any(address in one for one in openings.networks):
            continue
        dns = {DNS_PORT} if address in openings.resolvers else set[int]()
        rules += _both("TCP", [str(address)], ports_beside(servers.get(address, set()) | dns))
        rules += _both("UDP", [str(address)], ports_beside(dns | {int(port) for port in DHCP_PORTS}))
    return rules


def ranges_beside(networks: Iterable[Network]) -> list[str]:
    """All addresses of both families that are in none of the networks, as `first-last`."""
    ranges = []
    for kind, last in ((ipaddress.IPv4Address, 2**32 - 1), (ipaddress.IPv6Address, 2**128 - 1)):
        at = 0
        mine = [one for one in networks if isinstance(one.network_address, kind)]
        for one in sorted(mine, key=lambda one: int(one.network_address)):
            if int(one.network_address) > at:
                ranges.append(f"{kind(at)}-{kind(int(one.network_address) - 1)}")
            at = max(at, int(one.broadcast_address) + 1)
        if at <= last:
            ranges.append(f"{kind(at)}-{kind(last)}")
    return ranges


def ports_beside(ports: Iterable[int]) -> list[str]:
    """All ports but these, as `first-last`."""
    ranges, at = [], 0
    for port in [*sorted(ports), 65_536]:
        if port > at:
            ranges.append(f"{at}-{port - 1}")
        at = port + 1
    return ranges


def _both(protocol: str, addresses: Sequence[str], ports: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"direction": direction, "protocol": protocol, "addresses": list(addresses), "ports": list(ports)}
        for direction in ("Inbound", "Outbound")
    ]


def powershell_ask(data: dict[str, Any]) -> Any:
    """Run our one script with data; what it answered.

    Raises:
        FirewallError: It said no, or did not answer.
    """
    program = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32/WindowsPowerShell/v1.0/powershell.exe"
    script = (files("seatkeep_machine.firewall") / "isolation.ps1").read_text(encoding="utf-8")
    try:
        done = subprocess.run(
            [str(program), *OPTIONS, script], input=json.dumps(data, ensure_ascii=True).encode("ascii"), check=False,
            capture_output=True, timeout=SECONDS, creationflags=NO_WINDOW if os.name == "nt" else 0,
        )  # fmt: skip
        answer = json.loads(done.stdout.removeprefix(b"\xef\xbb\xbf"))
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise FirewallError(f"PowerShell does not answer: {error}") from error
    if not answer.get("ok"):
        raise FirewallError(f"Windows Defender Firewall: {answer.get('error', '')}")
    return answer
