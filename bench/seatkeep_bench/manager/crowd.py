"""A process full of devices, told what to do through a pipe: two of them share the machine with the server."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from seatkeep_license.localhost import install_localhost_names
from seatkeep_protocol.enrollment import answer_decode
from seatkeep_protocol.messages import Body

from seatkeep_bench.identity import Identity, Persona
from seatkeep_bench.manager.line import LineError
from seatkeep_bench.manager.member import Member, Told
from seatkeep_bench.manager.reports import body_of
from seatkeep_bench.web import tls_context

CONNECTING_AT_ONCE = 50
WINDOW = 500
"""Messages of a process that a stream has not acknowledged yet."""
POLL_SECONDS = 0.02


class Crowd:
    """The devices of one process; each public method is a command."""

    def __init__(self, seed: str, answers: list[tuple[int, bytes]], ca_file: Path | None) -> None:
        """Prepare devices.

        Args:
            seed: Makes their keys.
            answers: Number and answer of the enrollment of each.
            ca_file: The stack's own CA.
        """
        context = tls_context(ca_file)
        self._members = [
            Member(Identity(seed, number, Persona.WORKSTATION), answer_decode(raw), context) for number, raw in answers
        ]
        self._lives: list[asyncio.Task[None]] = []
        self._told: dict[str, Told] = {}
        self._ready: list[tuple[Member, type[Body], bytes]] = []
        self._trickle: asyncio.Task[None] | None = None
        self._numbers = itertools.count()

    # -- connections

    async def connect(self, seconds: float) -> int:
        """Connect all; returns how many are up with their documents when that is all, or the time is over."""
        gate = asyncio.Semaphore(CONNECTING_AT_ONCE)

        async def begin(member: Member) -> None:
            async with gate:
                self._lives.append(asyncio.create_task(member.live(self._note)))
                for _ in range(round(seconds / 0.1)):
                    if member.is_up:
                        return
                    await asyncio.sleep(0.1)

        await asyncio.gather(*(begin(member) for member in self._members))
        await self._until(lambda: self._up() == len(self._members), seconds)
        return self._up()

    def _up(self) -> int:
        return sum(member.is_up for member in self._members)

    def _note(self, told: Told) -> None:
        """Keep the first that a device tells of."""
        self._told.setdefault(told.device, told)

    async def forget(self) -> None:
        """Begin anew to hear of what devices are back, took or began."""
        self._told = {}
        for member in self._members:
            member.on_group = member.on_begun = member.on_raw = _nothing

    async def expect(self, what: str, raw_key: str = "") -> None:
        """From now on hear of `group` documents taken, tasks `begun`, or `raw` puts into a key."""
        await self.forget()
        for member in self._members:
            setattr(member, f"on_{what}", self._note)
            if raw_key and member.raw_key != raw_key:
                member.watch_raw(raw_key)

    async def told(self, seconds: float) -> list[Told]:
        """What each device told of first; returns when all have, or the time is over."""
        await self._until(lambda: len(self._told) == len(self._members), seconds)
        return list(self._told.values())

    async def _until(self, is_so: Any, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not is_so() and time.monotonic() < deadline:  # noqa: ASYNC110  # many things make it so
            await asyncio.sleep(POLL_SECONDS)

    # -- reports

    async def prepare(self, what: str, count: int, items: int = 0) -> int:
        """Make messages, so that making them is not measured: devices take turns. Returns bytes per message."""
        turns = itertools.islice(itertools.cycle(self._members), count)
        made = [(member, body_of(what, member, next(self._numbers), items)) for member in turns]
        self._ready = [(member, type(body), member.message(body)) for member, body in made]
        return sum(len(message) for _, _, message in self._ready) // max(1, len(self._ready))

    async def send(self) -> tuple[int, float]:
        """Send what was prepared; returns how many messages the stream acknowledged, and when the first was sent."""
        room = asyncio.Semaphore(WINDOW)
        stored = 0

        async def one(member: Member, kind: type[Body], message: bytes) -> None:
            nonlocal stored
            try:
                await member.store(kind, message)
                stored += 1
            finally:
                room.release()

        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for member, kind, message in self._ready:
                await room.acquire()
                group.create_task(one(member, kind, message))
        self._ready = []
        return stored, begun

    async def trickle(self, per_second: float) -> None:
        """Send reports at an even pace from now on: nine heartbeats, then a state."""
        self._trickle = asyncio.create_task(self._trickle_for_ever(per_second))

    async def hush(self) -> int:
        """Send no more of those; returns how many there were."""
        if self._trickle is not None:
            self._trickle.cancel()
            await asyncio.gather(self._trickle, return_exceptions=True)
        return next(self._numbers)

    async def _trickle_for_ever(self, per_second: float) -> None:
        begun, chores = time.monotonic(), set[asyncio.Task[None]]()
        for number, member in enumerate(itertools.cycle(self._members)):
            await asyncio.sleep(max(0.0, begun + number / per_second - time.monotonic()))
            body = body_of("status" if number % 10 == 9 else "heartbeat", member, number, 0)
            chore = asyncio.create_task(_try(member, body))
            chores.add(chore)
            chore.add_done_callback(chores.discard)

    async def close(self) -> None:
        """Hang up all."""
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)
        for member in self._members:
            member.close()


async def _try(member: Member, body: Body) -> None:
    try:
        await member.store(type(body), member.message(body))
    except (LineError, TimeoutError):
        return


def _nothing(_: Told) -> None:
    """Nobody asks."""


def crowd_main(pipe: Connection, seed: str, answers: list[tuple[int, bytes]], ca_file: Path | None) -> None:
    """Serve commands until `close`: (name, arguments) comes in, (is it well, result) goes out."""
    install_localhost_names()
    asyncio.run(_serve(pipe, Crowd(seed, answers, ca_file)))


async def _serve(pipe: Connection, crowd: Crowd) -> None:
    name = ""
    while name != "close":
        try:
            name, arguments = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        try:
            pipe.send((True, await getattr(crowd, name)(**arguments)))
        except Exception as error:  # Whoever asked is told, whatever it is.
            told = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
            pipe.send((False, f"{type(told).__name__}: {told}"))


def raw_key_of(member_group_key: str) -> str:
    """A key of the bucket that devices of a group may hear and nobody uses."""
    company = member_group_key.split(".")[1]
    return f"grp.{company}.{uuid.uuid4().hex}"
