"""The whole chain under the Windows package: installed by Windows Installer, joined by its service, upgraded, removed.

Agent and endpoint themselves are tried from source in test_windows_source.py, the package without a stack in
packaging/tests; what Wine cannot show is in docs/how-to/windows-install.md.
"""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from seatkeep_packaging.build import Package, package_build, runtime_ready
from seatkeep_packaging.editions import ENDPOINT
from seatkeep_packaging.signing import test_signer as signer_for_tests

from .conftest import ROOT, Stack
from .prepared import Prepared, prepare
from .waiting import wait_until

sys.path.insert(0, str(ROOT / "tests" / "wine"))

from source_machine import machine_folder  # found by the path above
from wine_machine import DEBIAN, WineMachine, missing_tools  # found by the path that source_machine added

pytestmark = [
    pytest.mark.services,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(missing_tools()), reason=f"no {', '.join(missing_tools())}: apt-get install {DEBIAN}"),
]

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PATIENCE_SECONDS = 120


@dataclass
class Scene:
    """What the tests of this file share, in order.

    Attributes:
        windows: The machine.
        first: The package that is installed.
        second: A newer one.
        device: The device's id, with dashes.
    """

    prepared: Prepared
    windows: WineMachine
    first: Package
    second: Package
    device: str = ""

    def install(self, package: Package, *properties: str) -> None:
        """Install a package without a window."""
        code = self.windows.msiexec("/i", self.windows.path(package.path), *properties)
        assert code == 0, self.windows.installer_said

    def settings_put(self) -> list[Path]:
        """Put what the console offers for group policy beside the package; returns the files."""
        installers = f"{self.prepared.stack.console}/api/v1/installers"
        tokens = self.prepared.browser.api("GET", installers)["items"]
        mine = next(token for token in tokens if token["secret"] == self.prepared.facts.key)
        kit = self.prepared.browser.api("GET", f"{installers}/{mine['uid']}/kit?system=windows")
        files = {file["name"]: file["text"] for file in kit["files"] if file["name"] in ("seatkeep.ini", "ca.pem")}
        assert len(files) == 2
        for name, text in files.items():
            self.first.path.with_name(name).write_text(text)
        return [self.first.path.with_name(name) for name in files]

    def fact(self, program: str, name: str) -> dict[str, Any]:
        """Something that agent or endpoint remember."""
        database_file = self.windows.data / "var" / f"{program}.db"
        if not database_file.exists():
            return {}
        try:
            with closing(sqlite3.connect(f"file:{database_file}?mode=ro", uri=True)) as database:
                rows = database.execute("SELECT value FROM fact WHERE name = ?", [name]).fetchall()
        except sqlite3.OperationalError:
            return {}
        found = msgspec.msgpack.decode(rows[0][0]) if rows else None
        return dict(found) if isinstance(found, dict) else {}

    def computer(self) -> dict[str, Any]:
        """The device as the console's API shows it."""
        return dict(self.prepared.browser.api("GET", f"{self.prepared.stack.console}/api/v1/devices/{self.device}"))

    def seats(self) -> list[str]:
        """The states of the seats that Licensing lists."""
        page = self.prepared.browser.open(f"{self.prepared.stack.licensing}/seats/?export=csv")
        return [row["State"] for row in csv.DictReader(io.StringIO(page.text.lstrip("\ufeff")))]


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Iterator[Scene]:
    folder = machine_folder()
    with ExitStack() as ends, ThreadPoolExecutor() as aside:
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        making = aside.submit(make, folder)
        ends.callback(lambda: making.result()[0].stop())
        prepared = prepare(stack)
        ends.callback(prepared.browser.close)
        yield Scene(prepared, *making.result())


def make(folder: Path) -> tuple[WineMachine, Package, Package]:
    """A machine, and two versions of the package."""
    now = datetime.now(UTC)
    signer = signer_for_tests(folder / "authority", now)
    first, second = (
        package_build(ENDPOINT, version, out=folder, signer=signer, now=now) for version in ("1.0.0", "1.0.1")
    )
    windows = WineMachine(folder / "wine", runtime_ready(folder / "work")[1])
    windows.start()
    return windows, first, second


def test_one_command_makes_it_a_licensed_computer(scene: Scene, record_property: Any) -> None:
    begun = time.monotonic()
    files = scene.settings_put()
    scene.install(scene.first)
    for file in files:
        file.unlink()  # What is not given later stays as it was.
    wait_until("joining", lambda: bool(scene.fact("agent", "identity")), PATIENCE_SECONDS)
    scene.device = str(uuid.UUID(scene.fact("agent", "identity")["device"]))
    wait_until("its seat", lambda: scene.computer()["protection"] == "TEST_RULES", PATIENCE_SECONDS)
    record_property("seconds from msiexec to licensed", round(time.monotonic() - begun, 1))
    assert scene.computer()["os_name"].startswith("Windows")
    assert scene.seats() == ["In use"]


def test_a_task_finds_the_test_file_and_it_is_gone(scene: Scene) -> None:
    path = scene.windows.disk / "users" / "Public" / "Rechnung März.com"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EICAR)
    params = {"targets": [r"C:\users\Public"], "is_quarantining": True}
    body = {"kind": "SCAN", "params": params, "devices": [scene.device]}
    scene.prepared.browser.api("POST", f"{scene.prepared.stack.console}/api/v1/tasks", body)
    wait_until("the detection", lambda: bool(scene.prepared.rows("/detections/")), PATIENCE_SECONDS)
    assert not path.exists()


def test_it_obeys_a_policy(scene: Scene) -> None:
    scene.prepared.policy_change(r"C:\Left out\**")
    exclusions = lambda: scene.fact("endpoint", "policy_settings").get("scan.exclusions", [])  # noqa: E731
    wait_until("its obedience", lambda: r"C:\Left out\**" in exclusions(), PATIENCE_SECONDS)


def test_a_killed_endpoint_comes_back(scene: Scene) -> None:
    lock = scene.windows.data / "run" / "endpoint.lock"
    before = lock.read_text()
    assert scene.windows.run("taskkill", "/f", "/pid", before)[0] == 0
    wait_until("another endpoint", lambda: lock.read_text() not in ("", before), PATIENCE_SECONDS)


def test_a_newer_package_keeps_device_and_seat(scene: Scene) -> None:
    seen = scene.computer()["last_seen_at"]
    scene.install(scene.second)
    assert scene.windows.registry(r"SOFTWARE\Seatkeep")["Version"] == "1.0.1"
    wait_until("its return", lambda: scene.computer()["last_seen_at"] > seen, PATIENCE_SECONDS)
    assert uuid.UUID(scene.fact("agent", "identity")["device"]) == uuid.UUID(scene.device)
    assert scene.seats() == ["In use"]


def test_removal_leaves_nothing_and_gives_the_seat_back(scene: Scene) -> None:
    assert scene.windows.msiexec("/x", scene.windows.path(scene.second.path)) == 0, scene.windows.installer_said
    assert not scene.windows.program.exists()
    assert not scene.windows.data.exists()
    assert scene.windows.service_state() == ""
    assert scene.seats() == ["Given back"]
