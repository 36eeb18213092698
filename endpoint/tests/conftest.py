"""Fixtures of the endpoint's tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from seatkeep_endpoint.engines.base import Engine
from seatkeep_endpoint.engines.choice import yara_engine
from seatkeep_endpoint.platforms import platform
from seatkeep_endpoint.quarantine import Quarantine
from seatkeep_endpoint.store import Store

sys.path.insert(0, str(Path(__file__).parent))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "endpoint.db")
    yield made
    made.close()


@pytest.fixture
def quarantine(store: Store, tmp_path: Path) -> Quarantine:
    folder = tmp_path / "quarantine"
    folder.mkdir()
    return Quarantine(folder, store, platform().files)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return yara_engine(tmp_path / "no-rules")


@pytest.fixture
def eicar() -> bytes:
    return EICAR


@pytest.fixture
def now() -> datetime:
    return NOW
