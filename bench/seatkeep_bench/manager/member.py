"""One device of a crowd: it connects, takes its signed documents, begins tasks and reports. Policies are not merged."""

from __future__ import annotations

import asyncio
import itertools
import random
import ssl
import time
import uuid
from collections.abc import Callable
from typing import NamedTuple

from seatkeep_protocol.documents import DeviceDocument, GroupDocument
from seatkeep_protocol.enrollment import EnrollAnswer
from seatkeep_protocol.errors import DocumentError, DocumentOlderError
from seatkeep_protocol.ids import DeviceId
from seatkeep_protocol.messages import KINDS, Body, Heartbeat, TaskRunEvent, message_encode
from seatkeep_protocol.subjects import KEYS_KEY, device_key, direct_get_subject, inbox_prefix, kv_subject, up_subject
from seatkeep_protocol.vocabulary import TaskRunState

from seatkeep_bench.clock import now_us
from seatkeep_bench.identity import Identity
from seatkeep_bench.manager.line import Line, LineError
from seatkeep_bench.obedience import Obedience
from seatkeep_bench.web import AGENT_VERSION

ANSWER_SECONDS = 30
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0
"""Pauses between attempts to connect are those of the agent (seatkeep_agent.bus)."""
BEAT_SECONDS = 300
_STATUS = b"NATS/1.0 "
"""How headers begin that tell of a refusal, such as 404 or 503."""


class Told(NamedTuple):
    """Something that happened to a device.

    Attributes:
        device: Its id, 32 hex digits.
        at: `time.monotonic()`, which all processes of a machine share.
        size: Bytes of the document, if it is one.
    """

    device: str
    at: float
    size: int = 0


