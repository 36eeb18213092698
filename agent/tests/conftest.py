"""Fixtures of the agent's tests."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest_asyncio
from seatkeep_license.localhost import install_localhost_names

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[2] / "packages" / "machine" / "tests"))
install_localhost_names()

if TYPE_CHECKING:
    from world import World


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    from world import World  # Needs a broker, which there is none of on Windows.

    folder = tmp_path / "world"
    folder.mkdir()
    made = World(folder)
    made.start()
    yield made
    await made.disconnect()
    made.stop()
