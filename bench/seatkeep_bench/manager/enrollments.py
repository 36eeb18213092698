"""Devices that join by one deployment key: real keys, real TLS, through the front door."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import Sequence

import msgspec
import psycopg
from seatkeep_protocol.enrollment import request_body

from seatkeep_bench.errors import BenchError
from seatkeep_bench.hose import Reply, pour
from seatkeep_bench.identity import Identity, Persona
from seatkeep_bench.results import Better, Row, row
from seatkeep_bench.stack import Stack
from seatkeep_bench.stats import percentile
from seatkeep_bench.web import enroll_request

GOAL_PER_SECOND = 400
CONNECTIONS = 32
SOURCES = [f"127.0.{place}.{number}" for place in (10, 11) for number in range(1, 33)]
"""Devices stand in many places: 600 requests a minute are let in per address."""
SIGNED_AT_ONCE = 500
"""A request is taken for two minutes after it was signed."""
FLOOR_ROWS = 500
_FLOOR = "INSERT INTO bench_floor_device (uid, group_id, fingerprint, at) VALUES (gen_random_uuid(), 1, %s, now())"


def enroll(
    stack: Stack, name: str, *, seed: str, first: int, count: int, growth_of: float | None = None
) -> tuple[Row, list[tuple[int, bytes]]]:
    """Let devices in; requests are signed before the clock starts.

    Args:
        stack: Whose deployment key is used.
        name: Of the row.
        seed: Makes the devices' keys.
        first: Number of the first device.
        count: How many.
        growth_of: Devices per second with fewer devices there.

    Returns:
        The row, and number and answer of each device.

    Raises:
        BenchError: One was not let in.
    """
    replies, answers, seconds = list[Reply](), list[tuple[int, bytes]](), 0.0
    for start in range(first, first + count, SIGNED_AT_ONCE):
        numbers = range(start, min(start + SIGNED_AT_ONCE, first + count))
        came, took = _joined(stack, [Identity(seed, number, Persona.WORKSTATION) for number in numbers])
        replies += [reply for _, reply in came]
        answers += [(number, reply.body) for number, reply in came]
        seconds += took
    value = count / seconds
    measured = row(
        name,
        value=value,
        unit="/s",
        better=Better.HIGHER,
        goal=GOAL_PER_SECOND,
        floor=inserted_per_second(stack.manager_database),
        p50=percentile((reply.seconds for reply in replies), 0.50),
        p99=percentile((reply.seconds for reply in replies), 0.99),
        growth=growth_of / value if growth_of else None,
    )
    return measured, answers


def _joined(stack: Stack, devices: Sequence[Identity]) -> tuple[list[tuple[int, Reply]], float]:
    """Let devices in whose requests are signed before the clock starts; each one's number and reply, and the seconds.

    Raises:
        BenchError: One was not let in.
    """
    numbers = {device.nkey_public: device.number for device in devices}
    bodies = [json.dumps(request_body(stack.key, enroll_request(device, stack.console_url))) for device in devices]
    replies, seconds = asyncio.run(
        pour(
            f"{stack.console_url}/agent/v1/enroll",
            [body.encode() for body in bodies],
            context=stack.context(),
            connections=min(CONNECTIONS, len(devices)),
            content_type="application/json",
            sources=SOURCES,
        )
    )
    _all_in(replies)
    return [(numbers[nkey_of(reply.body)], reply) for reply in replies], seconds


def nkey_of(answer: bytes) -> str:
    """The broker key that an enrollment's answer is for, out of its user JWT."""
    jwt = str(msgspec.json.decode(answer)["nats"]["jwt"])
    return str(msgspec.json.decode(_decoded(jwt.split(".")[1]))["sub"])


def _decoded(text: str) -> bytes:

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _all_in(replies: Sequence[Reply]) -> None:
    statuses = Counter(reply.status for reply in replies)
    if set(statuses) != {200}:
        refused = next(reply for reply in replies if reply.status != 200)
        raise BenchError(f"Answered {dict(statuses)}: {refused.body[:200]!r}")


def inserted_per_second(database: str) -> float:
    """The floor: device-shaped rows, each committed by itself on one connection."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_floor_device")
        connection.execute(
            "CREATE TABLE bench_floor_device (id bigserial PRIMARY KEY, uid uuid UNIQUE NOT NULL,"
            " group_id bigint NOT NULL, fingerprint jsonb NOT NULL, at timestamptz NOT NULL)"
        )
        begun = time.perf_counter()
        for number in range(FLOOR_ROWS):
            connection.execute(_FLOOR, [json.dumps({"machine_id": str(number)})])
        seconds = time.perf_counter() - begun
        connection.execute("DROP TABLE bench_floor_device")
    return FLOOR_ROWS / seconds
