"""What the agent's part of every operating system keeps to."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

import msgspec
import pytest
from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.platforms.base import Platform
from seatkeep_protocol.messages import INVENTORY_LIMIT_BYTES, Inventory
from seatkeep_protocol.vocabulary import OsFamily

AGENT = """
import asyncio, sys
from pathlib import Path
from seatkeep_machine import machine

async def main():
    asked = asyncio.Event()
    with machine().stop_requests(asked.set, is_with_input=False):
        held = machine().hold(Path(sys.argv[1]))
        await asked.wait()
    (Path(sys.argv[1]).parent / "ended").touch()

asyncio.run(main())
"""


class PlatformContract:
    """Inherit this and give `here`, and every test of it runs against that adapter."""

    family: OsFamily

    @pytest.fixture
    def here(self) -> Platform:
        """The adapter under test."""
        raise NotImplementedError

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "run").mkdir()
        return tmp_path

    def test_the_inventory_fits_into_a_message(self, here: Platform) -> None:
        inventory = Inventory(
            hostname=here.hostname(), kind=here.kind(), os=here.os_info(), hardware=here.hardware(),
            software=here.software()[:1000], domain=here.domain(), last_user=here.last_user(),
            needs_restart=here.needs_restart(),
        )  # fmt: skip
        encoded = msgspec.msgpack.encode(inventory)
        assert len(encoded) < INVENTORY_LIMIT_BYTES
        assert msgspec.msgpack.decode(encoded, type=Inventory) == inventory

    def test_the_system_names_itself(self, here: Platform) -> None:
        system = here.os_info()
        assert system.family is self.family
        assert all((system.name, system.version, system.arch, here.hostname()))

    def test_the_hardware_has_a_processor_memory_and_a_disk(self, here: Platform) -> None:
        hardware = here.hardware()
        assert hardware.cpu_cores > 0
        assert hardware.ram_bytes > 0
        assert any(disk.size_bytes > 0 for disk in hardware.disks)

    def test_addresses_are_those_that_others_can_reach(self, here: Platform) -> None:
        found = [ipaddress.ip_address(text) for text in here.addresses()]
        assert not any(ip.is_loopback or ip.is_link_local for ip in found)

    def test_software_is_sorted(self, here: Platform) -> None:
        names = [entry.name.lower() for entry in here.software()]
        assert names == sorted(names)

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # It is not waited for: it lives on.
    def test_a_background_process_outlives_its_starter_and_ends_in_order(self, here: Platform, root: Path) -> None:
        pid_file = root / "run" / "agent.pid"
        here.start_background(root, [sys.executable, "-c", AGENT, str(pid_file)], root / "agent.log")
        assert here.service_state(root) == f"background process {here.holder(pid_file)}"
        assert here.stop_background(pid_file)
        assert (root / "run" / "ended").exists()
        assert here.service_state(root) == "not running"

    def test_nothing_runs_that_could_be_stopped(self, here: Platform, root: Path) -> None:
        assert not here.stop_background(root / "run" / "agent.pid")

    def test_an_agent_that_ends_at_once_is_told(self, here: Platform, root: Path) -> None:
        with pytest.raises(LocalFailureError, match="ended at once"):
            here.start_background(root, [sys.executable, "-c", "raise SystemExit(3)"], root / "agent.log")

    def test_a_service_that_is_not_there_is_removed_in_peace(self, here: Platform, root: Path) -> None:
        here.service_remove(root)

    def test_only_a_service_manager_runs_a_service(self, here: Platform, root: Path) -> None:
        (root / "var").mkdir()
        with pytest.raises(LocalFailureError):
            here.service_run(root, lambda: 0)
