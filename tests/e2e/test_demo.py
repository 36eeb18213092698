"""`seatkeep demo` as a newcomer meets it: the table, a second run, Ctrl-C, and nothing left after `--clean`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from seatkeep_launcher.demo.browser import Browser
from seatkeep_launcher.demo.console_steps import BY_LICENSING
from seatkeep_launcher.demo.driver import CONSOLE_STEPS, FIRST, HUB_STEPS
from seatkeep_launcher.demo.scene import CUSTOMERS, TECHNICIAN, rows, sign_in
from seatkeep_license.localhost import install_localhost_names

from .conftest import Ports

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]
NAMES = [name for name, _ in (FIRST, *HUB_STEPS, *CONSOLE_STEPS)]


@dataclass
class Machine:
    """Where one demo lives: a folder and ports of its own."""

    data: Path
    ports: Ports = field(default_factory=Ports.find)

    def command(self, *options: str) -> list[str]:
        """`seatkeep demo` on these ports."""
        return [
            sys.executable, "-m", "seatkeep_launcher", "demo", "--data", str(self.data),
            "--http-port", str(self.ports.http), "--https-port", str(self.ports.https),
            "--nats-port", str(self.ports.nats), "--internal-port", str(self.ports.internal), *options,
        ]  # fmt: skip

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the demo to its end."""
        return subprocess.run(self.command(*options), capture_output=True, text=True, timeout=240, check=False)

    def processes(self) -> list[str]:
        """Command lines of all processes that have to do with this folder."""
        found = []
        for one in psutil.process_iter(["cmdline", "environ"]):
            words = [*(one.info["cmdline"] or []), *(one.info["environ"] or {}).values()]
            if one.pid != os.getpid() and any(str(self.data) in word for word in words):
                found.append(" ".join(one.info["cmdline"] or []))
        return found


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A place for one demo, emptied at the end whatever happened."""
    folder = Path(tempfile.mkdtemp(prefix="seatkeep-demo-"))
    folder.chmod(0o755)
    made = Machine(folder / "demo")
    yield made
    made.run("--clean")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def first(machine: Machine) -> tuple[str, float]:
    """The first run: what it printed and how long it took."""
    begun = time.monotonic()
    done = machine.run("--exit")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, time.monotonic() - begun


def test_every_step_is_shown_while_it_runs_and_in_the_table(first: tuple[str, float]) -> None:
    lines = first[0].splitlines()
    for name in NAMES:
        assert [line.startswith("✓") for line in lines if f"{name} " in line[: len(name) + 3]] == [True, False], name


def test_it_ends_with_addresses_sign_in_and_the_next_command(machine: Machine, first: tuple[str, float]) -> None:
    end = first[0].split("The whole chain works")[1]
    assert f"http://console.localhost:{machine.ports.http}" in end
    assert f"http://licensing.localhost:{machine.ports.http}" in end
    assert TECHNICIAN in end
    assert "\nnext: seatkeep up" in end


def test_nothing_runs_after_the_end(machine: Machine, first: tuple[str, float]) -> None:
    assert machine.processes() == []


def test_no_service_is_installed(machine: Machine, first: tuple[str, float]) -> None:
    units = [path for path in Path("/etc/systemd/system").glob("*.service") if path.is_file()]
    assert [path.name for path in units if str(machine.data) in path.read_text()] == []


def test_a_second_run_goes_on_with_the_same_data_until_ctrl_c(machine: Machine, first: tuple[str, float]) -> None:
    begun = time.monotonic()
    with subprocess.Popen(machine.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as second:
        assert second.stdout is not None
        try:
            printed = wait_for_line(second, "next: seatkeep up")
            assert time.monotonic() - begun < first[1]
            assert f"✓ {NAMES[0]} " in printed
            assert customers(machine) == sorted(CUSTOMERS)
        finally:
            second.send_signal(signal.SIGINT)
        assert second.wait(timeout=60) == 0
    assert machine.processes() == []


def test_clean_removes_everything(machine: Machine, first: tuple[str, float]) -> None:
    assert machine.run("--clean").returncode == 0
    assert not machine.data.exists()
    assert machine.processes() == []


def wait_for_line(process: subprocess.Popen[str], wanted: str) -> str:
    """Read what a process prints up to a line; its end comes as an empty line."""
    printed = ""
    assert process.stdout is not None
    while wanted not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line
    return printed


def customers(machine: Machine) -> list[str]:
    """The customers that the technician sees in the console, by name; she has one problem to fix."""
    install_localhost_names()
    password = json.loads((machine.data / "demo.json").read_text())["facts"][f"password of {TECHNICIAN}"]
    console = f"http://console.localhost:{machine.ports.http}"
    with Browser() as browser:
        home = sign_in(browser, f"{console}{BY_LICENSING}", TECHNICIAN, password)
        assert "Detection not handled" in home.text
        return sorted(row["Customer"] for row in rows(browser, f"{console}/customers/"))
