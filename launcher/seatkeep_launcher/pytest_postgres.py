"""Pytest plugin: a real PostgreSQL, and a keyring that goes with it, for each process of a test run.

Workers of pytest-xdist do not share one: what may be read from a feed or an outbox depends on the oldest transaction of
the whole server, so one worker's tests would hold back another's. It starts before Django's settings are read, because
they want the address.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.postgres import Postgres

_started: list[Postgres] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Start PostgreSQL and tell its address, and where the keyring lies, by the environment."""
    server = Postgres(
        folder=Path(tempfile.mkdtemp(prefix="seatkeep-test-pg-")), port=find_free_port(), is_durable=False
    )
    _started.append(server)
    server.start()
    os.environ["SEATKEEP_TEST_POSTGRES_URL"] = server.url()
    for program in ("hub", "manager"):
        os.environ[f"SEATKEEP_{program.upper()}_DATABASE_URL"] = server.url(program)
    os.environ.setdefault("SEATKEEP_KEYRING", str(server.folder / "keyring"))
    return (yield)


def pytest_unconfigure() -> None:
    """Stop what this process started."""
    while _started:
        server = _started.pop()
        server.stop()
        shutil.rmtree(server.folder)
