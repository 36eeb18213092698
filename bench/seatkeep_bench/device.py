"""One simulated device: it joins, connects, obeys, activates, reports, and retires, as a real one does."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from nats.aio.client import Client
from seatkeep_license.keys import KeySet
from seatkeep_license.leases import Lease, lease_verify
from seatkeep_protocol.documents import DeviceDocument, DocumentTask, RetireOrder
from seatkeep_protocol.enrollment import EnrollAnswer
from seatkeep_protocol.errors import DocumentError, DocumentOlderError
from seatkeep_protocol.ids import DeviceId
from seatkeep_protocol.messages import KINDS, Body, EndpointStatus, Heartbeat, message_encode
from seatkeep_protocol.subjects import KEYS_KEY, device_key, up_subject

from seatkeep_bench.bus import Bus
from seatkeep_bench.chores import chore_reports, is_runnable
from seatkeep_bench.clock import now, now_us
from seatkeep_bench.errors import BenchError, RefusedError, TryAgainError
from seatkeep_bench.identity import Identity
from seatkeep_bench.memory import Memory, Remembered
from seatkeep_bench.obedience import Obedience
from seatkeep_bench.stats import Stats
from seatkeep_bench.status import Held, endpoint_status
from seatkeep_bench.web import AGENT_VERSION, SeatAnswer, Web

JWT_HALF_LIFE = timedelta(days=3, hours=12)
RUNS_KEPT = 100
PATIENCE_SECONDS = 10

_log = logging.getLogger(__name__)

OnApplied = Callable[["SimulatedDevice", str, int], None]


@dataclass(frozen=True)
class Surroundings:
    """What all devices of a fleet share.

    Attributes:
        web: HTTPS client.
        memory: The fleet's file.
        context: TLS trust for the broker.
        stats: Where everything is counted.
        heartbeat_seconds: How often to report, unless policy says otherwise.
        license_key: Activate by this key; None waits for the console's ticket.
        broker_urls: Overrides the addresses of the enrollment answer; empty for those.
        on_applied: Told of each accepted document: device, key, version.
    """

    web: Web
    memory: Memory
    context: ssl.SSLContext
    stats: Stats = field(default_factory=Stats)
    heartbeat_seconds: float | None = None
    license_key: str | None = None
    broker_urls: tuple[str, ...] = ()
    on_applied: OnApplied | None = None


class SimulatedDevice:
    """One device on the event loop.

    Attributes:
        identity: Who it is.
        obedience: What it has accepted; None before it joined.
    """

    def __init__(self, identity: Identity, around: Surroundings) -> None:
        """Wake up with what the device remembers."""
        self.identity = identity
        self.obedience: Obedience | None = None
        self._around = around
        self._memory: Remembered = around.memory.recall(identity.number)
        self._bus: Bus | None = None
        self._jwt = ""
        self._jwt_at = now()
        self._started_at_us = now_us()
        self._watched: set[str] = set()
        self._chores: set[asyncio.Task[None]] = set()
        self._license_error: str | None = None
        self._lease: Lease | None = None

    @property
    def device(self) -> str | None:
        """Its id at the console, 32 hex digits; None before it joined."""
        return self._memory.answer.device if self._memory.answer else None

    @property
    def client(self) -> Client:
        """The broker connection below, for benches that measure it alone."""
        return self._connected().client

    @property
    def is_retired(self) -> bool:
        """Tell whether it obeyed a retire order."""
        return self._memory.is_retired

    @property
    def has_seat(self) -> bool:
        """Tell whether it holds a lease."""
        return self._memory.lease is not None

    @property
    def seat(self) -> str | None:
        """Uid of its seat; None without."""
        return self._memory.seat

    def settings(self) -> dict[str, Any]:
        """Return the endpoint's settings in force; the schema's defaults before it joined."""
        return self.obedience.settings() if self.obedience else {}

    async def start(self) -> None:
        """Join, connect and send the first reports; returns when the device is up, or retired before."""
        if self.is_retired:
            return
        answer = await self._patiently(self.join)
        self.obedience = Obedience(answer, self._memory.applied)
        if self._memory.lease is not None:
            self._lease = await self._patiently(lambda: self._verified(self._memory.lease or "", self._licensing_url()))
        await self._patiently(self._connect)
        await self._read_all()
        await self.send(self.identity.inventory(self._around.web.console_url))
        if self._around.license_key and not self.has_seat:
            await self._activate(self._licensing_url(), license_key=self._around.license_key)
        await self.send(self.status())

    async def live(self) -> None:
        """Send heartbeats until retired or canceled."""
        while not self.is_retired:
            await self.beat()
            await asyncio.sleep(self._interval() * random.uniform(0.9, 1.1))  # noqa: S311  # Jitter.

    async def stop(self) -> None:
        """Hang up and remember."""
        for chore in self._chores:
            chore.cancel()
        if self._bus is not None:
            await self._bus.close()
        self._keep()

    async def join(self) -> EnrollAnswer:
        """Enroll, or ask for a fresh broker JWT when the device is known; errors as `Web.enroll`."""
        known = self._memory.answer
        try:
            self._jwt = await self._around.web.broker_jwt(self.identity, known.device) if known else ""
        except RefusedError:
            known = await self._come_back(known) if known else None
        if known is None:
            known = await self._around.web.enroll(self.identity)
            self._joined(known)
        self._jwt_at = now()
        return known

    async def _come_back(self, known: EnrollAnswer) -> EnrollAnswer | None:
        """Return as the same device to a console that was restored; None when it does not take us back."""
        try:
            self._joined(await self._around.web.come_back(self.identity, known.nats.jwt))
        except RefusedError:
            return None
        return self._memory.answer

    def _joined(self, answer: EnrollAnswer) -> None:
        self._memory.answer, self._jwt = answer, answer.nats.jwt
        self._keep()
        self._around.stats.count("joined")

    async def _ask_home(self) -> None:
        """The broker has no document for us: after a while, ask the console whether it knows us."""
        await asyncio.sleep(PATIENCE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311  # Jitter.
        if await self._patiently(lambda: self._connected().fetch(device_key(self._device()))) is None:
            await self._patiently(self.join)
            await self._read_all()

    async def beat(self) -> None:
        """Send a heartbeat, and renew what is due."""
        await self.send(self.heartbeat())
        if now() - self._jwt_at > JWT_HALF_LIFE:
            await self._patiently(self.join)
        if self._lease is not None and now() >= self._lease.renew_at:
            await self._renew(self._lease)

    def heartbeat(self) -> Heartbeat:
        """Return a heartbeat as of now."""
        return Heartbeat(
            agent_version=AGENT_VERSION,
            started_at_us=self._started_at_us,
            interval_seconds=max(1, round(self._interval())),
            applied=self.obedience.applied if self.obedience else {},
            addresses=[self.identity.address],
        )

    def status(self) -> EndpointStatus:
        """Return the endpoint's state as of now."""
        assignment = self.obedience.device.license if self.obedience and self.obedience.device else None
        held = Held(self._lease, self._memory.seat, self._license_error, self.has_seat)
        return endpoint_status(self.identity, held, assignment=assignment, settings=self.settings(), at=now())

    async def send(self, body: Body) -> None:
        """Send a message until the stream has it; a device never loses one."""
        self._memory.seq += 1
        message = message_encode(
            body,
            device=self._device(),
            spool=self._memory.spool,
            seq=self._memory.seq,
            at_us=now_us(),
            message_id=uuid.uuid4(),
        )
        subject = up_subject(DeviceId(self._device()), KINDS[type(body)])
        begun = time.perf_counter()
        await self._patiently(lambda: self._connected().publish(subject, message))
        self._around.stats.took("sent", time.perf_counter() - begun)

    async def _connect(self) -> None:
        answer = self._memory.answer
        if answer is None:
            raise BenchError("A device must join before it connects.")
        self._bus = await Bus.connect(
            self.identity,
            device=answer.device,
            urls=list(self._around.broker_urls) or answer.nats.urls,
            jwt=lambda: self._jwt,
            context=self._around.context,
            on_reconnect=self._read_all,
        )
        self._around.stats.count("connected")

    async def _read_all(self) -> None:
        self._around.stats.count("read")
        await self._follow(KEYS_KEY)
        await self._follow(device_key(self._device()))
        await self._follow_group()

    async def _follow_group(self) -> None:
        if self.obedience is not None and self.obedience.group_key is not None:
            await self._follow(self.obedience.group_key)

    async def _follow(self, key: str) -> None:
        """Watch a key and read it once; watching comes first, so that nothing falls between."""
        if key not in self._watched:
            self._watched.add(key)
            await self._connected().watch(key, self._on_document)
        raw = await self._patiently(lambda: self._connected().fetch(key))
        if raw is not None:
            await self._on_document(key, raw)
        elif key == device_key(self._device()):
            self._begin(self._ask_home())

    async def _on_document(self, key: str, raw: bytes) -> None:
        if self.obedience is None:
            return
        try:
            document = self.obedience.take(key, raw)
        except DocumentOlderError:
            return  # Read and pushed both, or a broker that tries an old one: either way nothing changes.
        except DocumentError as error:
            self._around.stats.count(f"refused {error.code}")
            return
        self._memory.applied = dict(self.obedience.applied)
        self._around.stats.count("applied")
        if self._around.on_applied is not None:
            self._around.on_applied(self, key, document.version)
        if isinstance(document, DeviceDocument):
            self._begin(self._obey(document))
        elif key == self.obedience.group_key:
            self._begin(self._report_settings())

    async def _report_settings(self) -> None:
        await self.send(self.status())
        await self.send(self.heartbeat())

    async def _obey(self, document: DeviceDocument) -> None:
        if document.retire is not None and document.retire.valid_until_us > now_us():
            await self._retire(document.retire)
            return
        await self._follow_group()
        if document.license is not None and document.license.ticket and not self.has_seat:
            await self._activate(document.license.licensing_url, ticket=document.license.ticket)
            await self.send(self.status())
        for task in document.tasks:
            await self._run_task(task)
        await self._answer_restore(document.restore_id)
        await self.send(self.heartbeat())

    async def _run_task(self, task: DocumentTask) -> None:
        if str(task.run) in self._memory.runs or not is_runnable(task, now_us()):
            return
        self._memory.runs = [*self._memory.runs[-RUNS_KEPT:], str(task.run)]
        for report in chore_reports(task, has_seat=self.has_seat, at_us=now_us()):
            await self.send(report)

    async def _answer_restore(self, restore_id: str) -> None:
        """Send a full snapshot when the manager says that it was restored from a backup."""
        if self._memory.restore_id not in (None, restore_id):
            if self._lease is not None:
                await self._renew(self._lease)
            await self.send(self.identity.inventory(self._around.web.console_url))
            await self.send(self.status())
        self._memory.restore_id = restore_id

    async def _retire(self, order: RetireOrder) -> None:
        if self._memory.seat is not None and order.is_releasing_seat:
            await self._try_license(
                self._around.web.release(self.identity, licensing_url=self._licensing_url(), seat=self._memory.seat)
            )
        self._memory.is_retired, self._memory.lease, self._memory.seat = True, None, None
        self._around.stats.count("retired")
        self._keep()

    async def _activate(self, licensing_url: str, *, ticket: str | None = None, license_key: str | None = None) -> None:
        web = self._around.web
        await self._take_lease(
            web.activate(self.identity, licensing_url=licensing_url, ticket=ticket, license_key=license_key),
            licensing_url,
        )

    async def _renew(self, lease: Lease) -> None:
        await self._take_lease(
            self._around.web.renew(
                self.identity, licensing_url=lease.iss, seat=lease.sub, seq=lease.seq, lease=self._memory.lease or ""
            ),
            lease.iss,
        )

    async def _take_lease(self, asking: Awaitable[SeatAnswer], licensing_url: str) -> None:
        begun = time.perf_counter()
        answer = await self._try_license(asking)
        if answer is None:
            return
        self._lease = await self._verified(answer.lease, licensing_url)
        self._memory.lease, self._memory.seat = answer.lease, answer.seat
        self._keep()
        self._around.stats.took("leased", time.perf_counter() - begun)

    async def _verified(self, lease: str, licensing_url: str) -> Lease:
        keys = KeySet.from_jwks(await self._around.web.lease_keys(licensing_url))
        return lease_verify(lease, keys, issuer=licensing_url, device_key=self.identity.endpoint_key.verify_key)

    async def _try_license(self, asking: Awaitable[Any]) -> Any:
        try:
            answer = await asking
        except RefusedError as error:
            self._license_error = error.code
            self._around.stats.count(f"license {error.code}")
            return None
        except TryAgainError as error:
            self._license_error = "unreachable"
            self._around.stats.count("license unreachable")
            _log.info("%s: %s", self.identity.hostname, error)
            return None
        self._license_error = None
        return answer

    def _licensing_url(self) -> str:
        answer = self._memory.answer
        return self._lease.iss if self._lease else answer.addresses.licensing[0] if answer else ""

    def _interval(self) -> float:
        if self._around.heartbeat_seconds is not None:
            return self._around.heartbeat_seconds
        settings = self.obedience.settings("agent") if self.obedience else {}
        return float(settings.get("heartbeat.interval_seconds", 30))

    def _begin(self, chore: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _patiently(self, act: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await act()
            except TryAgainError as error:
                self._around.stats.count("tried again")
                _log.info("%s: %s", self.identity.hostname, error)
                await asyncio.sleep(error.after_seconds * random.uniform(0.5, 1.5))  # noqa: S311  # Jitter.

    def _device(self) -> str:
        if self._memory.answer is None:
            raise BenchError("The device has not joined yet.")
        return self._memory.answer.device

    def _connected(self) -> Bus:
        if self._bus is None:
            raise TryAgainError("not connected", after_seconds=1)
        return self._bus

    def _keep(self) -> None:
        self._around.memory.keep(self.identity.number, self._memory)
