"""The thin true path on Windows: agent and endpoint run from this source by the official CPython under Wine.

They join a running stack over TLS, take a seat, find and quarantine a test file, and obey a policy. What Wine cannot
show is in docs/reference/windows.md; the package is tried by packaging/tests.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from .conftest import ROOT, Stack
from .prepared import Prepared, prepare
from .waiting import wait_until

sys.path.insert(0, str(ROOT / "tests" / "wine"))

from source_machine import SourceMachine, machine_folder, why_left_out  # found by the path above

pytestmark = [
    pytest.mark.services,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(why_left_out()), reason=why_left_out() or "Wine is here"),
]

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OWN_RULE = 'rule own { strings: $mark = "a mark of our own" condition: $mark }'
WINDOWS_ROOT = r"C:\Seatkeep Föld"
AS_PROGRAM = """
import json, os, runpy, sys
os.environ.update(json.loads(sys.argv[1]))
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@dataclass
class Scene:
    """What the tests of this file share, in order.

    Attributes:
        windows: The machine.
        said: What set-up said.
        device: The device's id.
    """

    prepared: Prepared
    windows: SourceMachine
    said: str = ""
    device: str = ""

    @property
    def root(self) -> Path:
        """The installation, as Linux sees it."""
        return self.windows.disk / WINDOWS_ROOT.removeprefix("C:\\")

    def agent(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run the agent's program; its exit code and what it said."""
        more = json.dumps({**environment, "SEATKEEP_SERVICE": "none"})
        return self.windows.python("-c", AS_PROGRAM, more, "seatkeep_agent", *arguments, "--root", WINDOWS_ROOT)

    def computer(self) -> dict[str, Any]:
        """The device as the console's API shows it."""
        return dict(self.prepared.browser.api("GET", f"{self.prepared.stack.console}/api/v1/devices/{self.device}"))

    def settings(self) -> dict[str, Any]:
        """The settings that policies set at the endpoint."""
        with closing(sqlite3.connect(f"file:{self.root}/var/endpoint.db?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT value FROM fact WHERE name = 'policy_settings'").fetchall()
        return dict(msgspec.msgpack.decode(rows[0][0])) if rows else {}

    def scan(self, folder: str) -> None:
        """Order a scan of a folder by a task."""
        params = {"targets": [folder], "is_quarantining": True}
        body = {"kind": "SCAN", "params": params, "devices": [self.device]}
        self.prepared.browser.api("POST", f"{self.prepared.stack.console}/api/v1/tasks", body)

    def detections(self) -> list[dict[str, str]]:
        """The console's table of detections."""
        return self.prepared.rows("/detections/")


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Iterator[Scene]:
    folder = machine_folder()
    windows = SourceMachine(folder)
    with ThreadPoolExecutor() as aside:
        installing = aside.submit(windows.prepare)
        prepared = prepare(stack)
    scene = Scene(prepared, windows)
    try:
        installing.result()
        rules = scene.root / "etc" / "rules"
        rules.mkdir(parents=True)
        (rules / "own.yar").write_text(OWN_RULE)
        yield scene
    finally:
        prepared.browser.close()
        windows.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_it_joins_takes_a_seat_and_says_honestly_that_it_scans_only(scene: Scene) -> None:
    ca = scene.windows.path(scene.prepared.ca_file)
    code, scene.said = scene.agent(
        "setup", "--console", scene.prepared.console_for_devices, "--ca", ca, SEATKEEP_KEY=scene.prepared.facts.key
    )
    assert code == 0, scene.said
    assert "scans on demand and by schedule, without on-access protection" in scene.said
    device = re.search(r"device ([0-9a-f-]{36})", scene.said)
    assert device is not None, scene.said
    scene.device = device.group(1)


def test_the_console_knows_it_as_a_windows_computer(scene: Scene) -> None:
    wait_until("the inventory", lambda: scene.computer()["os_name"].startswith("Windows"), 30)
    assert scene.computer()["protection"] == "SCAN_ONLY"


def test_a_task_finds_the_test_file_and_it_is_gone(scene: Scene) -> None:
    path = scene.windows.disk / "users" / "Public" / "Rechnung März.com"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EICAR)
    scene.scan(r"C:\users\Public")
    wait_until("the detection", lambda: bool(scene.detections()), 60)
    (found,) = scene.detections()
    assert found["File"].lower() == r"c:\users\public\rechnung märz.com"
    assert not path.exists()


def test_it_obeys_a_policy(scene: Scene) -> None:
    scene.prepared.policy_change(r"C:\Left out\**")
    wait_until("its obedience", lambda: r"C:\Left out\**" in scene.settings().get("scan.exclusions", []), 30)


def test_a_killed_endpoint_comes_back(scene: Scene) -> None:
    code, said = scene.agent("status")
    assert code == 0, said
    assert "background process" in said
    lock = scene.root / "run" / "endpoint.lock"
    before = lock.read_text()
    assert scene.windows.run("taskkill", "/f", "/pid", before)[0] == 0
    wait_until("another endpoint", lambda: lock.read_text() not in ("", before), 30)


def test_it_leaves_in_order_and_gives_its_seat_back(scene: Scene) -> None:
    code, said = scene.agent("uninstall")
    assert (code, "removed" in said, "not given back" in said) == (0, True, False), said
    assert not (scene.root / "var").exists()
