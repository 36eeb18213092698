"""What an isolated machine still reaches, by the text of the rules; real packets go in agent/tests/test_isolation."""

from __future__ import annotations

import importlib
import ipaddress
import sys
from pathlib import Path
from typing import Any

import pytest
from seatkeep_machine.errors import FirewallError
from seatkeep_machine.firewall.base import Openings, network
from seatkeep_machine.firewall.windows import WindowsFirewall, ports_beside, ranges_beside, windows_rules

MANAGER, RESOLVER = ipaddress.ip_address("192.0.2.10"), ipaddress.ip_address("2001:db8::53")
OPENINGS = Openings(
    servers=frozenset({(MANAGER, 443), (MANAGER, 2222)}),
    resolvers=frozenset({RESOLVER}),
    networks=frozenset({network("198.51.100.0/24")}),
)


@pytest.mark.skipif(sys.platform == "win32", reason="nftables are Linux's")
def test_the_rules_name_what_stays_open_and_drop_the_rest() -> None:
    nftables = importlib.import_module("seatkeep_machine.firewall.nftables")
    rules = nftables.nft_rules(OPENINGS)

    assert rules.count("policy drop;") == 3
    assert "ip daddr 192.0.2.10 tcp dport 443 accept" in rules
    assert "ip saddr 192.0.2.10 tcp sport 2222 accept" in rules
    assert "ip6 daddr 2001:db8::53 udp dport 53 accept" in rules
    assert "ip saddr 198.51.100.0/24 accept" in rules
    assert "192.0.2.10 accept" not in rules  # A server is open on its ports only.


@pytest.mark.parametrize("text", ["", "intranet", "192.0.2.0/33", "1.2.3.4; flush ruleset"])
def test_what_is_no_network_opens_nothing(text: str) -> None:
    with pytest.raises(FirewallError):
        network(text)


def test_ranges_beside_networks_leave_out_nothing_else() -> None:
    assert ranges_beside([network("10.0.0.0/8"), network("10.1.0.0/16"), network("255.0.0.0/8"), network("::/0")]) == [
        "0.0.0.0-9.255.255.255", "11.0.0.0-254.255.255.255",
    ]  # fmt: skip
    assert ports_beside([53, 443]) == ["0-52", "54-442", "444-65535"]


def test_windows_blocks_all_but_the_openings() -> None:
    rules = windows_rules(OPENINGS)
    everything = [rule for rule in rules if rule["protocol"] == "Any"]

    assert [rule["direction"] for rule in everything] == ["Inbound", "Outbound"]
    for text, is_blocked in (("8.8.8.8", True), (str(MANAGER), False), ("127.0.0.1", False), ("198.51.100.7", False)):
        assert any(_holds(one, text) for one in everything[0]["addresses"]) is is_blocked
    manager = [rule for rule in rules if rule["addresses"] == [str(MANAGER)] and rule["protocol"] == "TCP"]
    assert manager[0]["ports"] == ["0-442", "444-2221", "2223-65535"]


def _holds(span: str, text: str) -> bool:
    first, last = map(ipaddress.ip_address, span.split("-"))
    address = ipaddress.ip_address(text)
    return first.version == address.version and int(first) <= int(address) <= int(last)


def test_windows_gets_back_the_profiles_that_were_off(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    asked: list[dict[str, Any]] = []

    def ask(data: dict[str, Any]) -> Any:
        asked.append(data)
        return {"ok": True, "off": ["Public"] if len(asked) == 1 else []}

    for _ in range(2):  # As after a restart of the agent: the second time all profiles are on, by us.
        firewall = WindowsFirewall(tmp_path, ask)
        firewall.cut(OPENINGS)
    assert firewall.is_cut()
    firewall.open()
    assert asked[-1] == {"do": "open", "group": "Seatkeep isolation", "off": ["Public"]}
    assert not firewall.is_cut()
