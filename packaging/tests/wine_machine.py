"""A Windows machine for tests: a Wine prefix of its own, with one process in it that runs commands and keeps it up."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

NEEDED = ("wine", "wineserver", "x86_64-w64-mingw32-gcc", "wixl", "msibuild", "msiinfo", "osslsigncode")
DEBIAN = "wine wine64 gcc-mingw-w64-x86-64 wixl msitools osslsigncode"
PATIENCE_SECONDS = 120.0
COMMAND_SECONDS = 300.0
STAND_IN = Path(__file__).with_name("bcryptprimitives.c")
TEMPLATES = Path(__file__).parents[2] / "build" / "wine-templates"
# Runs commands that come as lines of JSON. Wine ends its services with the last program that is not one: this is it.
RUNNER = """
import json, subprocess, sys
for line in sys.stdin:
    done = subprocess.run(json.loads(line), stdin=subprocess.DEVNULL, capture_output=True)
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    print(json.dumps([done.returncode, text]), flush=True)
"""


def missing_tools() -> list[str]:
    """What of Wine and its company is not on this machine."""
    return [name for name in NEEDED if shutil.which(name) is None]


def kept(kind: str, made_of: bytes, make: Callable[[Path], None]) -> Path:
    """A folder that is made once and copied from then on; made anew when what it is made of changes.

    Args:
        kind: Its name.
        made_of: Everything that decides what is in it.
        make: Fills a folder that does not exist yet.
    """
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    made = TEMPLATES / f"{kind}-{hashlib.sha256(made_of).hexdigest()[:16]}"
    with (TEMPLATES / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            for former in TEMPLATES.glob(f"{kind}-*/"):
                shutil.rmtree(former, ignore_errors=True)
            make(TEMPLATES / f"{kind}-new")
            (TEMPLATES / f"{kind}-new").rename(made)
    return made


def disk_template() -> Path:
    """The disk of a Windows that was just installed."""
    wine = subprocess.run(["wine", "--version"], capture_output=True, check=True).stdout
    made_of = wine + STAND_IN.read_bytes() + Path(__file__).read_bytes()
    return kept("windows", made_of, lambda folder: WineMachine(folder, Path()).install())


class WineMachine:
    """One machine.

    Args:
        folder: Its disk; removed at the end.
        python: A folder with python.exe.
    """

    def __init__(self, folder: Path, python: Path) -> None:
        self._folder, self._python = folder, python
        self._environment = {
            **os.environ, "WINEPREFIX": str(folder), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml=",
        }  # fmt: skip
        self._runner: subprocess.Popen[str] | None = None
        self.installer_said = ""

    @property
    def disk(self) -> Path:
        """Drive C:."""
        return self._folder / "drive_c"

    @property
    def program(self) -> Path:
        return self.disk / "Program Files" / "Seatkeep"

    @property
    def data(self) -> Path:
        return self.disk / "ProgramData" / "Seatkeep"

    def start(self) -> None:
        """Install Windows, as it were, and start it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(disk_template(), self._folder, symlinks=True)
        self.boot()

    def install(self) -> None:
        """Make the disk of a new Windows; takes a while, so it is done once (`disk_template`)."""
        self._folder.mkdir(parents=True)
        self._once("wineboot", "--init")
        compiler = ("x86_64-w64-mingw32-gcc", "-shared", "-O2", "-o", "bcryptprimitives.dll")
        subprocess.run([*compiler, str(STAND_IN), "-ladvapi32"], cwd=self.disk / "windows" / "system32", check=True)
        self._once("winecfg", "-v", "win10")
        control = r"HKLM\System\CurrentControlSet\Control"
        self._once("reg", "add", control, "/v", "ServicesPipeTimeout", "/t", "REG_DWORD", "/d", "240000", "/f")
        self._end_wine()

    def cut_power(self) -> None:
        """End every process at once."""
        self._end_wine()
        assert self._runner is not None
        self._runner.kill()
        self._runner.communicate()
        self._runner = None

    def boot(self) -> None:
        """Start it; its services start with it."""
        command = ["wine", str(self._python / "python.exe"), "-B", "-c", RUNNER]
        self._runner = subprocess.Popen(
            command, env=self._environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def stop(self) -> None:
        """Switch it off and throw it away."""
        if self._runner is not None and self._runner.stdin is not None and self._runner.stdout is not None:
            self._runner.stdin.close()
            self._end_wine()
            self._runner.wait(PATIENCE_SECONDS)
            self._runner.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, *command: str) -> tuple[int, str]:
        """Run a program; its exit code, all 32 bits of it, and what it said."""
        assert self._runner is not None
        assert self._runner.stdin is not None
        assert self._runner.stdout is not None
        self._runner.stdin.write(json.dumps(command) + "\n")
        self._runner.stdin.flush()
        code, text = json.loads(self._runner.stdout.readline())
        return code, text

    def msiexec(self, *arguments: str) -> int:
        """Run Windows Installer without a window; its exit code. What it says goes to `installer_said`."""
        (self.disk / "msi.log").unlink(missing_ok=True)
        code, text = self.run("msiexec", *arguments, "/qn", "/l*v", r"C:\msi.log")
        log = (self.disk / "msi.log").read_text(errors="replace").splitlines()
        self.installer_said = "\n".join(
            [
                text,
                *(line for line in log if "Return value 0" in line or ("Action start" in line and "Seatkeep" in line)),
            ]
        )
        return code

    def path(self, path: Path) -> str:
        """A path of this computer as Windows sees it."""
        return "Z:" + str(path.absolute()).replace("/", "\\")

    def registry(self, key: str) -> dict[str, str]:
        """The values of a key below HKLM; none when it is not there."""
        _, text = self.run("reg", "query", rf"HKLM\{key}")
        rows = (line.split("    ") for line in text.splitlines() if line.startswith("    "))
        return {row[1]: row[3].strip() if len(row) > 3 else "" for row in rows}

    def service_state(self, name: str = "SeatkeepAgent") -> str:
        """RUNNING, STOPPED, …; "" when there is no such service."""
        _, text = self.run("sc", "query", name)
        states = [line.split()[-1] for line in text.splitlines() if "STATE" in line]
        return states[0] if states else ""

    def wait_for(self, what: Callable[[], bool], why: str) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not what():
            assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s: {why}"
            time.sleep(0.05)

    def _once(self, *command: str) -> None:
        subprocess.run(
            ["wine", *command], env=self._environment, check=True, timeout=COMMAND_SECONDS, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _end_wine(self) -> None:
        for option in ("-k", "-w"):
            subprocess.run(["wineserver", option], env=self._environment, check=False, timeout=COMMAND_SECONDS)
