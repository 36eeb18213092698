"""A lean HTTP/1.1 client for load: keep-alive, one request at a time per connection.

httpx costs about a millisecond per request, so it would measure itself; this one costs a few dozen microseconds.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from seatkeep_bench.errors import BenchError


@dataclass(frozen=True)
class Reply:
    """What came back, and how long it took in seconds."""

    status: int
    body: bytes
    seconds: float


async def pour(
    url: str,
    bodies: Iterable[bytes],
    *,
    context: ssl.SSLContext | None,
    connections: int,
    content_type: str,
    sources: Sequence[str] = (),
) -> tuple[list[Reply], float]:
    """Post every body, as fast as `connections` connections can.

    Args:
        url: One address.
        bodies: The request bodies.
        context: TLS trust; None for plain HTTP inside the machine.
        connections: How many connections.
        content_type: Of the bodies.
        sources: Loopback addresses that the connections come from in turn; empty leaves it to the system. What is
            limited per address stands for many places this way.

    Returns:
        The replies, and the seconds from the first request to the last reply; connecting is not counted.

    Raises:
        BenchError: The server hung up or does not speak HTTP/1.1 with Content-Length.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if context else 80)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {content_type}\r\nContent-Length: "
    streams = await asyncio.gather(
        *(
            asyncio.open_connection(
                parts.hostname, port, ssl=context, local_addr=(sources[number % len(sources)], 0) if sources else None
            )
            for number in range(connections)
        )
    )
    waiting, replies = iter(bodies), list[Reply]()
    begun = time.perf_counter()
    await asyncio.gather(*(_one(reader, writer, head.encode(), waiting, replies) for reader, writer in streams))
    seconds = time.perf_counter() - begun
    for _, writer in streams:
        writer.close()
    return replies, seconds


async def drip(
    url: str, bodies: Sequence[bytes], *, per_second: float, connections: int, content_type: str
) -> list[Reply]:
    """Post a body at each of evenly spaced moments, whether or not earlier ones were answered (an open loop).

    A reply's `seconds` run from the moment at which its request was due, so that waiting for a connection counts.

    Raises:
        BenchError: As `pour`.
    """
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {content_type}\r\nContent-Length: "
    streams = await asyncio.gather(
        *(asyncio.open_connection(parts.hostname, parts.port or 80) for _ in range(connections))
    )
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    replies: list[Reply] = []
    workers = [
        asyncio.create_task(_answer_due(reader, writer, head.encode(), due, replies)) for reader, writer in streams
    ]
    begun = time.perf_counter() + 0.1
    for number, body in enumerate(bodies):
        moment = begun + number / per_second
        if (early := moment - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        due.put_nowait((moment, body))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    for _, writer in streams:
        writer.close()
    return replies


async def _answer_due(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    head: bytes,
    due: asyncio.Queue[tuple[float, bytes] | None],
    replies: list[Reply],
) -> None:
    while (one := await due.get()) is not None:
        moment, body = one
        writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        try:
            status, answer = await _read(reader)
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            raise BenchError(f"The server hung up or answered nonsense: {error!r}") from error
        replies.append(Reply(status, answer, time.perf_counter() - moment))


async def _one(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    head: bytes,
    waiting: Iterator[bytes],
    replies: list[Reply],
) -> None:
    for body in waiting:
        begun = time.perf_counter()
        writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        try:
            status, answer = await _read(reader)
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            raise BenchError(f"The server hung up or answered nonsense: {error!r}") from error
        replies.append(Reply(status, answer, time.perf_counter() - begun))


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    status = int(lines[0].split(b" ", 2)[1])
    headers = dict(line.lower().split(b": ", 1) for line in lines[1:] if b": " in line)
    if headers.get(b"transfer-encoding") == b"chunked":
        return status, await _chunks(reader)
    return status, await reader.readexactly(int(headers.get(b"content-length", b"0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readline()
    return body
