"""The operating system that the tests run on: Linux here, Windows when `test_under_wine` runs this very file there."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from agent_platform_contract import PlatformContract
from seatkeep_agent.platforms import platform
from seatkeep_agent.platforms.base import Platform
from seatkeep_protocol.vocabulary import OsFamily

IS_WINDOWS = sys.platform == "win32"
on_windows = pytest.mark.skipif(not IS_WINDOWS, reason="the registry and the service manager are Windows'")


class TestThisPlatform(PlatformContract):
    family = OsFamily.WINDOWS if IS_WINDOWS else OsFamily.LINUX

    @pytest.fixture
    def here(self) -> Platform:
        return platform()


@on_windows
@pytest.mark.parametrize(
    ("values", "name", "build"),
    [
        ({"ProductName": "Windows 10 Pro", "CurrentBuildNumber": "22631", "UBR": "4"}, "Windows 11 Pro", "22631.4"),
        ({"ProductName": "Windows 10 Pro", "CurrentBuildNumber": "19045"}, "Windows 10 Pro", "19045"),
        ({"ProductName": "Windows Server 2022", "CurrentBuildNumber": "20348"}, "Windows Server 2022", "20348"),
        ({}, "Windows", ""),
    ],
)  # fmt: skip
def test_windows_is_named_as_winver_does(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], name: str, build: str
) -> None:
    from seatkeep_agent.platforms import windows_inventory

    monkeypatch.setattr(windows_inventory, "registry_text", lambda key, value: values.get(value, ""))
    found = windows_inventory.os_info()
    assert (found.name, found.build) == (name, build)


@on_windows
def test_each_root_has_a_service_of_its_own(tmp_path: Path) -> None:
    from seatkeep_agent.platforms.windows_service import DEFAULT_SERVICE, service_name

    root = platform().default_root()
    assert service_name(root, root) == DEFAULT_SERVICE
    assert service_name(Path(str(root).upper()), root) == DEFAULT_SERVICE
    assert service_name(tmp_path, root) not in (DEFAULT_SERVICE, service_name(tmp_path / "other", root))


@on_windows
def test_programs_of_both_views_are_listed_once() -> None:
    import winreg

    from seatkeep_agent.platforms.windows_inventory import UNINSTALL_KEY, VIEWS

    for view in VIEWS:
        key = winreg.CreateKeyEx(
            winreg.HKEY_LOCAL_MACHINE, rf"{UNINSTALL_KEY}\SeatkeepTest", 0, winreg.KEY_WRITE | view
        )
        for name, value in (("DisplayName", "Seatkeep test"), ("DisplayVersion", "1.2"), ("Publisher", "Tests")):
            winreg.SetValueEx(key, name, 0, winreg.REG_SZ, value)
    found = [entry for entry in platform().software() if entry.name == "Seatkeep test"]
    assert [(entry.version, entry.vendor) for entry in found] == [("1.2", "Tests")]


SERVICE = """
import asyncio, sys
from pathlib import Path
from seatkeep_agent.platforms import platform

here, root = platform(), Path(sys.argv[-1])

async def serve():
    asked = asyncio.Event()
    with here.stop_requests(asked.set, is_with_input=False):
        (root / "var" / "started").touch()
        await asked.wait()
    (root / "var" / "ended").touch()

def run():
    asyncio.run(serve())
    return 0

here.service_run(root, run)
"""


@on_windows
def test_a_service_is_installed_replaced_stopped_in_order_and_removed(tmp_path: Path) -> None:
    here = platform()
    if not here.has_service_manager():
        pytest.skip("only an administrator may install services")
    root = tmp_path / "with blank"
    (root / "var").mkdir(parents=True)
    program = tmp_path / "program.py"
    program.write_text(SERVICE)
    for _ in range(2):
        here.service_install(root, [sys.executable, str(program)])
        until((root / "var" / "started").exists)
        until(lambda: here.service_state(root) == "service active")
    here.service_remove(root)
    assert (root / "var" / "ended").exists()
    until(lambda: here.service_state(root) == "not running")


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
