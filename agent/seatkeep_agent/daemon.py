"""Puts the agent together and runs it until it is told to stop, or retired."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import msgspec
from seatkeep_license.requests import DeviceInfo
from seatkeep_machine.events import event_reader
from seatkeep_machine.files import file_replace
from seatkeep_protocol.device_status import Known
from seatkeep_protocol.documents import DeviceDocument, RetireOrder
from seatkeep_protocol.errors import DocumentError, DocumentKeyUnknownError
from seatkeep_protocol.local import (
    Event,
    EventName,
    Hello,
    Op,
    RetireArgs,
    ScanDone,
    SettingsApplyArgs,
    body_convert,
)
from seatkeep_protocol.messages import DetectionEvent, EndpointStatus, QuarantineEvent
from seatkeep_protocol.settings_schema import AGENT, product_schema
from seatkeep_protocol.subjects import KEYS_KEY, device_key

from seatkeep_agent import __version__
from seatkeep_agent.bus import Bus
from seatkeep_agent.clock import end_all, utc_now, wait_for
from seatkeep_agent.config import StatusFile, isolation_view, protection_view
from seatkeep_agent.desired import DocumentBook
from seatkeep_agent.duties import Duties
from seatkeep_agent.effective import agent_settings, endpoint_settings, settings_in_force
from seatkeep_agent.endpoint_client import EndpointClient
from seatkeep_agent.errors import EndpointAbsentError, EndpointRefusedError, LocalFailureError, SpoolFullError
from seatkeep_agent.events import EventWatcher
from seatkeep_agent.grouping import GroupFollower
from seatkeep_agent.identity import Identity, identity_save
from seatkeep_agent.joining import machine_components
from seatkeep_agent.journal import micros
from seatkeep_agent.keys import AgentKeys
from seatkeep_agent.licensing import SeatFollower
from seatkeep_agent.manager import tls_context
from seatkeep_agent.passes import PassKeeper
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms.base import Platform
from seatkeep_agent.reporter import Publisher, Reporter
from seatkeep_agent.spool import Spool
from seatkeep_agent.store import Store
from seatkeep_agent.supervisor import Supervisor, program_command
from seatkeep_agent.triggers import TriggerFollower

log = logging.getLogger(__name__)

NEWS_SEEN, RESTORE_ID, RETIRED = "news_seen", "restore_id", "retired"
WORK_SECONDS = 2.0
STATUS_SECONDS = 5.0
LAST_WORDS_SECONDS = 15.0


class Agent:
    """One enrolled agent below one root.

    Args:
        layout: Its folders.
        store: Its memory.
        keys: Its keys.
        identity: Who it is.
        platform: What it runs on.
        has_endpoint: False = no endpoint to supervise (it may still listen).
    """

    def __init__(
        self,
        *,
        layout: Layout,
        store: Store,
        keys: AgentKeys,
        identity: Identity,
        platform: Platform,
        has_endpoint: bool,
    ) -> None:
        self._layout, self._store, self._keys, self._platform = layout, store, keys, platform
        self._identity = identity
        self._book = DocumentBook(store, identity)
        self._spool = Spool(store, layout.reserve, identity.device)
        self._documents: asyncio.Queue[tuple[str, bytes, bool]] = asyncio.Queue()
        self._bus = Bus(
            device=identity.device, keys=keys, jwt=lambda: self._identity.jwt, urls=lambda: self._identity.nats,
            on_document=lambda key, raw: self._documents.put_nowait((key, raw, True)), on_connect=self._connected,
            on_refused=lambda jwt: self._passes.refused(jwt), tls=lambda: tls_context(layout.ca_file),
        )  # fmt: skip
        self._publisher = Publisher(self._spool, self._bus, identity.device)
        self._reporter = Reporter(
            spool=self._spool, publisher=self._publisher, platform=platform,
            identity=lambda: self._identity, components=lambda: machine_components(layout, platform), clock=utc_now,
        )  # fmt: skip
        self._endpoint = EndpointClient(
            platform, layout.endpoint_socket, on_event=self._endpoint_event, on_connect=self._endpoint_connected,
            seen=store.fact(NEWS_SEEN, int) or 0,
        )  # fmt: skip
        self._seat = SeatFollower(
            store=store, endpoint=self._endpoint, device_info=self._device_info, ca_file=layout.ca_file, clock=utc_now
        )
        self._duties = Duties(
            layout=layout, store=store, keys=keys, platform=platform, identity=lambda: self._identity,
            spool=self._spool, endpoint=self._endpoint, setting=self._own_setting, configuration=self._configuration,
            activate=self._activate_now, send_inventory=lambda: self._reporter.inventory(is_forced=True),
            on_isolation=self._isolation_changed, on_work=lambda: self._work.set(),
        )  # fmt: skip
        self._runner = self._duties.runner
        self._passes = PassKeeper(
            layout=layout, keys=keys, platform=platform, identity=lambda: self._identity, on_new=self._identity_renewed
        )
        self._groups = GroupFollower(
            store=store, book=self._book, known=self._known, clock=utc_now, on_change=self._groups_changed
        )
        self._triggers = TriggerFollower(
            store=store, device=identity.device, group=lambda: self._book.group, groups=lambda: self._groups.groups,
            clock=utc_now, on_fire=lambda: self._work.set(), events=EventWatcher(store, event_reader()),
        )  # fmt: skip
        self._supervisor: Supervisor | None = None
        if has_endpoint:
            command = [
                *program_command("seatkeep-endpoint", "seatkeep_endpoint"),
                "run", "--supervised", "--root", str(layout.root),
            ]  # fmt: skip
            self._supervisor = Supervisor(command, layout.root / "var" / "endpoint.log")
        self._endpoint_status: EndpointStatus | None = None
        self._refused: dict[str, str] = {}
        self._work, self._beat, self._stopping = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.is_retired = False

    async def run(self) -> None:
        """Serve until asked to end, or until a retire order has been carried out."""
        self._duties.begin()
        with self._platform.stop_requests(self._stopping.set, is_with_input=False):
            jobs = [asyncio.create_task(self._forever(job)) for job in self._jobs()]
            try:
                await self._stopping.wait()
            finally:
                await end_all(jobs)
                await self._runner.end()
                await self._bus.reconnect()
                self._write_status()

    def _jobs(self) -> list[Coroutine[Any, Any, None]]:
        jobs = [
            self._bus.run(), self._publisher.run(), self._endpoint.run(), self._take_documents(), self._keep_working(),
            self._keep_beating(), self._keep_inventory(), self._passes.run(), self._keep_status(),
            self._groups.run(), self._triggers.run(), *self._duties.jobs(),
        ]  # fmt: skip
        return [*jobs, self._supervisor.run()] if self._supervisor else jobs

    async def _forever(self, job: Coroutine[Any, Any, None]) -> None:
        """A job that fails ends the agent, loudly: whoever started it starts it again."""
        try:
            await job
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a job of the agent failed")
            self._stopping.set()

    # Documents

    async def _connected(self) -> None:
        await self._bus.follow(self._passes.opened(self._book.followed))
        self._publisher.wake()
        self._beat.set()

    async def _take_documents(self) -> None:
        while True:
            key, raw, may_ask_keys = await self._documents.get()
            try:
                if not self._book.is_known(key, raw):
                    await self._take_document(key, raw, may_ask_keys=may_ask_keys)
            except SpoolFullError as error:
                log.error("the disk is full; %s is not taken: %s", key, error)

    async def _take_document(self, key: str, raw: bytes, *, may_ask_keys: bool) -> None:
        try:
            document = self._book.take(key, raw)
        except DocumentKeyUnknownError as error:
            self._refused[key] = error.detail
            if may_ask_keys and key != KEYS_KEY:
                await self._bus.read(KEYS_KEY)
                self._documents.put_nowait((key, raw, False))
            return
        except DocumentError as error:
            log.warning("%s refused: %s: %s", key, error.code, error)
            self._refused[key] = f"{error.code}: {error}"
            return
        self._refused.pop(key, None)
        log.info("%s version %d taken", key, document.version)
        await self._obey(document)

    async def _obey(self, document: object) -> None:
        if isinstance(document, DeviceDocument):
            await self._obey_device(document)
        self._triggers.see()
        await self._groups.look()
        self._triggers.look()
        await self._apply_settings()
        self._beat.set()
        self._work.set()

    async def _obey_device(self, document: DeviceDocument) -> None:
        is_restored = self._store.fact(RESTORE_ID, str) not in (None, document.restore_id)
        if is_restored:
            self._seat.forget_assignment()
        identity = self._identity.with_addresses(document.addresses)
        self._identity = msgspec.structs.replace(identity, company=document.company)
        identity_save(self._store, self._identity)
        self._passes.look()
        await self._bus.follow(self._passes.opened(self._book.followed))
        self._runner.receive(document.tasks)
        await self._follow_restore(document.restore_id)

    async def _follow_restore(self, restore_id: str) -> None:
        """The manager came back from a backup: it may lack anything, so tell it everything."""
        if self._store.fact(RESTORE_ID, str) == restore_id:
            return
        await self._seat.renew_soon()
        await self._reporter.inventory(is_forced=True)
        if self._endpoint_status is not None:
            self._reporter.send(self._endpoint_status)
        self._store.fact_set(RESTORE_ID, restore_id)

    async def _apply_settings(self) -> None:
        device, group = self._book.device, self._book.group
        if device is None or group is None or (group.dynamic and not self._groups.is_decided):
            return
        settings = endpoint_settings(group, device, self._groups.status(), x25519_private=self._keys.x25519_private)
        try:
            await self._endpoint.ask(Op.SETTINGS_APPLY, SettingsApplyArgs(settings))
        except (EndpointAbsentError, EndpointRefusedError) as error:
            log.info("settings wait for the endpoint: %s", error)

    def _own_setting(self, name: str) -> Any:
        own: dict[str, Any] = {}
        if self._book.device is not None and self._book.group is not None:
            own = agent_settings(self._book.group, self._book.device, self._groups.status())
        return own.get(name, product_schema(AGENT).defaults()[name])

    def _known(self) -> Known:
        name = self._book.device.name if self._book.device else ""
        return Known(
            name=name, agent_version=__version__,
            inventory=self._reporter.inventory_newest, endpoint=self._endpoint_status,
        )  # fmt: skip

    def _configuration(self) -> dict[str, Any]:
        if self._book.device is None or self._book.group is None:
            raise LocalFailureError("the documents with the settings are not here yet")
        return settings_in_force(self._book.group, self._book.device, self._groups.status())

    def _isolation_changed(self) -> None:
        self._write_status()
        self._beat.set()

    async def _groups_changed(self, joined: set[str], left: set[str]) -> None:
        self._triggers.look()
        await self._apply_settings()
        self._beat.set()

    # Endpoint

    async def _endpoint_connected(self, hello: Hello) -> None:
        log.info("endpoint %s is here", hello.version)
        self._seat.forget_told()
        self._status_is(await self._endpoint.ask_for(Op.STATUS, EndpointStatus))
        await self._apply_settings()
        await self._runner.resume()
        self._work.set()

    async def _endpoint_event(self, event: Event) -> None:
        """Store an event; raises SpoolFullError, then the endpoint tells it again."""
        now = utc_now()
        if event.event is EventName.STATUS:
            self._status_is(body_convert(event.body, EndpointStatus))
        elif event.event is EventName.DETECTION:
            self._spool.put(body_convert(event.body, DetectionEvent), now=now)
        elif event.event is EventName.QUARANTINE:
            self._spool.put(body_convert(event.body, QuarantineEvent), now=now)
        elif event.event is EventName.SCAN_DONE:
            self._runner.scan_done(body_convert(event.body, ScanDone))
            self._work.set()
        if isinstance(event.body, dict) and (number := event.body.get("news")):
            self._store.fact_set(NEWS_SEEN, number)
        self._publisher.wake()

    def _status_is(self, status: EndpointStatus) -> None:
        self._endpoint_status = status
        self._reporter.send(status)
        self._write_status()
        self._groups.look_soon()
        self._work.set()

    def _device_info(self) -> DeviceInfo:
        system = self._platform.os_info()
        return DeviceInfo(
            name=self._platform.hostname(), serial=self._platform.hardware().serial,
            os=f"{system.name} {system.version}".strip(), agent_device=self._identity.device,
        )  # fmt: skip

    async def _activate_now(self) -> None:
        assignment = self._book.device.license if self._book.device else None
        if assignment is None:
            raise EndpointRefusedError("license_missing", "no license is assigned to this device")
        await self._seat.activate(assignment, self._identity.console[0])

    # Work

    async def _keep_working(self) -> None:
        while not self._stopping.is_set():
            await wait_for(self._work, WORK_SECONDS)
            self._work.clear()
            try:
                await self._work_once()
            except SpoolFullError as error:
                log.error("the disk is full; work waits: %s", error)
                await asyncio.sleep(WORK_SECONDS)

    async def _work_once(self) -> None:
        document = self._book.device
        if document is None:
            return
        if document.retire is not None and document.retire.valid_until_us >= micros(utc_now()):
            await self._retire(document.retire)
            return
        if self._endpoint.is_connected:
            await self._seat.follow(document, self._endpoint_status, self._identity.console[0])
        await self._runner.work()
        self._publisher.wake()

    async def _retire(self, order: RetireOrder) -> None:
        """Leave: seat back, protection off, last words, never start again. Repeated until it went through."""
        if self._supervisor is not None or self._endpoint.is_connected:
            try:
                await self._endpoint.ask(Op.RETIRE, RetireArgs(order.is_releasing_seat))
            except (EndpointAbsentError, EndpointRefusedError) as error:
                log.warning("the retire order waits: %s", error)
                return
        self._heartbeat()
        await self._publisher.flush(LAST_WORDS_SECONDS)
        self._store.fact_set(RETIRED, order.is_removing_endpoint)
        self.is_retired = True
        self._stopping.set()

    async def _keep_beating(self) -> None:
        while True:
            self._beat.clear()
            self._heartbeat()
            await wait_for(self._beat, self._interval() * (0.9 + random.random() / 10))  # noqa: S311  # spreads load

    def _heartbeat(self) -> None:
        groups, isolation = self._groups.groups, self._duties.isolation.state
        self._reporter.heartbeat(self._book.versions(), self._interval(), groups, isolation)

    def _interval(self) -> int:
        return int(self._own_setting("heartbeat.interval_seconds"))

    async def _keep_inventory(self) -> None:
        is_first = True
        while True:
            await self._reporter.inventory(is_forced=is_first)
            is_first = False
            self._groups.look_soon()
            await asyncio.sleep(min(3600, int(self._own_setting("inventory.interval_seconds"))))

    async def _identity_renewed(self, identity: Identity) -> None:
        self._identity = identity
        identity_save(self._store, identity)
        await self._bus.reconnect()

    async def _keep_status(self) -> None:
        while True:
            self._write_status()
            await self._bus.read_missing()
            await self._passes.document_is(missing=self._bus.is_absent(device_key(self._identity.device)))
            await asyncio.sleep(STATUS_SECONDS)

    def _write_status(self) -> None:
        view = StatusFile(
            device=self._identity.device, company=self._identity.company,
            is_connected=self._bus.is_connected, last_error=self._bus.last_error,
            spool_waiting=self._spool.count(), applied=self._book.versions(),
            refused_documents=dict(self._refused), updated_at_us=micros(utc_now()),
            **protection_view(self._endpoint_status), **isolation_view(self._duties.isolation.state),
        )  # fmt: skip
        with suppress(OSError):
            file_replace(self._layout.status_file, msgspec.json.encode(view))
