"""Floors: what PostgreSQL and NATS alone can do, on the same machine in the same run."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence

import psycopg
from nats.aio.client import Client
from seatkeep_protocol.subjects import BUCKET_STREAM

SEAT_BATCH = 64
_SEAT_TABLE = """
CREATE TABLE bench_floor_seat (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    license_id bigint NOT NULL, product text NOT NULL, device bytea NOT NULL,
    key_thumbprint text NOT NULL, lease_seq bigint NOT NULL DEFAULT 1, at timestamptz NOT NULL,
    UNIQUE (license_id, product, device)
)
"""
_SEAT_UPSERT = """
INSERT INTO bench_floor_seat (license_id, product, device, key_thumbprint, at)
SELECT 1, 'endpoint-workstation', device, 'x', now() FROM unnest(%s::bytea[]) AS device ORDER BY device
ON CONFLICT (license_id, product, device) DO UPDATE SET lease_seq = bench_floor_seat.lease_seq + 1, at = excluded.at
"""
_REPORT_TABLE = "CREATE TABLE bench_floor_report (device uuid NOT NULL, seq bigint NOT NULL, body bytea NOT NULL)"


def seat_upserts_per_second(database: str, count: int) -> float:
    """Return raw seat-shaped upserts per second: batches of 64, one transaction each, one counter row beside them."""
    devices = [uuid.uuid4().bytes for _ in range(count)]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_floor_seat, bench_floor_pool")
        connection.execute(_SEAT_TABLE)
        connection.execute("CREATE TABLE bench_floor_pool (id int PRIMARY KEY, used bigint NOT NULL)")
        connection.execute("INSERT INTO bench_floor_pool VALUES (1, 0)")
        begun = time.perf_counter()
        for start in range(0, count, SEAT_BATCH):
            _seat_batch(connection, devices[start : start + SEAT_BATCH])
        seconds = time.perf_counter() - begun
        connection.execute("DROP TABLE bench_floor_seat, bench_floor_pool")
    return count / seconds


def _seat_batch(connection: psycopg.Connection[tuple[object, ...]], devices: Sequence[bytes]) -> None:
    with connection.transaction():
        connection.execute("SELECT used FROM bench_floor_pool WHERE id = 1 FOR UPDATE")
        connection.execute(_SEAT_UPSERT, [list(devices)])
        connection.execute("UPDATE bench_floor_pool SET used = used + %s WHERE id = 1", [len(devices)])


def copied_rows_per_second(database: str, bodies: Sequence[bytes]) -> float:
    """Return rows per second of one raw COPY of report-shaped rows, commit included."""
    device = uuid.uuid4()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_floor_report")
        connection.execute(_REPORT_TABLE)
        begun = time.perf_counter()
        with connection.cursor().copy("COPY bench_floor_report FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["uuid", "int8", "bytea"])
            for number, body in enumerate(bodies):
                copy.write_row((device, number, body))
        seconds = time.perf_counter() - begun
        connection.execute("DROP TABLE bench_floor_report")
    return len(bodies) / seconds


async def published_per_second(clients: Sequence[Client], subject: str, bodies: Sequence[bytes]) -> float:
    """Return raw NATS publishes per second, flushed, on a subject that no stream keeps and nobody listens to."""
    share = max(1, len(bodies) // len(clients))

    async def one(client: Client) -> None:
        for number in range(share):
            await client.publish(subject, bodies[number])
        await client.flush(timeout=60)

    begun = time.perf_counter()
    await asyncio.gather(*(one(client) for client in clients))
    return share * len(clients) / (time.perf_counter() - begun)


async def pushed_seconds(publisher: Client, listeners: Sequence[Client], subject: str, rounds: int) -> list[float]:
    """Return how long a raw key-value put takes to each of many listeners, seconds.

    Args:
        publisher: May put into the bucket.
        listeners: Connections of devices that may hear `subject`.
        subject: `$KV.state.…` of a key that nobody else uses.
        rounds: How many puts; the time of each to each listener is one value.
    """
    times: list[float] = []
    arrived = asyncio.Queue[None]()
    begun = 0.0

    async def on_push(_: object) -> None:
        times.append(time.perf_counter() - begun)
        arrived.put_nowait(None)

    subscriptions = [await listener.subscribe(subject, cb=on_push) for listener in listeners]
    await asyncio.gather(*(listener.flush(timeout=30) for listener in listeners))
    stream = publisher.jetstream()
    for _ in range(rounds):
        begun = time.perf_counter()
        await stream.publish(subject, b"\0" * 1_000)
        for _listener in listeners:
            await asyncio.wait_for(arrived.get(), 30)
    for subscription in subscriptions:
        await subscription.unsubscribe()
    await stream.purge_stream(BUCKET_STREAM, subject=subject)
    return times
