"""`seatkeep-agent supervise` ends when it is told to, whatever its child is at."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from seatkeep_agent import setup


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the agent: notes each start; dies of SIGTERM, as one does that has not yet taken hold of it."""
    script = tmp_path / "agent"
    script.write_text(f"#!/bin/sh\necho started >> {tmp_path}/starts\nexec sleep 30\n")
    script.chmod(0o755)
    monkeypatch.setattr(setup, "program_command", lambda *_: [str(script)])
    return script


def starts(program: Path) -> int:
    return len((program.parent / "starts").read_text().splitlines())


def told_to_end_after(seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    return timer


@pytest.mark.timeout(20)
def test_a_child_that_dies_of_the_signal_is_not_started_again(program: Path, tmp_path: Path) -> None:
    told_to_end_after(0.5)
    assert setup.supervise(tmp_path) == 0
    assert starts(program) == 1


@pytest.mark.timeout(20)
def test_it_ends_while_it_waits_to_start_a_crashing_child_again(program: Path, tmp_path: Path) -> None:
    program.write_text(f"#!/bin/sh\necho started >> {tmp_path}/starts\nexit 3\n")
    told_to_end_after(0.7)
    assert setup.supervise(tmp_path) == 0
    assert starts(program) <= 2


def test_a_crashed_child_is_started_again(program: Path, tmp_path: Path) -> None:
    program.write_text(f"#!/bin/sh\necho started >> {tmp_path}/starts\n[ $(wc -l < {tmp_path}/starts) -gt 1 ]\n")
    assert setup.supervise(tmp_path) == 0
    assert starts(program) == 2
