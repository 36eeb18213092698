"""Keeps this machine cut off the network for as long as it was ordered, and no longer, whatever is restarted."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from seatkeep_machine.errors import FirewallError, MachineUnsupportedError
from seatkeep_machine.firewall import firewall
from seatkeep_machine.firewall.base import Firewall, Openings, network
from seatkeep_machine.firewall.names import resolvers, server_addresses
from seatkeep_protocol.messages import IsolationState
from seatkeep_protocol.tasks import IsolateParams

from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.journal import micros
from seatkeep_agent.store import Store

log = logging.getLogger(__name__)
ISOLATED = "isolated"
LOOK_SECONDS = 5.0
"""How late the end is noticed at most, and a server that has another address now."""
HOUR_US = 3_600_000_000
SAVE_US = 30_000_000
"""How often at most the time that went by is written down while nothing else changes."""


class Isolated(msgspec.Struct, frozen=True, kw_only=True):
    """An isolation as this machine remembers it.

    Attributes:
        since_us, until_us: By this machine's clock, µs since 1970.
        mark_us: How far time has certainly come: a clock that is set back does not make the isolation longer.
        servers: Address and port of the servers when they were last known, for a start without name servers.
    """

    since_us: int
    until_us: int
    mark_us: int
    by: str
    reason: str
    allow: list[str]
    servers: list[tuple[str, int]] = []


class IsolationKeeper:
    """Cuts the machine off, keeps it so over restarts, and lets it go in time.

    Args:
        store: Remembers it.
        firewall: Does it; None where this system has none that we know.
        urls: The servers that must stay reachable.
        allowed: The networks that policies keep open.
        is_server: Whether this machine is a server.
        say: Tells whoever is signed in.
        on_change: Is called when it begins, changes or ends.
        clock: Current time, aware UTC.
        monotonic: Seconds that nobody can set.
    """

    def __init__(
        self,
        *,
        store: Store,
        firewall: Firewall | None,
        urls: Callable[[], Iterable[str]],
        allowed: Callable[[], Iterable[str]],
        is_server: Callable[[], bool],
        say: Callable[[str], object],
        on_change: Callable[[], None],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._firewall, self._urls, self._allowed = store, firewall, urls, allowed
        self._is_server, self._say, self._on_change = is_server, say, on_change
        self._clock, self._monotonic = clock, monotonic
        self._looked_at = monotonic()
        self._isolated = store.fact(ISOLATED, Isolated | None)  # type: ignore[arg-type]  # msgspec takes unions
        self._saved_us = 0
        self._in_force: Openings | None = None

    @property
    def state(self) -> IsolationState | None:
        """How the machine is cut off; None while it is not."""
        it = self._isolated
        if it is None:
            return None
        return IsolationState(since_us=it.since_us, until_us=it.until_us, by=it.by, reason=it.reason)

    def restore(self) -> None:
        """At a start, before anything else: what was in force is again; what was ended halfway is ended."""
        try:
            if self._isolated is not None:
                self._cut(self._openings(self._isolated, known=frozenset()))
            elif self._firewall is not None and self._firewall.is_cut():
                self._firewall.open()
        except FirewallError:
            log.exception("the isolation could not be restored")

    async def isolate(self, params: IsolateParams) -> None:
        """Cut the machine off, or keep it cut off for longer or with other openings.

        Raises:
            LocalFailureError: It could not; the message says why.
        """
        if self._firewall is None:
            raise LocalFailureError("this system cannot be isolated from the network")
        if self._is_server() and not params.is_for_servers:
            raise LocalFailureError("this is a server, and the isolation of servers was not confirmed")
        known = await asyncio.to_thread(server_addresses, self._urls())
        now_us = self._mark()
        before = self._isolated
        wanted = Isolated(
            since_us=before.since_us if before else now_us, until_us=now_us + params.hours * HOUR_US, mark_us=now_us,
            by=params.by, reason=params.reason, allow=params.allow,
            servers=_merged(before.servers if before else [], known),
        )  # fmt: skip
        self._keep(wanted)
        try:
            await asyncio.to_thread(self._cut, self._openings(wanted, known))
        except FirewallError as error:
            self._keep(before)
            raise LocalFailureError(str(error)) from error
        self._on_change()
        if before is None:
            await asyncio.to_thread(self._say, words(wanted))

    async def release(self) -> None:
        """End it now. Idempotent.

        Raises:
            LocalFailureError: The firewall did not let go; the isolation stands.
        """
        was = self._isolated
        self._keep(None)
        self._in_force = None
        try:
            if self._firewall is not None and (was is not None or self._firewall.is_cut()):
                await asyncio.to_thread(self._firewall.open)
        except FirewallError as error:
            self._keep(was)
            raise LocalFailureError(str(error)) from error
        self._on_change()
        if was is not None:
            await asyncio.to_thread(self._say, "This computer is no longer isolated from the network.")

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """End what is over; follow servers that moved and policies that changed."""
        it = self._isolated
        if it is None:
            self._looked_at = self._monotonic()
            return
        mark_us = self._mark()
        if mark_us >= it.until_us:
            log.info("the isolation is over")
            try:
                await self.release()
            except LocalFailureError:
                log.exception("the isolation could not be ended")
            return
        known = await asyncio.to_thread(server_addresses, self._urls())
        if self._isolated is not it:
            return  # A task changed it while the name servers were asked.
        now = msgspec.structs.replace(it, mark_us=mark_us, servers=_merged(it.servers, known))
        if now.servers != it.servers or mark_us - self._saved_us >= SAVE_US:
            self._keep(now)
        self._isolated = now
        try:
            await asyncio.to_thread(self._cut, self._openings(now, known))
        except FirewallError:
            log.exception("the isolation could not be renewed")

    def _mark(self) -> int:
        """How far time has come: the clock, or where it stood plus the time that went by since, whichever is later."""
        gone = self._monotonic() - self._looked_at
        self._looked_at += gone
        last = self._isolated.mark_us if self._isolated else 0
        return max(micros(self._clock()), last + int(gone * 1_000_000) if last else 0)

    def _keep(self, isolated: Isolated | None) -> None:
        self._store.fact_set(ISOLATED, isolated)
        self._isolated = isolated
        self._saved_us = isolated.mark_us if isolated else 0

    def _cut(self, openings: Openings) -> None:
        if self._firewall is not None and openings != self._in_force:
            self._firewall.cut(openings)
            self._in_force = openings

    def _openings(self, it: Isolated, known: frozenset[tuple[object, int]]) -> Openings:
        networks = set()
        for text in {*it.allow, *self._allowed()}:
            try:
                networks.add(network(text))
            except FirewallError:
                log.warning("%s is no network and stays closed", text)
        servers = {(ipaddress.ip_address(address), port) for address, port in it.servers} | known
        return Openings(servers=frozenset(servers), resolvers=resolvers(), networks=frozenset(networks))  # type: ignore[arg-type]


def firewall_here(root: Path) -> Firewall | None:
    """This machine's firewall; None where none is known."""
    try:
        return firewall(root)
    except MachineUnsupportedError:
        return None


def words(it: Isolated) -> str:
    """What people before the machine read."""
    until = datetime.fromtimestamp(it.until_us / 1_000_000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    who = f" by {it.by}" if it.by else ""
    why = f" Reason: {it.reason}" if it.reason else ""
    return f"This computer was isolated from the network{who} until {until}. It can reach its management only.{why}"


def _merged(before: list[tuple[str, int]], known: Iterable[tuple[object, int]]) -> list[tuple[str, int]]:
    """Addresses known now, and those before: a server that moves is reached at both while it does."""
    return sorted({*before, *((str(address), port) for address, port in known)})[:256]
