"""`seatkeep-agent supervise` ends when it is told to, whatever its child is at."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from seatkeep_agent.platforms import platform
from seatkeep_agent.supervisor import supervise

pytestmark = pytest.mark.timeout(60)
NOTE = "from pathlib import Path; note = Path(r'{starts}').open('a'); note.write('started\\n'); note.close()\n"


def program(folder: Path, then: str) -> list[str]:
    """Stands for the agent: notes each start."""
    script = folder / "agent.py"
    script.write_text(f"{NOTE.format(starts=folder / 'starts')}{then}\n")
    return [sys.executable, str(script)]


def starts(folder: Path) -> int:
    path = folder / "starts"
    return len(path.read_text().splitlines()) if path.exists() else 0


async def until_started(folder: Path) -> None:
    while starts(folder) == 0:  # noqa: ASYNC110  # another process makes it so
        await asyncio.sleep(0.05)


async def test_a_child_is_asked_to_end_and_not_started_again(tmp_path: Path) -> None:
    agent = """
import asyncio
from seatkeep_machine import machine

async def main():
    asked = asyncio.Event()
    with machine().stop_requests(asked.set, is_with_input=False):
        await asked.wait()
    raise SystemExit(7)

asyncio.run(main())
"""
    supervising = asyncio.create_task(supervise(program(tmp_path, agent), platform()))
    await until_started(tmp_path)
    platform().ask_to_end(os.getpid())
    await supervising
    assert starts(tmp_path) == 1


async def test_it_ends_while_it_waits_to_start_a_crashing_child_again(tmp_path: Path) -> None:
    supervising = asyncio.create_task(supervise(program(tmp_path, "raise SystemExit(3)"), platform()))
    await until_started(tmp_path)
    platform().ask_to_end(os.getpid())
    await supervising
    assert starts(tmp_path) <= 2


async def test_a_crashed_child_is_started_again_until_it_ends_in_order(tmp_path: Path) -> None:
    then = f"raise SystemExit(3 if len(Path(r'{tmp_path / 'starts'}').read_text().splitlines()) < 2 else 0)"
    await supervise(program(tmp_path, then), platform())
    assert starts(tmp_path) == 2
