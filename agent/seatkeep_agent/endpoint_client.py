"""The agent's side of the local channel."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from seatkeep_machine.errors import PeerAbsentError
from seatkeep_protocol.errors import FrameError
from seatkeep_protocol.local import (
    Answer,
    Event,
    FrameReader,
    Hello,
    NoArgs,
    Op,
    Request,
    body_builtins,
    body_convert,
    frame_encode,
    reply_decode,
)

from seatkeep_agent import __version__
from seatkeep_agent.errors import EndpointAbsentError, EndpointRefusedError
from seatkeep_agent.platforms.base import Platform

log = logging.getLogger(__name__)
READ_BYTES = 64 * 1024
ANSWER_SECONDS = 90.0
RECONNECT_SECONDS = 0.5
RETRY_EVENT_SECONDS = 2.0
StructT = TypeVar("StructT", bound=msgspec.Struct)


class EndpointClient:
    """Keeps a connection to the endpoint, hands on its events in order, and asks it things.

    Args:
        platform: Knows how to connect.
        socket: Where the endpoint listens.
        on_event: Called for each event, one after another; its news is confirmed when it returns.
        on_connect: Called after each connect, with the endpoint's greeting.
        seen: Number of the last durable event that was stored.
    """

    def __init__(
        self,
        platform: Platform,
        socket: Path,
        *,
        on_event: Callable[[Event], Awaitable[None]],
        on_connect: Callable[[Hello], Awaitable[None]],
        seen: int,
    ) -> None:
        self._platform, self._socket = platform, socket
        self._on_event, self._on_connect, self._seen = on_event, on_connect, seen
        self._writer: asyncio.StreamWriter | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._events: asyncio.Queue[Event] = asyncio.Queue()

    @property
    def is_connected(self) -> bool:
        """Whether the endpoint is there."""
        return self._writer is not None

    async def run(self) -> None:
        """Connect, and connect again, for ever."""
        handing_on = asyncio.create_task(self._hand_on())
        try:
            while True:
                try:
                    await self._session()
                except (EndpointAbsentError, FrameError, OSError) as error:
                    log.debug("endpoint: %s", error)
                await asyncio.sleep(RECONNECT_SECONDS)
        finally:
            handing_on.cancel()

    async def ask(self, op: Op, args: msgspec.Struct | None = None) -> Any:
        """Ask the endpoint; its result as plain values.

        Raises:
            EndpointRefusedError: It said no.
            EndpointAbsentError: It is not there, went away, or took longer than 90 s.
        """
        return await self._ask(op, body_builtins(args or NoArgs()))

    async def ask_for(self, op: Op, result_type: type[StructT], args: msgspec.Struct | None = None) -> StructT:
        """Ask the endpoint; its result as a struct. Errors as `ask`."""
        try:
            return body_convert(await self.ask(op, args), result_type)
        except FrameError as error:
            raise EndpointAbsentError(f"the endpoint's answer makes no sense: {error}") from error

    async def _ask(self, op: Op, args: dict[str, Any]) -> Any:
        if self._writer is None:
            raise EndpointAbsentError("the endpoint is not running")
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(frame_encode(Request(number, op, args)))
            async with asyncio.timeout(ANSWER_SECONDS):
                result = await answer
        except (TimeoutError, OSError) as error:
            raise EndpointAbsentError(f"the endpoint does not answer to {op}") from error
        finally:
            self._waiting.pop(number, None)
        if result.ok:
            return result.result
        code, detail = (result.error.code, result.error.detail) if result.error else ("unknown", "")
        raise EndpointRefusedError(code, detail)

    async def _session(self) -> None:
        try:
            reader, self._writer = await self._platform.connect_local(self._socket)
        except PeerAbsentError as error:
            raise EndpointAbsentError(str(error)) from error
        greeting = asyncio.create_task(self._greet())
        try:
            await self._receive(reader)
        finally:
            greeting.cancel()
            self._writer.close()
            self._writer = None
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(EndpointAbsentError("the endpoint went away"))

    async def _greet(self) -> None:
        try:
            hello = body_convert(await self._ask(Op.HELLO, self._hello()), Hello)
            await self._on_connect(hello)
        except (EndpointRefusedError, EndpointAbsentError, FrameError) as error:
            log.warning("endpoint: %s", error)

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        frames = FrameReader()
        while data := await reader.read(READ_BYTES):
            for payload in frames.feed(data):
                message = reply_decode(payload)
                if isinstance(message, Event):
                    self._events.put_nowait(message)
                elif (answer := self._waiting.get(message.id)) is not None and not answer.done():
                    answer.set_result(message)

    async def _hand_on(self) -> None:
        while True:
            event = await self._events.get()
            number = event.body.get("news", 0) if isinstance(event.body, dict) else 0
            if 0 < number <= self._seen:
                continue
            await self._take(event, is_durable=number > 0)
            if number:
                await self._confirm(number)

    async def _take(self, event: Event, *, is_durable: bool) -> None:
        """Hand an event on; a durable one again and again until it is stored (the disk may be full)."""
        while True:
            try:
                await self._on_event(event)
                return
            except Exception:
                log.exception("the event %s could not be taken", event.event)
                if not is_durable:
                    return
            await asyncio.sleep(RETRY_EVENT_SECONDS)

    async def _confirm(self, number: int) -> None:
        self._seen = number
        try:
            await self._ask(Op.HELLO, self._hello())
        except (EndpointRefusedError, EndpointAbsentError) as error:
            log.debug("news %d not confirmed yet: %s", number, error)

    def _hello(self) -> dict[str, Any]:
        return {**body_builtins(Hello(version=__version__)), "events_seen": self._seen}
