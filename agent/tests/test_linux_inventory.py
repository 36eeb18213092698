"""What a Linux machine says of itself beyond what every system does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Linux alone", allow_module_level=True)

from seatkeep_agent.platforms import linux, linux_inventory
from seatkeep_agent.reporter import without_free_space
from seatkeep_protocol.messages import Disk, Hardware, Inventory, OsInfo
from seatkeep_protocol.vocabulary import DeviceKind, OsFamily


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("[sssd]\ndomains = alpha.example, beta.example\nservices = nss\n[domain/alpha.example]\n", "alpha.example"),
        ("[sssd]\nservices = nss\n", ""),
        ("domains = alpha.example\n", ""),
        ("[sssd]\ndomains = %(x)s\n[sssd]\ndomains = b.example", "b.example"),
        ("\udcff", ""),
        ("", ""),
    ],
)
def test_the_domain_is_the_one_that_sssd_joins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, domain: str
) -> None:
    path = tmp_path / "sssd.conf"
    path.write_bytes(text.encode(errors="surrogateescape"))
    monkeypatch.setattr(linux_inventory, "SSSD", path)
    assert linux_inventory.domain() == domain


def test_a_machine_without_sssd_has_no_domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux_inventory, "SSSD", tmp_path / "none")
    assert linux_inventory.domain() == ""


@pytest.mark.parametrize(("percent", "step"), [(0, 0), (4, 0), (5, 1), (10, 2), (14, 2), (15, 3), (50, 10), (90, 10)])
def test_of_free_space_only_a_disk_that_gets_full_counts_as_a_change(percent: int, step: int) -> None:
    disk = Disk(mount="/", size_bytes=1000, free_bytes=10 * percent)
    inventory = Inventory(
        hostname="h",
        kind=DeviceKind.SERVER,
        os=OsInfo(family=OsFamily.LINUX, name="x"),
        hardware=Hardware(disks=[disk]),
    )
    assert without_free_space(inventory).hardware.disks[0].free_bytes == step


def test_a_mark_of_the_system_says_that_it_needs_a_restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(linux, "RESTART_MARK", tmp_path / "reboot-required")
    assert not linux.LinuxPlatform().needs_restart()
    (tmp_path / "reboot-required").touch()
    assert linux.LinuxPlatform().needs_restart()
