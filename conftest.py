"""One real PostgreSQL for a whole test run; workers of pytest-xdist share it and make databases of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.postgres import Postgres

_server: Postgres | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL unless a worker of this run or SEATKEEP_TEST_POSTGRES_URL already has one."""
    global _server
    if "SEATKEEP_TEST_POSTGRES_URL" in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="seatkeep-test-pg-"))
    _server = Postgres(folder=folder, port=find_free_port(), is_durable=False)
    _server.start()
    os.environ["SEATKEEP_TEST_POSTGRES_URL"] = _server.url()
    os.environ.setdefault("SEATKEEP_HUB_DATABASE_URL", _server.url("hub"))
    os.environ.setdefault("SEATKEEP_MANAGER_DATABASE_URL", _server.url("manager"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started."""
    if _server is not None:
        _server.stop()
        shutil.rmtree(_server.folder)
