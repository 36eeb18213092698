"""Through the server that runs in production: Granian on a socket, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict
from seatkeep_launcher.ports import find_free_port
from seatkeep_license.encoding import seconds_of
from seatkeep_webkit import clock

pytestmark = pytest.mark.services

DEVICE_URL = "https://licensing.test:8443"
JOSE = {"Content-Type": "application/jose"}
LATE = timedelta(minutes=10)
"""More than the two minutes that clocks may differ."""


@pytest.fixture
def server(world: Any, database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """The fast path on the test's database."""
    port, found = find_free_port(), conninfo_to_dict(database_url)
    user, password = quote(str(found["user"])), quote(str(found.get("password", "")))
    address = f"postgresql://{user}:{password}@{quote(str(found['host']), safe='')}:{found['port']}/{found['dbname']}"
    environment = {**os.environ, "SEATKEEP_HUB_DATABASE_URL": address, "SEATKEEP_LICENSING_DEVICE_URL": DEVICE_URL}
    command = [
        sys.executable, "-m", "granian", "--interface", "rsgi", "--loop", "uvloop", "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1", "--no-ws", "seatkeep_hub.fast.app:app",
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=JOSE, timeout=30, trust_env=False) as client:
        try:
            await_healthy(client, process, tmp_path / "log")
            yield client
        finally:
            process.terminate()
            process.wait(30)


def await_healthy(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/healthz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_what_is_over_is_refused_and_what_is_fresh_is_taken(server: httpx.Client, world: Any, device: Any) -> None:
    pc, now = device(), clock.now()
    over = pc.by_ticket(world, iat=seconds_of(now - timedelta(days=2)), exp=seconds_of(now - LATE))
    assert code(server.post("/activate/v1/activate", content=over)) == (403, "ticket_expired")
    stale = pc.activate(license_key=world.key, at=now - LATE)
    assert code(server.post("/activate/v1/activate", content=stale)) == (401, "clock_skew")
    held = server.post("/activate/v1/activate", content=pc.by_ticket(world))
    assert held.status_code == 201
    seat, lease = held.json()["seat"], held.json()["lease"]
    late = server.post("/activate/v1/renew", content=pc.renew(seat, lease, at=now - LATE))
    assert code(late) == (401, "clock_skew")
    assert abs(late.json()["server_time_us"] / 1e6 - clock.now().timestamp()) < 60
    assert server.post("/activate/v1/renew", content=pc.renew(seat, lease)).status_code == 200
