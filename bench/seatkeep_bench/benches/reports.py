"""Agent reports per second, from devices' own connections through the stream into PostgreSQL.

A report counts as arrived when its consumer has acknowledged it, which ingest does after its commit.
"""

from __future__ import annotations

import asyncio
import time
import uuid

from nats.aio.client import Client
from nats.aio.msg import Msg
from seatkeep_protocol.ids import DeviceId, parts
from seatkeep_protocol.messages import message_encode
from seatkeep_protocol.subjects import Kind, Stream, consumer_name, inbox_prefix, up_subject

from seatkeep_bench.clock import now_us
from seatkeep_bench.device import SimulatedDevice
from seatkeep_bench.errors import BenchError
from seatkeep_bench.floors import copied_rows_per_second, published_per_second
from seatkeep_bench.results import Better, Row, row
from seatkeep_bench.stack import Stack
from seatkeep_bench.stats import percentile

GOAL_PER_SECOND = 10_000
WINDOW = 32
FLOOR_CONNECTIONS = 8
PATIENCE_SECONDS = 120
POLL_SECONDS = 0.02


async def reports(stack: Stack, devices: list[SimulatedDevice], count: int) -> Row:
    """Measure about `count` heartbeats, shared evenly by connected devices.

    Raises:
        BenchError: A report was refused, or the consumers did not come to an end within 120 s.
    """
    each = max(1, count // len(devices))
    broker = await stack.broker()
    await _drained(broker)
    messages = {id(device): _heartbeats(device, each) for device in devices}
    delays: list[float] = []
    begun = time.perf_counter()
    await asyncio.gather(*(_send_all(device, messages[id(device)], delays) for device in devices))
    await _drained(broker)
    seconds = time.perf_counter() - begun
    await broker.close()
    floor = await _floor(stack, [message for several in messages.values() for message in several])
    return row(
        "reports",
        value=each * len(devices) / seconds,
        unit="/s",
        better=Better.HIGHER,
        goal=GOAL_PER_SECOND,
        floor=floor,
        p50=percentile(delays, 0.50),
        p99=percentile(delays, 0.99),
    )


def _heartbeats(device: SimulatedDevice, count: int) -> list[bytes]:
    spool = uuid.uuid4()
    return [
        message_encode(
            device.heartbeat(),
            device=device.device or "",
            spool=spool,
            seq=number + 1,
            at_us=now_us(),
            message_id=uuid.uuid4(),
        )
        for number in range(count)
    ]


async def _send_all(device: SimulatedDevice, messages: list[bytes], delays: list[float]) -> None:
    """Publish with at most 32 reports unacknowledged, and wait for the last acknowledgement."""
    client, hex_id = device.client, device.device or ""
    inbox = f"{inbox_prefix(hex_id)}.bench"
    room, sent_at = asyncio.Semaphore(WINDOW), dict[str, float]()

    async def on_ack(message: Msg) -> None:
        delays.append(time.perf_counter() - sent_at.pop(message.subject))
        room.release()
        if b'"error"' in message.data:
            raise BenchError(f"The stream refused a report: {message.data[:200]!r}")

    subscription = await client.subscribe(f"{inbox}.*", cb=on_ack)
    subject = up_subject(DeviceId(hex_id), Kind.HEARTBEAT)
    for number, message in enumerate(messages):
        await room.acquire()
        reply = f"{inbox}.{number}"
        sent_at[reply] = time.perf_counter()
        await client.publish(subject, message, reply=reply)
    for _ in range(WINDOW):
        await asyncio.wait_for(room.acquire(), PATIENCE_SECONDS)
    await subscription.unsubscribe()


async def _drained(broker: Client) -> None:
    """Wait until every telemetry consumer has acknowledged everything."""
    stream = broker.jetstream()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        infos = [await stream.consumer_info(Stream.TEL.stream_name, consumer_name(part)) for part in parts()]
        if not any((info.num_pending or 0) + (info.num_ack_pending or 0) for info in infos):
            return
        await asyncio.sleep(POLL_SECONDS)
    raise BenchError("Ingest did not take in everything within 120 s.")


async def _floor(stack: Stack, messages: list[bytes]) -> float:
    """Return the slower of raw NATS publishing, on a subject without a stream, and raw COPY into the same server."""
    clients = [await stack.broker() for _ in range(FLOOR_CONNECTIONS)]
    published = await published_per_second(clients, "sk.bench.floor", messages)
    for client in clients:
        await client.close()
    copied = await asyncio.to_thread(copied_rows_per_second, stack.manager_database, messages)
    return min(published, copied)
