"""What reaches every connected device: documents of their group, tasks, and the server itself after it was away."""

from __future__ import annotations

import asyncio
import socket
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psycopg
from seatkeep_protocol.subjects import BUCKET_STREAM, Stream, kv_subject

from seatkeep_bench.console import EXCLUSIONS, exclusion_values
from seatkeep_bench.errors import BenchError
from seatkeep_bench.manager.crowds import Crowds
from seatkeep_bench.manager.intake import drained
from seatkeep_bench.manager.member import Told
from seatkeep_bench.provision import BenchStack
from seatkeep_bench.results import Better, Row, row
from seatkeep_bench.sheet import Tell
from seatkeep_bench.stats import percentile

SECONDS = 120.0
PATH = "/srv/bench/{mark}/excluded-folder-{number:04d}"
FLOOR_PUTS_AT_ONCE = 200


class Reach:
    """The rows about what comes to devices."""

    def __init__(self, bench: BenchStack, crowds: Crowds, devices: Sequence[str], tell: Tell) -> None:
        """Take a running stack, the processes of its devices, and the devices' ids (32 hex digits)."""
        self._bench, self._crowds, self._devices, self._tell = bench, crowds, devices, tell
        self._form = bench.browser.open(bench.facts.policy_url).form_with(EXCLUSIONS)

    def document(self, name: str, *, kilobytes: int, goal: float, rounds: int) -> Row:
        """From *Save* of a policy to a group document of so many kB that every device has checked and taken.

        Raises:
            BenchError: Not every device took it.
        """
        times, sizes = list[float](), set[int]()
        for _ in range(rounds):
            mark = uuid.uuid4().hex[:8]
            self._crowds.all("expect", what="group")
            begun = time.monotonic()
            self._bench.browser.submit(self._form, **exclusion_values(exclusions(mark, kilobytes * 1_000)))
            told = self._told(f"took a document of {kilobytes} kB")
            times += [one.at - begun for one in told]
            sizes |= {one.size for one in told}
        self._tell(f"  the document has {max(sizes)} bytes")
        return self._row(name, times, goal=goal, floor=percentile(self._pushed(max(sizes), rounds), 0.99))

    def task_all(self, rounds: int) -> Row:
        """From ordering a task for all devices until the stream has it of each that the task runs."""
        times = list[float]()
        address = f"{self._bench.console_people_url}/api/v1/tasks"
        order = {"kind": "INVENTORY", "devices": [str(uuid.UUID(device)) for device in self._devices]}
        for _ in range(rounds):
            self._crowds.all("expect", what="begun")
            begun = time.monotonic()
            self._bench.browser.api("POST", address, order)
            times += [one.at - begun for one in self._told("began the task")]
        return self._row("task_all", times, goal=5, floor=self._puts())

    def back_after_kill(self, down_seconds: float) -> Row:
        """Everything killed at once, away for a minute: from starting it again until a report of each is taken in.

        The floor is the moment at which the broker listens.
        """
        self._bench.process.kill()
        self._tell(f"  killed; away for {down_seconds:.0f} s")
        time.sleep(down_seconds)
        self._crowds.all("forget")
        begun = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            listening = pool.submit(_listens, self._bench.stack.nats_url)
            self._bench.process.start()
            floor = listening.result() - begun
        self._tell(f"  the server was up after {time.monotonic() - begun:.1f} s")
        times = [one.at - begun for one in self._told("came back")]
        asyncio.run(drained(self._bench.stack, Stream.TEL))
        return row(
            "back_after_kill", value=time.monotonic() - begun, unit="s", better=Better.LOWER, goal=45, floor=floor,
            p50=percentile(times, 0.50), p99=percentile(times, 0.99),
        )  # fmt: skip

    def settle(self, seconds: float = 300) -> None:
        """Wait until nothing is left to be published.

        Raises:
            BenchError: Something still is after that time.
        """
        deadline = time.monotonic() + seconds
        with psycopg.connect(self._bench.stack.manager_database, autocommit=True) as connection:
            due = "SELECT count(*) FROM statedocs_statedocument WHERE published_version < version"
            waiting = (
                "SELECT count(*) FROM outbox_outboxevent e JOIN outbox_consumerposition p"
                " ON (e.xid::text::bigint, e.id) > (p.xid, p.event_id)"
            )
            while any(connection.execute(one).fetchone() != (0,) for one in (due, waiting)):
                if time.monotonic() > deadline:
                    raise BenchError(f"The console still has something to publish after {seconds:.0f} s.")
                time.sleep(0.2)

    def _told(self, what: str) -> list[Told]:
        told = [one for several in self._crowds.all("told", seconds=SECONDS) for one in several]
        if len(told) != len(self._devices):
            raise BenchError(f"Only {len(told)} of {len(self._devices)} devices {what} within {SECONDS:.0f} s.")
        return told

    def _row(self, name: str, times: list[float], *, goal: float, floor: float) -> Row:
        p99 = percentile(times, 0.99)
        return row(
            name, value=p99, unit="s", better=Better.LOWER, goal=goal, floor=floor,
            p50=percentile(times, 0.50), p99=p99,
        )  # fmt: skip

    def _pushed(self, size: int, rounds: int) -> list[float]:
        """The floor: a raw put of as many bytes, pushed to the same connections."""
        company = self._company()
        times = list[float]()
        for _ in range(rounds):
            key = f"grp.{company}.{uuid.uuid4().hex}"
            self._crowds.all("expect", what="raw", raw_key=key)
            time.sleep(1)  # Nothing tells when the broker knows of all subscriptions.
            begun = time.monotonic()
            asyncio.run(self._put(key, size))
            times += [one.at - begun for one in self._told("heard a raw put")]
        return times

    def _company(self) -> str:
        with psycopg.connect(self._bench.stack.manager_database) as connection:
            found = connection.execute(
                "SELECT company_hub_id FROM directory_device WHERE uid = %s", [uuid.UUID(self._devices[0])]
            ).fetchone()
        if found is None:
            raise BenchError("The console does not know the devices.")
        return str(found[0].hex)

    async def _put(self, key: str, size: int) -> None:
        broker = await self._bench.stack.broker()
        await broker.jetstream().publish(kv_subject(key), b"\0" * size)
        await broker.jetstream().purge_stream(BUCKET_STREAM, subject=kv_subject(key))
        await broker.close()

    def _puts(self) -> float:
        """The floor of a task: so many raw puts of 1 kB, each acknowledged, 200 at once. Seconds."""

        async def puts() -> float:
            broker = await self._bench.stack.broker()
            stream, room = broker.jetstream(), asyncio.Semaphore(FLOOR_PUTS_AT_ONCE)

            async def put(number: int) -> None:
                async with room:
                    await stream.publish(kv_subject(f"bench.{number}"), b"\0" * 1_000)

            begun = time.monotonic()
            await asyncio.gather(*(put(number) for number in range(len(self._devices))))
            seconds = time.monotonic() - begun
            await stream.purge_stream(BUCKET_STREAM, subject=kv_subject("bench.>"))
            await broker.close()
            return seconds

        return asyncio.run(puts())


def _listens(url: str) -> float:
    """When the broker begins to listen, by `time.monotonic()`.

    Raises:
        BenchError: It does not within two minutes.
    """
    port, deadline = urlsplit(url).port or 4222, time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return time.monotonic()
        time.sleep(0.05)
    raise BenchError("The broker does not listen.")


def exclusions(mark: str, size: int) -> str:
    """Lines of the field of exclusions that fill so many bytes; no two marks give the same."""
    each = len(PATH.format(mark=mark, number=0)) + 3  # quotes and a comma
    return "\n".join(PATH.format(mark=mark, number=number) for number in range(max(1, size // each)))
