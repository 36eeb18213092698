"""Packages are built once for all tests, into build/; Wine machines live there too and are thrown away."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from seatkeep_packaging.build import Package, package_build, runtime_ready
from seatkeep_packaging.editions import AGENT, ENDPOINT, ROOT
from seatkeep_packaging.signing import test_signer as signer_for_tests

sys.path.insert(0, str(Path(__file__).parent))

from wine_machine import DEBIAN, WineMachine, missing_tools  # found by the path above

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SCRATCH = ROOT / "build" / "packaging-tests"


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder of this process below build/."""
    folder = SCRATCH / str(os.getpid())
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def tools() -> None:
    """Everything that builds and tries Windows packages."""
    if missing := missing_tools():
        pytest.skip(f"no {', '.join(missing)}: apt-get install {DEBIAN}")


@pytest.fixture(scope="session")
def packages(tools: None, scratch: Path) -> dict[str, Package]:
    """The agent's package, and both of the next version."""
    signer = signer_for_tests(scratch / "authority", NOW)
    return {
        "agent": package_build(AGENT, "1.0.0", out=scratch, signer=signer, now=NOW),
        "newer": package_build(ENDPOINT, "1.0.1", out=scratch, signer=signer, now=NOW),
    }


@pytest.fixture(scope="module")
def windows(tools: None, scratch: Path) -> Iterator[WineMachine]:
    """A fresh Windows machine."""
    _, python = runtime_ready(scratch / "work")
    machine = WineMachine(scratch / "wine", python)
    machine.start()
    yield machine
    machine.stop()
