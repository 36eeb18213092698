"""What the agent can ask of the endpoint: one method per op."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psutil
from seatkeep_license.keys import SigningKey
from seatkeep_protocol import local
from seatkeep_protocol.errors import FrameError
from seatkeep_protocol.local import EventName, Hello, Op
from seatkeep_protocol.messages import EndpointStatus
from seatkeep_protocol.protection import Capabilities, capabilities_combine, protection_status
from seatkeep_protocol.vocabulary import LicenseState, QuarantineState, ScanMethod

from seatkeep_endpoint import __version__
from seatkeep_endpoint.defender.jobs import DefenderJobs
from seatkeep_endpoint.defender.room import DefenderRoom
from seatkeep_endpoint.defender.runner import Runner
from seatkeep_endpoint.defender.threats import ThreatBook
from seatkeep_endpoint.engines.base import Engine
from seatkeep_endpoint.engines.choice import engine_choose
from seatkeep_endpoint.errors import (
    DefenderRefusedError,
    EndpointError,
    HubError,
    NotProtectingError,
    RetiredError,
)
from seatkeep_endpoint.leasing.keeper import Activation, LeaseKeeper
from seatkeep_endpoint.leasing.rules import SeatView
from seatkeep_endpoint.news import News
from seatkeep_endpoint.paths import Layout
from seatkeep_endpoint.platforms.base import Platform
from seatkeep_endpoint.quarantine import Quarantine
from seatkeep_endpoint.scanner import Scanner, quarantine_event
from seatkeep_endpoint.scanning.scan import ScanRequest
from seatkeep_endpoint.scanning.watching import Watcher
from seatkeep_endpoint.settings import Settings
from seatkeep_endpoint.store import Store

log = logging.getLogger(__name__)

PRODUCT = "endpoint"
IS_STOPPED, RELAY_URL = "is_stopped", "relay_url"


class AgentHello(Hello, frozen=True, kw_only=True):
    """`hello` with the number of the last durable event that the agent has stored; may be sent again and again."""

    events_seen: int = 0


class EndpointService:
    """The endpoint's desk.

    Args:
        layout: Its folders.
        store: Its memory.
        key: The device's key.
        keeper: The seat.
        news: What the agent hears.
        platform: The operating system.
        clock: Current time, aware UTC.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        store: Store,
        key: SigningKey,
        keeper: LeaseKeeper,
        news: News,
        platform: Platform,
        clock: Callable[[], datetime],
    ) -> None:
        self._layout, self._store, self._key, self._keeper = layout, store, key, keeper
        self._clock, self.news = clock, news
        self.settings = Settings(store, layout.root / "etc" / "endpoint.json", platform.default_settings())
        self.quarantine = Quarantine(layout.quarantine, store, platform.files)
        self.scanner = Scanner(
            store=store, quarantine=self.quarantine, news=news, product=self.product, clock=clock,
            files=platform.files, own_folder=layout.root, on_change=self.tell_status,
        )  # fmt: skip
        self.watcher = Watcher(
            watch=platform.watch, folders=lambda: self.settings.values()["watch.folders"],
            examine=self.examine_written,
        )  # fmt: skip
        self.defender = self._defender_room(platform.defender_runner())
        self.defender_jobs = DefenderJobs(store, news, self.defender)
        self._policy_errors: dict[str, str] = {}
        self._engine_errors: dict[str, str] = {}
        self._engine: Engine = self._choose_engine()
        self._told: bytes = b""
        self._is_retired = False
        self._handlers: dict[Op, Callable[[Any], Awaitable[Any]]] = {
            Op.HELLO: self._hello,
            Op.STATUS: self._status,
            Op.ACTIVATE: self._activate,
            Op.DEACTIVATE: self._deactivate,
            Op.RENEW: self._renew,
            Op.LICENSE_STOP: self._license_stop,
            Op.SETTINGS_APPLY: self._settings_apply,
            Op.SCAN_START: self._scan_start,
            Op.SCAN_CANCEL: self._scan_cancel,
            Op.QUARANTINE_LIST: self._quarantine_list,
            Op.QUARANTINE_RESTORE: self._quarantine_restore,
            Op.QUARANTINE_DELETE: self._quarantine_delete,
            Op.SIGNATURES_UPDATE: self._signatures_update,
            Op.RETIRE: self._retire,
        }

    async def answer(self, request: local.Request) -> local.Answer:
        """Do what is asked; errors become answers, never exceptions."""
        args_type = AgentHello if request.op is Op.HELLO else local.ARGS_TYPES[request.op]
        try:
            result = await self._handlers[request.op](local.body_convert(request.args, args_type))
        except (EndpointError, FrameError) as error:
            code = error.problem if isinstance(error, HubError) else error.code
            return local.Answer(request.id, False, error=local.Failure(code, str(error)))
        except Exception as error:
            log.exception("%s failed", request.op)
            return local.Answer(request.id, False, error=local.Failure("internal", type(error).__name__))
        return local.Answer(request.id, True, msgspec.to_builtins(result))

    def product(self) -> str:
        """The product code that a seat is held of, or this program's own name."""
        return self._keeper.record.product or PRODUCT

    def view(self) -> SeatView:
        """The seat as it counts: an explicit "stop protecting" overrides a good lease."""
        view = self._keeper.view()
        if self._store.fact(IS_STOPPED, bool):
            return msgspec.structs.replace(view, state=LicenseState.STOPPED, is_protecting=False, is_updating=False)
        return view

    def status(self) -> EndpointStatus:
        """Everything about this product now."""
        view, defender = self.view(), self.defender.report() if self.defender else None
        capabilities = self._capabilities()
        open_threats = self.scanner.open_threats() + (self.defender.open_threats if self.defender else 0)
        protection = protection_status(
            capabilities, view.state, open_threats=open_threats, now=self._clock(),
            signatures_max_age=timedelta(days=self.settings.values()["signatures.max_age_days"]),
        )  # fmt: skip
        errors = {**self._policy_errors, **self._engine_errors, **self.watcher.errors}
        return EndpointStatus(
            product=self.product(),
            version=__version__,
            key_jkt=self._key.kid,
            engine=self._engine.code,
            engine_version=self._engine.version()[:255],
            capabilities=capabilities,
            license=msgspec.structs.replace(self._keeper.status(), state=view.state),
            protection=protection.status,
            reasons=list(protection.reasons),
            open_threats=open_threats,
            settings=self.settings.in_force(),
            settings_errors={**errors, **({"clock": CLOCK_BEHIND} if view.is_clock_behind else {})},
            engines=[defender] if defender else [],
        )

    def tell_status(self) -> None:
        """Tell the status if it changed since it was told last."""
        status = self.status()
        encoded = msgspec.msgpack.encode(status)
        if encoded != self._told:
            self._told = encoded
            self.news.tell(EventName.STATUS, status)

    def scan_begin(
        self,
        run: uuid.UUID,
        targets: list[str],
        *,
        is_quarantining: bool = True,
        method: ScanMethod = ScanMethod.SEATKEEP,
    ) -> None:
        """Start a scan with the settings in force.

        Raises:
            NotProtectingError: There is no seat that allows it.
            ScanBusyError: Another scan runs.
            ScanTargetError: None of the targets exists.
            DefenderAbsentError: Defender is to scan and is not here.
        """
        if not self.view().is_protecting:
            raise NotProtectingError("no license: this product does not protect now")
        if method is not ScanMethod.SEATKEEP:
            self.defender_jobs.scan(run, method, targets)
            return
        values = self.settings.values()
        request = ScanRequest(
            targets=targets or values["scan.targets"],
            exclusions=values["scan.exclusions"],
            is_quarantining=is_quarantining and values["quarantine.on_detection"],
        )
        self.scanner.start(run, request, self._engine)

    async def watch(self) -> None:
        """Examine files that are written in the folders that the settings name, until cancelled."""
        await asyncio.to_thread(self.watcher.follow, asyncio.get_running_loop())
        await self.watcher.run()

    def examine_written(self, paths: list[str], loop: asyncio.AbstractEventLoop) -> None:
        """Examine files that were just written, with the settings in force; in the caller's thread.

        Without a seat that allows it nothing is examined.
        """
        if not self.view().is_protecting:
            return
        values = self.settings.values()
        request = ScanRequest(
            targets=paths, exclusions=values["scan.exclusions"], is_quarantining=values["quarantine.on_detection"]
        )
        self.scanner.examine(request, self._engine, loop)

    def _capabilities(self) -> Capabilities:
        """What this machine has altogether."""
        return capabilities_combine(self._engine.capabilities(), self.defender.capabilities if self.defender else None)

    def _defender_room(self, runner: Runner | None) -> DefenderRoom | None:
        if runner is None:
            return None
        return DefenderRoom(
            runner=runner, book=ThreatBook(self._store, self.news, self.product, self._key.kid),
            chosen=self.settings.chosen, clock=self._clock, may_enforce=lambda: self.view().is_protecting,
        )  # fmt: skip

    def _choose_engine(self) -> Engine:
        engine, self._engine_errors = engine_choose(
            self.settings.values(), own_rules=self._layout.own_rules, ram_bytes=psutil.virtual_memory().total
        )
        return engine

    async def _hello(self, args: AgentHello) -> Hello:
        self.news.seen(args.events_seen)
        return Hello(version=__version__, product=self.product(), key_jkt=self._key.kid)

    async def _status(self, args: local.NoArgs) -> EndpointStatus:
        return self.status()

    async def _activate(self, args: local.ActivateArgs) -> EndpointStatus:
        if self._is_retired:
            raise RetiredError("this endpoint leaves the machine and takes no seat any more")
        if args.ca_pem:
            self._layout.ca_file.write_text(args.ca_pem)
        self._store.fact_set(RELAY_URL, args.relay_url or "")
        await self._keeper.activate(
            Activation(hub_url=args.licensing_url, product=args.product, device=args.device, ticket=args.ticket)
        )
        return self.status()

    async def _deactivate(self, args: local.NoArgs) -> dict[str, bool]:
        return {"released": await self._keeper.release()}

    async def _renew(self, args: local.NoArgs) -> EndpointStatus:
        self._keeper.check_now()
        return self.status()

    async def _license_stop(self, args: local.LicenseStopArgs) -> EndpointStatus:
        self._store.fact_set(IS_STOPPED, args.is_stopped)
        if args.is_stopped:
            self.scanner.cancel_all()
        else:
            self._keeper.check_now()
        self.tell_status()
        return self.status()

    async def _settings_apply(self, args: local.SettingsApplyArgs) -> local.SettingsApplied:
        self._policy_errors = self.settings.apply(args.settings)
        self._engine = await asyncio.to_thread(self._choose_engine)
        await asyncio.to_thread(self.watcher.follow, asyncio.get_running_loop())
        if self.defender is not None:
            self.defender.wake()
        self.tell_status()
        return local.SettingsApplied(errors={**self._policy_errors, **self._engine_errors, **self.watcher.errors})

    async def _scan_start(self, args: local.ScanStartArgs) -> None:
        self.scan_begin(args.run, args.targets, is_quarantining=args.is_quarantining, method=args.method)

    async def _scan_cancel(self, args: local.ScanCancelArgs) -> None:
        if await self.defender_jobs.cancel(args.run):
            return
        self.scanner.cancel(args.run)

    async def _signatures_update(self, args: local.SignaturesUpdateArgs) -> None:
        self.defender_jobs.update(args.run)

    async def _quarantine_list(self, args: local.NoArgs) -> list[local.QuarantineItem]:
        others = self.defender.held() if self.defender else []
        return others + [
            local.QuarantineItem(
                item=uuid.UUID(item.item), path=item.path, sha256=item.sha256, size_bytes=item.size_bytes,
                threat=item.threat, at_us=item.at_us, detection=uuid.UUID(item.detection),
            )
            for item in self.quarantine.list()
        ]  # fmt: skip

    async def _quarantine_restore(self, args: local.QuarantineRestoreArgs) -> None:
        if self.defender is not None and self.defender.holds(args.item):
            await asyncio.to_thread(self.defender.restore, args.item, is_excluding=args.is_excluding)
            return
        item = await asyncio.to_thread(
            self.quarantine.restore, args.item.hex, now=self._clock(), is_excluding=args.is_excluding
        )
        body = quarantine_event(item, QuarantineState.RESTORED, now=self._clock())
        self.news.record(EventName.QUARANTINE, body)

    async def _quarantine_delete(self, args: local.QuarantineDeleteArgs) -> None:
        if self.defender is not None and self.defender.holds(args.item):
            raise DefenderRefusedError("Defender empties its quarantine by itself; one file cannot be deleted from it")
        item = self.quarantine.delete(args.item.hex)
        self.news.record(EventName.QUARANTINE, quarantine_event(item, QuarantineState.DELETED, now=self._clock()))

    async def _retire(self, args: local.RetireArgs) -> dict[str, bool]:
        """Leave for good: an agent that still runs and has a ticket must not take the seat again."""
        self.scanner.cancel_all()
        self._is_retired = True
        try:
            is_released = await self._keeper.release() if args.is_releasing_seat else False
        except EndpointError:
            self._is_retired = False
            raise
        self._keeper.forget()
        self.tell_status()
        return {"released": is_released}


CLOCK_BEHIND = "the clock of this machine is behind the time that the hub has signed"


def utc_now() -> datetime:
    """The clock; only edges read it."""
    return datetime.now(UTC)
