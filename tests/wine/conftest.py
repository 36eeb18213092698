"""One Windows machine for all tests of this folder."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from source_machine import SourceMachine, machine_folder, why_left_out  # found by the path above


@pytest.fixture(scope="session")
def windows() -> Iterator[SourceMachine]:
    """A Windows machine with this source."""
    if why := why_left_out():
        pytest.skip(why)
    folder = machine_folder()
    machine = SourceMachine(folder)
    machine.prepare()
    yield machine
    machine.stop()
    shutil.rmtree(folder, ignore_errors=True)
