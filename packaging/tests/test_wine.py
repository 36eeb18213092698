"""The life of a package on Windows, as far as Wine is Windows."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from seatkeep_packaging.build import Package
from wine_machine import WineMachine

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

# Nobody listens there: the service asks again and again.
SERVER = "SERVER=https://127.0.0.1:1"
KEY = "KEY=deployment-key-of-a-test"
SETTINGS = r"SOFTWARE\Seatkeep\Settings"
UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall"


def test_life_of_a_package(windows: WineMachine, packages: dict[str, Package]) -> None:
    """Install, repair, lose power in an upgrade to the other edition, finish it, refuse to go back, leave nothing."""
    agent, newer = (windows.path(packages[name].path) for name in ("agent", "newer"))

    assert windows.msiexec("/i", agent, SERVER, KEY, "GROUP=Office") == 0, windows.installer_said
    keys = installed(windows, "1.0.0", "agent")
    repaired(windows, agent)

    # Wine does not tell the old package that it is being upgraded (UPGRADINGPRODUCTCODE); this stands in for it.
    windows.run("reg", "add", rf"HKLM\{SETTINGS}", "/v", "KeepData", "/d", "1", "/f")
    power_lost(windows, newer)
    assert windows.msiexec("/i", newer) == 0, windows.installer_said
    windows.run("reg", "delete", rf"HKLM\{SETTINGS}", "/v", "KeepData", "/f")
    assert installed(windows, "1.0.1", "endpoint") == keys
    assert (windows.program / "Lib/site-packages/seatkeep_endpoint").is_dir()
    self_tested(windows)

    assert windows.msiexec("/i", agent) != 0, windows.installer_said
    assert windows.registry(r"SOFTWARE\Seatkeep")["Version"] == "1.0.1"

    assert windows.msiexec("/x", newer) == 0, windows.installer_said
    gone(windows)


def test_settings_lie_beside_it_and_only_who_knows_the_code_removes_it(
    windows: WineMachine, packages: dict[str, Package], tmp_path: Path
) -> None:
    """As group policy needs it: that can give no properties."""
    package = windows.path(Path(shutil.copy(packages["agent"].path, tmp_path)))
    settings = "[Seatkeep]\nServer = https://127.0.0.1:1\nKey = a-key\nGroup = Office\nUninstallCode = leave it alone\n"
    (tmp_path / "seatkeep.ini").write_text(settings, encoding="utf-8")
    assert windows.msiexec("/i", package) == 0, windows.installer_said
    keys = installed(windows, "1.0.0", "agent")

    assert windows.msiexec("/x", package) != 0
    assert windows.msiexec("/x", package, "UNINSTALLCODE=guess") != 0
    assert installed(windows, "1.0.0", "agent") == keys

    assert windows.msiexec("/x", package, "UNINSTALLCODE=leave it alone") == 0, windows.installer_said
    gone(windows)


def installed(windows: WineMachine, version: str, edition: str) -> bytes:
    """See that a version runs with the settings of the first installation; returns the device's keys."""
    assert windows.registry(r"SOFTWARE\Seatkeep") | {"InstallFolder": ""} == {
        "Version": version, "Edition": edition, "InstallFolder": "",
    }  # fmt: skip
    assert windows.registry(r"SOFTWARE\Seatkeep\Settings") == {
        "Server": "https://127.0.0.1:1", "Group": "Office", "Proxy": "",
    }  # fmt: skip
    service = windows.registry(r"SYSTEM\CurrentControlSet\Services\SeatkeepAgent")
    assert service["ImagePath"].startswith('"C:\\Program Files\\Seatkeep\\pythonw.exe" ')
    assert "EventCreate.exe" in windows.registry(EVENT_SOURCE)["EventMessageFile"]
    keys = windows.data / "var" / "agent-keys.json"
    windows.wait_for(keys.exists, "the service makes its keys")
    windows.wait_for(lambda: windows.service_state() == "RUNNING", "the service runs")
    log = windows.data / "var" / "agent.log"
    windows.wait_for(lambda: log.exists() and "127.0.0.1:1" in log.read_text(), "the service asks the console")
    return keys.read_bytes()


def power_lost(windows: WineMachine, package: str) -> None:
    """Cut an upgrade off where it hurts most, when the old program is gone and the new one is not there; and boot."""
    with ThreadPoolExecutor() as aside:
        upgrading = aside.submit(windows.msiexec, "/i", package)
        windows.wait_for(lambda: not (windows.program / "pythonw.exe").exists(), "the old program is removed")
        windows.cut_power()
        assert upgrading.exception() is not None
    windows.boot()


def self_tested(windows: WineMachine) -> None:
    """Wine has no Defender, and the program that looks for it says so."""
    program = r"C:\Program Files\Seatkeep\seatkeep-endpoint.cmd"
    code, said = windows.run("cmd", "/c", program, "self-test", "--out", r"C:\users\Public")
    assert (code, "Nothing to test" in said) == (3, True), said


EVENT_SOURCE = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\Seatkeep"


def repaired(windows: WineMachine, package: str) -> None:
    """Lose a file, spoil another, and have both back."""
    lost = windows.program / "Lib/site-packages/seatkeep_agent/bus.py"
    spoiled = windows.program / "_elementtree.pyd"  # One that the running service has not loaded.
    before = lost.read_bytes(), spoiled.read_bytes()
    lost.unlink()
    spoiled.write_bytes(b"not a library")

    # What `msiexec /f` does; Wine's own /f does not find its way.
    assert windows.msiexec("/i", package, "REINSTALL=ALL") == 0, windows.installer_said

    assert (lost.read_bytes(), spoiled.read_bytes()) == before
    assert windows.service_state() == "RUNNING"


def gone(windows: WineMachine) -> None:
    """See that nothing is left: files, registry, service."""
    assert not windows.program.exists()
    assert not windows.data.exists()
    assert windows.service_state() == ""
    for key in (r"SOFTWARE\Seatkeep", r"SOFTWARE\Seatkeep\Settings", EVENT_SOURCE):
        assert windows.registry(key) == {}
    assert "Seatkeep" not in windows.run("reg", "query", rf"HKLM\{UNINSTALL}", "/s")[1]


def test_nothing_is_installed_without_settings(windows: WineMachine, packages: dict[str, Package]) -> None:
    assert windows.msiexec("/i", windows.path(packages["agent"].path)) != 0

    assert not windows.program.exists()
    assert windows.service_state() == ""
