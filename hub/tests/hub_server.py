"""Granian as production runs it, on the test's database, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
from seatkeep_launcher.ports import find_free_port

START_SECONDS = 60


@contextmanager
def granian(folder: Path, *words: str, **environment: str) -> Iterator[str]:
    """Serve until the block ends; gives the address.

    Args:
        words: Options and the application, as on the command line.
        environment: Settings beside those of this process; the database is the test's.
    """
    port, log = find_free_port(), folder / "granian.log"
    command = [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *words]
    settings = {**os.environ, "SEATKEEP_HUB_DATABASE_URL": _database_url(), **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=settings, stdout=output, stderr=output)
    try:
        _await_healthy(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _database_url() -> str:
    from django.db import connection

    found = connection.get_connection_params()
    user, password = quote(str(found["user"])), quote(str(found.get("password", "")))
    return f"postgresql://{user}:{password}@{quote(str(found['host']), safe='')}:{found['port']}/{found['dbname']}"


def _await_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/healthz", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())
