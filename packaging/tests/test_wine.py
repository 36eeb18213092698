"""The life of a package on Windows, as far as Wine is Windows."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path

import pytest
from seatkeep_packaging.build import Package
from wine_machine import WineMachine

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

# Nobody listens there: the service asks again and again.
SERVER = "SERVER=https://127.0.0.1:1"
KEY = "KEY=deployment-key-of-a-test"
SERVICE = r"SYSTEM\CurrentControlSet\Services\SeatkeepAgent"
UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall"


def test_life_of_a_package(windows: WineMachine, packages: dict[str, Package]) -> None:
    """Install, repair, lose power all along an upgrade to the other edition, finish it, never go back, leave."""
    agent, newer = (windows.path(packages[name].path) for name in ("agent", "newer"))

    assert windows.msiexec("/i", agent, SERVER, KEY, "GROUP=Office") == 0, windows.installer_said
    keys = installed(windows, "1.0.0", "agent")
    repaired(windows, agent)

    power_lost(windows, newer, Moment.FILES_ARE_WRITTEN)
    served_by(windows, "1.0.0-")
    power_lost(windows, newer, Moment.SERVICE_IS_HANDED_OVER)
    served_by(windows, "1.0.1-")
    assert windows.msiexec("/i", newer) == 0, windows.installer_said
    assert installed(windows, "1.0.1", "endpoint") == keys
    assert (program(windows) / "Lib/site-packages/seatkeep_endpoint").is_dir()
    assert [path for path in windows.program.iterdir() if path.is_dir()] == [program(windows)]
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
    folder = program(windows)
    assert windows.registry(r"SOFTWARE\Seatkeep") == {
        "Version": version, "Edition": edition, "InstallFolder": rf"C:\Program Files\Seatkeep\{folder.name}",
    }  # fmt: skip
    assert windows.registry(r"SOFTWARE\Seatkeep\Settings") == {
        "Server": "https://127.0.0.1:1", "Group": "Office", "Proxy": "",
    }  # fmt: skip
    assert folder.name.startswith(f"{version}-")
    assert "EventCreate.exe" in windows.registry(EVENT_SOURCE)["EventMessageFile"]
    keys = windows.data / "var" / "agent-keys.json"
    windows.wait_for(keys.exists, "the service makes its keys")
    served(windows)
    return keys.read_bytes()


def program(windows: WineMachine) -> Path:
    """The folder of the program that the service starts."""
    command = windows.registry(SERVICE)["ImagePath"]
    assert command.startswith('"C:\\Program Files\\Seatkeep\\'), "without quotes another program might be started"
    return windows.program / command.split("\\")[3]


def served(windows: WineMachine) -> None:
    """See that an agent runs and asks its console."""
    windows.wait_for(lambda: windows.service_state() == "RUNNING", "the service runs")
    log = windows.data / "var" / "agent.log"
    windows.wait_for(lambda: log.exists() and "127.0.0.1:1" in log.read_text(), "the service asks the console")


def served_by(windows: WineMachine, version: str) -> None:
    """See that an agent runs, of which version, and that its program is on the disk."""
    folder = program(windows)
    assert folder.name.startswith(version)
    assert (folder / "pythonw.exe").exists()
    served(windows)


class Moment(StrEnum):
    """Where an upgrade is cut off."""

    FILES_ARE_WRITTEN = "the new program is half there"
    SERVICE_IS_HANDED_OVER = "the service belongs to the new program, which does not run yet"
    OLD_PROGRAM_GOES = "the old program is half gone"

    def has_come(self, program: Path) -> bool:
        """Whether it is now, seen by what is in the folder of the programs."""
        if self is Moment.FILES_ARE_WRITTEN:
            return len(list(program.glob("1.0.1-*/*.pyd"))) > 1
        if self is Moment.SERVICE_IS_HANDED_OVER:
            return (program / "seatkeep-endpoint.cmd").exists()
        return not list(program.glob("1.0.0-*/pythonw.exe"))


def power_lost(windows: WineMachine, package: str, moment: Moment) -> None:
    """Cut an upgrade off at a moment, and boot: nobody starts a package, nobody starts the service."""
    with ThreadPoolExecutor() as aside:
        upgrading = aside.submit(windows.msiexec, "/i", package)
        windows.wait_for(lambda: moment.has_come(windows.program), moment)
        windows.cut_power()
        assert upgrading.exception() is not None
    (windows.data / "var" / "agent.log").unlink(missing_ok=True)
    windows.boot()


def self_tested(windows: WineMachine) -> None:
    """Wine has no Defender, and the program that looks for it says so."""
    program = r"C:\Program Files\Seatkeep\seatkeep-endpoint.cmd"
    code, said = windows.run("cmd", "/c", program, "self-test", "--out", r"C:\users\Public")
    assert (code, "Nothing to test" in said) == (3, True), said


EVENT_SOURCE = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\Seatkeep"


def repaired(windows: WineMachine, package: str) -> None:
    """Lose a file, spoil another, and have both back."""
    lost = program(windows) / "Lib/site-packages/seatkeep_agent/bus.py"
    spoiled = program(windows) / "_elementtree.pyd"  # One that the running service has not loaded.
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


def test_an_agent_runs_when_the_power_goes_while_the_old_program_does(
    windows: WineMachine, packages: dict[str, Package]
) -> None:
    """The last test of this machine: Wine never takes up what Windows Installer had begun."""
    agent, newer = (windows.path(packages[name].path) for name in ("agent", "newer"))
    assert windows.msiexec("/i", agent, SERVER, KEY) == 0, windows.installer_said

    power_lost(windows, newer, Moment.OLD_PROGRAM_GOES)

    served_by(windows, "1.0.1-")
