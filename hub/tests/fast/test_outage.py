"""PostgreSQL goes away in the middle: a clear 503, and everything works again by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from hub_rsgi import RsgiTransport
from seatkeep_hub.fast.app import FastApp
from seatkeep_hub.fast.settings import Settings
from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.postgres import Postgres

pytestmark = pytest.mark.services

KEYS_TABLE = """
CREATE TABLE licensing_leasekey (
    id bigint GENERATED ALWAYS AS IDENTITY, kid text UNIQUE, public_key bytea, seed_encrypted bytea, state text,
    created_at timestamptz, retired_at timestamptz
)
"""


@pytest.fixture
def server() -> Iterator[Postgres]:
    folder = Path("/var/tmp") / f"seatkeep-outage-{os.getpid()}"
    server = Postgres(folder=folder, port=find_free_port())
    server.start()
    server.create_database("hub")
    with psycopg.connect(server.url("hub")) as connection:
        connection.execute(KEYS_TABLE)
    yield server
    server.stop()
    shutil.rmtree(folder)


async def eventually_ok(http: httpx.AsyncClient, path: str) -> bool:
    for _ in range(60):
        if (await http.get(path)).status_code == 200:
            return True
        await asyncio.sleep(0.25)
    return False


async def test_killed_postgresql_is_a_503_and_then_everything_recovers(server):
    app = FastApp(Settings(server.url("hub"), "https://licensing.test:8443", "http://licensing.test:8080"))
    path = "/.well-known/seatkeep-keys.json"
    async with httpx.AsyncClient(transport=RsgiTransport(app), base_url="http://fast") as http:
        before = (await http.get(path)).json()
        server.kill()
        answer = await http.get("/healthz")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer.headers["retry-after"]) > 0
        server.start()
        assert await eventually_ok(http, "/healthz")
        assert (await http.get(path)).json() == before
        assert len(before["keys"]) == 2
    await app.stop()


async def test_a_database_that_is_down_at_start_is_found_later(server):
    server.stop()
    app = FastApp(Settings(server.url("hub"), "https://licensing.test:8443", "http://licensing.test:8080"))
    async with httpx.AsyncClient(transport=RsgiTransport(app), base_url="http://fast") as http:
        assert (await http.get("/healthz")).status_code == 503
        server.start()
        assert await eventually_ok(http, "/healthz")
    await app.stop()
