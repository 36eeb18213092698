"""Linux: a table of our own in nftables. Another firewall's rules stay as they are, and count besides."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from seatkeep_machine.errors import FirewallError
from seatkeep_machine.files import file_replace
from seatkeep_machine.firewall.base import DNS_PORT, Address, Network, Openings

TABLE = "seatkeep_isolation"
UNIT_FOLDER = Path("/etc/systemd/system")
SYSTEMD = Path("/run/systemd/system")
SECONDS = 30
UNIT = """\
[Unit]
Description=Seatkeep keeps this computer isolated from the network ({root})
DefaultDependencies=no
After=local-fs.target systemd-modules-load.service
Before=network-pre.target
Wants=network-pre.target
ConditionPathExists={rules}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={nft} -f {rules}

[Install]
WantedBy=sysinit.target
"""


class NftFirewall:
    """nftables by its program; root only.

    Args:
        root: The installation; the rules stand in its `var`, where the unit of systemd finds them at the next start.
    """

    def __init__(self, root: Path) -> None:
        self._rules = root / "var" / "isolation.nft"
        self._root = root

    def cut(self, openings: Openings) -> None:
        program = nft_program()
        rules = nft_rules(openings)
        run([program, "-f", "-"], rules)
        file_replace(self._rules, rules.encode())
        self._survive(program)

    def open(self) -> None:
        self._rules.unlink(missing_ok=True)
        if shutil.which("nft") is not None:
            run([nft_program(), "-f", "-"], f"table inet {TABLE}\ndelete table inet {TABLE}\n")
        if self._unit.exists():
            run(["systemctl", "disable", self._unit.name])
            self._unit.unlink(missing_ok=True)
            run(["systemctl", "daemon-reload"])

    def is_cut(self) -> bool:
        return self._rules.exists() or self._unit.exists()

    @property
    def _unit(self) -> Path:
        return UNIT_FOLDER / f"seatkeep-isolation-{hashlib.sha256(os.fsencode(self._root)).hexdigest()[:8]}.service"

    def _survive(self, program: str) -> None:
        """Let systemd load the rules at the next start, before the network is there; elsewhere the agent does it."""
        if not SYSTEMD.is_dir():
            return
        text = UNIT.format(root=self._root, rules=self._rules, nft=program)
        if not self._unit.exists() or self._unit.read_text() != text:
            self._unit.write_text(text)
            run(["systemctl", "daemon-reload"])
            run(["systemctl", "enable", self._unit.name])


def nft_program() -> str:
    """Where nft is.

    Raises:
        FirewallError: It is not installed, or we may not use it.
    """
    program = shutil.which("nft") or shutil.which("nft", path="/usr/sbin:/sbin")
    if program is None:
        raise FirewallError("nftables is not installed on this computer")
    if os.geteuid() != 0:
        raise FirewallError("only root can isolate this computer")
    return program


def nft_rules(openings: Openings) -> str:
    """A script that puts the table in force, or replaces it, in one transaction."""
    arriving = [*_dhcp("sport 67", "dport 68", "sport 547", "dport 546"), *_peers(openings, "saddr", "sport")]
    leaving = [*_dhcp("dport 67", "sport 68", "dport 547", "sport 546"), *_peers(openings, "daddr", "dport")]
    return "\n".join(
        [
            f"table inet {TABLE}", f"delete table inet {TABLE}", f"table inet {TABLE} {{",
            *_chain("input", 'iifname "lo" accept', arriving), *_chain("output", 'oifname "lo" accept', leaving),
            *_chain("forward", "", []), "}", "",
        ]
    )  # fmt: skip


def _chain(hook: str, loopback: str, rules: list[str]) -> list[str]:
    lines = [f"type filter hook {hook} priority -5; policy drop;", *filter(None, [loopback]), *rules]
    return [f"  chain {hook} {{", *(f"    {line}" for line in lines), "  }"]


def _dhcp(*ports: str) -> list[str]:
    server4, client4, server6, client6 = ports
    return [
        f"udp {server4} udp {client4} accept",
        f"udp {server6} udp {client6} accept",
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept",
    ]


def _peers(openings: Openings, side: str, port: str) -> list[str]:
    servers = [
        f"{_family(address)} {side} {address} tcp {port} {number} accept"
        for address, number in sorted(openings.servers, key=str)
    ]
    resolvers = [
        f"{_family(address)} {side} {address} {transport} {port} {DNS_PORT} accept"
        for address in _sorted(openings.resolvers)
        for transport in ("udp", "tcp")
    ]
    networks = [f"{_family(one)} {side} {one} accept" for one in _sorted(openings.networks)]
    return [*servers, *resolvers, *networks]


def _sorted(found: Iterable[Address | Network]) -> list[Address | Network]:
    return sorted(found, key=str)


def _family(address: Address | Network) -> str:
    return "ip" if address.version == 4 else "ip6"


def run(command: Sequence[str], given: str = "") -> None:
    """Run a program.

    Raises:
        FirewallError: It failed; with its last words.
    """
    try:
        done = subprocess.run(
            command, input=given, check=False, capture_output=True, timeout=SECONDS, text=True, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FirewallError(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        raise FirewallError(f"{command[0]}: {words[0] if words else f'ended with {done.returncode}'}")
