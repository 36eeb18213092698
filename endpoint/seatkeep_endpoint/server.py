"""The local socket: frames in, answers and events out."""

from __future__ import annotations

import asyncio
import logging

from seatkeep_protocol.errors import FrameError
from seatkeep_protocol.local import Answer, Event, FrameReader, Request, frame_encode, request_decode

from seatkeep_endpoint.service import EndpointService

log = logging.getLogger(__name__)
READ_BYTES = 64 * 1024
OUTBOX_LIMIT = 2000


class Connection:
    """One agent on the socket. Requests run side by side, so a slow activation does not hold up a cancel.

    Args:
        service: Who answers.
        reader: The socket's input.
        writer: The socket's output.
    """

    def __init__(self, service: EndpointService, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._service, self._reader, self._writer = service, reader, writer
        self._outbox: asyncio.Queue[Answer | Event] = asyncio.Queue(OUTBOX_LIMIT)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Serve until the other side hangs up or talks nonsense."""
        sender = asyncio.create_task(self._send())
        self._service.news.subscribe(self._enqueue)
        for event in self._service.news.unseen():
            self._enqueue(event)
        try:
            await self._receive()
        except (FrameError, OSError) as error:
            log.warning("local connection closed: %s", error)
        finally:
            self._service.news.unsubscribe(self._enqueue)
            sender.cancel()
            self._writer.close()

    async def _receive(self) -> None:
        frames = FrameReader()
        while data := await self._reader.read(READ_BYTES):
            for payload in frames.feed(data):
                task = asyncio.create_task(self._answer(request_decode(payload)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: Request) -> None:
        self._enqueue(await self._service.answer(request))

    def _enqueue(self, message: Answer | Event) -> None:
        """Queue a message; an agent that does not read is cut off (durable news are told again later)."""
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:
            self._writer.close()

    async def _send(self) -> None:
        while True:
            self._writer.write(frame_encode(await self._outbox.get()))
            await self._writer.drain()