class Member:
    """A device on the crowd's event loop."""

    def __init__(self, identity: Identity, answer: EnrollAnswer, context: ssl.SSLContext) -> None:
        """Begin as enrollment left it."""
        self.identity, self.answer = identity, answer
        self.obedience = Obedience(answer, {})
        self._context = context
        self._line: Line | None = None
        self._waiting: dict[str, asyncio.Future[tuple[bytes, bytes]]] = {}
        self._numbers = itertools.count(1)
        self._begun_runs: set[uuid.UUID] = set()
        self._chores: set[asyncio.Task[None]] = set()
        self._spool, self._seq = uuid.uuid4(), 0
        self.url = next(url for url in answer.nats.urls if url.startswith("tls:"))
        self.on_group: Callable[[Told], None] = _nothing
        self.on_begun: Callable[[Told], None] = _nothing
        self.on_raw: Callable[[Told], None] = _nothing
        self.raw_key, self._raw_number = "", 100

    @property
    def is_up(self) -> bool:
        """Whether it is connected and knows its group's document."""
        has_group = self.obedience.group_key in self.obedience.applied
        return self._line is not None and not self._line.lost.is_set() and has_group

    async def live(self, on_back: Callable[[Told], None]) -> None:
        """Be connected for ever, with the agent's pauses; `on_back` hears of each time that all is well again."""
        attempt = 0
        while True:
            try:
                await self._connect()
                on_back(Told(self.answer.device, time.monotonic()))
                attempt = 0
                if self._line is not None:
                    await self._line.lost.wait()
            except (LineError, TimeoutError):
                if self._line is not None:
                    self._line.close()
            longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt, 10))
            attempt += 1
            await asyncio.sleep(longest * (0.5 + random.random() / 2))  # noqa: S311  # spreads load

    def close(self) -> None:
        """Hang up."""
        for chore in self._chores:
            chore.cancel()
        if self._line is not None:
            self._line.close()

    def message(self, body: Body) -> bytes:
        """The next message of this device."""
        self._seq += 1
        return message_encode(
            body,
            device=self.answer.device,
            spool=self._spool,
            seq=self._seq,
            at_us=now_us(),
            message_id=uuid.uuid4(),
        )

    def heartbeat(self) -> Heartbeat:
        """A heartbeat as of now."""
        return Heartbeat(
            agent_version=AGENT_VERSION,
            started_at_us=1,
            interval_seconds=BEAT_SECONDS,
            applied=self.obedience.applied,
            addresses=[self.identity.address],
        )

    async def store(self, body: type[Body], message: bytes) -> None:
        """Send a message and wait until the stream has it.

        Raises:
            LineError: The stream refused, or the connection broke.
        """
        head, answer = await self._ask(up_subject(DeviceId(self.answer.device), KINDS[body]), message)
        if head.startswith(_STATUS) or b'"error"' in answer:
            raise LineError((head + answer).decode(errors="replace")[:200])

    def watch_raw(self, key: str) -> None:
        """Hear of raw puts into a key of the bucket, which hold no document; the last key counts."""
        line = self._connected()
        if self.raw_key:
            line.unsubscribe(self._raw_number)
        self.raw_key, self._raw_number = key, self._raw_number + 1
        line.subscribe(kv_subject(key), self._raw_number)

    async def _connect(self) -> None:
        self._line = await Line.open(
            self.url, self._context, jwt=self.answer.nats.jwt, sign=self.identity.nkey.sign, on_message=self._heard
        )
        line, device = self._line, self.answer.device
        line.subscribe(f"{inbox_prefix(device)}.>", 1)
        line.subscribe(kv_subject(KEYS_KEY), 2)
        line.subscribe(kv_subject(device_key(device)), 3)
        for key in (KEYS_KEY, device_key(device)):
            await self._read(key)
        while self.obedience.device is None:  # The console writes it in the seconds after the device has joined.
            await asyncio.sleep(1)
            await self._read(device_key(device))
        group = self.obedience.group_key or ""
        line.subscribe(kv_subject(group), 4)
        await self._read(group)
        await self.store(Heartbeat, self.message(self.heartbeat()))

    async def _read(self, key: str) -> None:
        head, raw = await self._ask(direct_get_subject(key), b"")
        if raw and not head.startswith(_STATUS):
            self._take(key, raw)

    async def _ask(self, subject: str, payload: bytes) -> tuple[bytes, bytes]:
        reply = f"{inbox_prefix(self.answer.device)}.{next(self._numbers)}"
        future: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting[reply] = future
        try:
            self._connected().publish(subject, payload, reply)
            return await asyncio.wait_for(future, ANSWER_SECONDS)
        finally:
            self._waiting.pop(reply, None)

    def _heard(self, subject: str, head: bytes, payload: bytes) -> None:
        future = self._waiting.get(subject)
        if future is not None:
            if not future.done():
                future.set_result((head, payload))
            return
        key = subject.removeprefix("$KV.state.")
        if key == subject or not payload:
            return
        if key == self.raw_key:
            self.on_raw(Told(self.answer.device, time.monotonic(), len(payload)))
        else:
            self._take(key, payload)

    def _take(self, key: str, raw: bytes) -> None:
        """Check a document as an agent does, and do what it says."""
        try:
            document = self.obedience.take(key, raw)
        except DocumentOlderError:
            return  # Read and pushed both.
        except DocumentError as error:
            raise LineError(f"{key}: {error.code}") from error
        if isinstance(document, GroupDocument):
            self.on_group(Told(self.answer.device, time.monotonic(), len(raw)))
        elif isinstance(document, DeviceDocument):
            for task in document.tasks:
                if task.run not in self._begun_runs:
                    self._begun_runs.add(task.run)
                    chore = asyncio.create_task(self._begin(task.run, task.task))
                    self._chores.add(chore)
                    chore.add_done_callback(self._chores.discard)

    async def _begin(self, run: uuid.UUID, task: uuid.UUID) -> None:
        """Say that a task runs, and then that it is done."""
        for state in (TaskRunState.RUNNING, TaskRunState.FINISHED):
            event = TaskRunEvent(run=run, task=task, state=state, at_us=now_us())
            await self.store(TaskRunEvent, self.message(event))
            if state is TaskRunState.RUNNING:
                self.on_begun(Told(self.answer.device, time.monotonic()))

    def _connected(self) -> Line:
        if self._line is None or self._line.lost.is_set():
            raise LineError("not connected")
        return self._line


def _nothing(_: Told) -> None:
    """Nobody asks."""
