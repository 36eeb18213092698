"""Through the server that runs in production: Granian on a socket, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hub_server import granian
from seatkeep_license.encoding import seconds_of
from seatkeep_webkit import clock

pytestmark = pytest.mark.services

DEVICE_URL = "https://licensing.test:8443"
JOSE = {"Content-Type": "application/jose"}
LATE = timedelta(minutes=10)
"""More than the two minutes that clocks may differ."""


@pytest.fixture
def server(world: Any, tmp_path: Path) -> Iterator[httpx.Client]:
    """The fast path on the test's database."""
    words = ("--interface", "rsgi", "--loop", "uvloop", "--no-ws", "seatkeep_hub.fast.app:app")
    with (
        granian(tmp_path, *words, SEATKEEP_LICENSING_DEVICE_URL=DEVICE_URL) as url,
        httpx.Client(base_url=url, headers=JOSE, timeout=30, trust_env=False) as client,
    ):
        yield client


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
