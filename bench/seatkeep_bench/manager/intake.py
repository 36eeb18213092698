"""What ingest takes in: telemetry, events that must not be lost, inventories. All through the devices' connections."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from nats.aio.client import Client
from psycopg import sql
from seatkeep_protocol.ids import parts
from seatkeep_protocol.subjects import Stream, consumer_name

from seatkeep_bench.errors import BenchError
from seatkeep_bench.floors import copied_rows_per_second, published_per_second
from seatkeep_bench.manager.crowds import Crowds
from seatkeep_bench.provision import BenchStack, stack_reports
from seatkeep_bench.results import Better, Row, row
from seatkeep_bench.sheet import Tell
from seatkeep_bench.stack import Stack

PATIENCE_SECONDS = 300
POLL_SECONDS = 0.02
FLOOR_CONNECTIONS = 8
FLOOR_MESSAGES = 20_000


class Intake:
    """The rows about messages of devices."""

    def __init__(self, bench: BenchStack, crowds: Crowds, tell: Tell) -> None:
        """Take a running stack and its connected devices."""
        self._bench, self._crowds, self._tell = bench, crowds, tell

    def telemetry(self, count: int) -> Row:
        """Heartbeats that wait in the stream, as after an outage: how fast one ingest takes them in.

        Sending them costs more than taking them in on a machine that does both, so that is done before.
        """
        size = max(self._crowds.shared("prepare", count, what="heartbeat"))
        asyncio.run(drained(self._bench.stack, Stream.TEL))
        with self._paused():
            self._send(count)
            used, begun = processor_seconds(self._ingest()), time.monotonic()
        seconds, cpu = self._until_drained(Stream.TEL, begun, used)
        self._tell(f"  ingest used {cpu / count * 1e6:.0f} µs of processor time per heartbeat of {size} bytes")
        floor = self._floor(count, size)
        return row(
            "telemetry", value=count / seconds, unit="/s", better=Better.HIGHER, goal=20_000, floor=floor,
        )  # fmt: skip

    def events(self, count: int) -> Row:
        """Detections, each acknowledged once it is on disk, until each stands in its table; none may be lost."""
        before = self._count("detections_detection")
        size = max(self._crowds.shared("prepare", count, what="detection"))
        used = processor_seconds(self._ingest())
        begun = self._send(count)
        seconds, cpu = self._until_drained(Stream.EVT, begun, used)
        stored = self._count("detections_detection") - before
        if stored != count:
            raise BenchError(f"{count} events were acknowledged, {stored} are stored.")
        self._tell(f"  ingest used {cpu / count * 1e6:.0f} µs of processor time per event of {size} bytes")
        floor = self._floor(count, size)
        return row("events", value=count / seconds, unit="/s", better=Better.HIGHER, goal=3_000, floor=floor)

    def inventory(self, count: int, items: int) -> Row:
        """Inventories of which every program differs from the one before."""
        size = max(self._crowds.shared("prepare", count, what="inventory", items=items))
        used = processor_seconds(self._ingest())
        begun = self._send(count)
        seconds, cpu = self._until_drained(Stream.TEL, begun, used)
        self._tell(f"  ingest used {cpu / count * 1e6:.0f} µs of processor time per inventory of {size} bytes")
        floor = copied_rows_per_second(self._bench.stack.manager_database, [b"\0" * size] * count)
        return row("inventory", value=count / seconds, unit="/s", better=Better.HIGHER, goal=300, floor=floor)

    def _send(self, count: int) -> float:
        """Send what was prepared; returns when the first was sent.

        Raises:
            BenchError: The stream refused one.
        """
        sent = self._crowds.all("send")
        if (stored := sum(one for one, _ in sent)) != count:
            raise BenchError(f"{count} messages were sent, {stored} acknowledged.")
        return float(min(begun for _, begun in sent))

    def _until_drained(self, stream: Stream, begun: float, used: float) -> tuple[float, float]:
        """Seconds from `begun` until all is taken in, and ingest's processor seconds beyond those `used` before."""
        asyncio.run(drained(self._bench.stack, stream))
        return time.monotonic() - begun, processor_seconds(self._ingest()) - used

    @contextmanager
    def _paused(self) -> Iterator[None]:
        pid = self._ingest()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def _ingest(self) -> int:
        reports = stack_reports(self._bench.process.data)
        return int(next(one["pid"] for one in reports if one["name"] == "manager-ingest"))

    def _count(self, table: str) -> int:
        with psycopg.connect(self._bench.stack.manager_database) as connection:
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            found = connection.execute(query).fetchone()
        return int(found[0]) if found else 0

    def _floor(self, count: int, size: int) -> float:
        """The slower of raw NATS, on a subject without a stream, and raw COPY into the same server."""
        bodies = [b"\0" * size] * min(count, FLOOR_MESSAGES)

        async def published() -> float:
            clients = [await self._bench.stack.broker() for _ in range(FLOOR_CONNECTIONS)]
            try:
                return await published_per_second(clients, "sk.bench.floor", bodies)
            finally:
                for client in clients:
                    await client.close()

        return min(asyncio.run(published()), copied_rows_per_second(self._bench.stack.manager_database, bodies))


async def drained(stack: Stack, stream: Stream) -> None:
    """Wait until everything of a stream is taken in.

    Raises:
        BenchError: Something is not within five minutes.
    """
    broker = await stack.broker()
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while await _waiting(broker, stream):
            if time.monotonic() > deadline:
                raise BenchError(f"Ingest did not take in everything within {PATIENCE_SECONDS} s.")
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await broker.close()


async def _waiting(broker: Client, stream: Stream) -> bool:
    """Whether a consumer has something that it has not acknowledged."""
    jetstream = broker.jetstream()
    for part in parts():
        info = await jetstream.consumer_info(stream.stream_name, consumer_name(part))
        if (info.num_pending or 0) + (info.num_ack_pending or 0):
            return True
    return False


def processor_seconds(pid: int) -> float:
    """Processor time of a process with all its threads so far (Linux), to the nanosecond.

    Source:
        proc_pid_schedstat(5): the first number of each thread, nanoseconds on a processor.
    """
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
