"""Holds the seat: takes it, proves it offline, renews it in time, gives it back."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
from seatkeep_license.encoding import seconds_of
from seatkeep_license.errors import KeyUnknownError, LicenseError
from seatkeep_license.keys import KeySet, SigningKey
from seatkeep_license.leases import Lease, high_water_raise, lease_verify
from seatkeep_license.requests import (
    ActivateRequest,
    Credential,
    DeviceInfo,
    ReleaseRequest,
    RenewRequest,
    activate_build,
    release_build,
    renew_build,
)
from seatkeep_protocol.messages import EndpointLicense
from seatkeep_protocol.vocabulary import LicenseState

from seatkeep_endpoint.errors import ArgumentError, HubError, HubUnreachableError
from seatkeep_endpoint.leasing.hub import Hub, LeaseAnswer, Verb
from seatkeep_endpoint.leasing.rules import (
    REFUSED_RETRY,
    STATE_AFTER_REFUSAL,
    SeatRecord,
    SeatView,
    renew_at,
    retry_delay,
    seat_view,
)
from seatkeep_endpoint.store import Store

log = logging.getLogger(__name__)

SEAT, KEYS, DEVICE = "seat", "hub_keys", "device_info"
LEFT = "left_seats"
"""Seats that a newer one took the place of and that the hub does not know of yet: seat uid → the hub's address."""
LONGEST_SLEEP = timedelta(minutes=5)
"""The machine may sleep or its clock may be set; look again at least this often."""


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """By what right a seat is asked for; exactly one of the three.

    Attributes:
        hub_url: The hub's licensing address for devices.
        product: Product code.
        device: What the hub shows of this machine.
    """

    hub_url: str
    product: str
    device: DeviceInfo
    ticket: str | None = None
    license_key: str | None = None
    credential: Credential | None = None


class LeaseKeeper:
    """The seat of this device.

    Args:
        store: Where the lease, the hub's keys and the high-water mark live.
        key: The device's own key.
        fingerprint: Gives the fingerprint digest for a hub address.
        connect: Gives the hub for an address.
        clock: Current time, aware UTC.
        on_change: Called after each change of the seat.
    """

    def __init__(
        self,
        *,
        store: Store,
        key: SigningKey,
        fingerprint: Callable[[str], str],
        connect: Callable[[str], Hub],
        clock: Callable[[], datetime],
        on_change: Callable[[], None],
    ) -> None:
        self._store, self._key = store, key
        self._fingerprint, self._connect = fingerprint, connect
        self._clock, self._on_change = clock, on_change
        self._asking = asyncio.Lock()
        self._wake = asyncio.Event()
        self._spread = random.random()  # noqa: S311  # spreads load, guards nothing
        self._offset = timedelta(0)

    @property
    def record(self) -> SeatRecord:
        """What is remembered."""
        return self._store.fact(SEAT, SeatRecord) or SeatRecord()

    def lease(self) -> Lease | None:
        """The last lease, verified anew with the stored keys; None when there is none that holds."""
        record = self.record
        if not record.token:
            return None
        try:
            return lease_verify(record.token, self._keys(), issuer=record.hub_url, device_key=self._key.verify_key)
        except LicenseError as error:
            log.error("the stored lease does not hold: %s", error)
            return None

    def view(self) -> SeatView:
        """The seat now."""
        record = self.record
        high_water = datetime.fromtimestamp(record.high_water_us / 1_000_000, tz=UTC)
        return seat_view(self.lease(), record.refusal, now=self._clock(), high_water=high_water)

    def status(self) -> EndpointLicense:
        """The seat as the agent reports it."""
        lease, record = self.lease(), self.record
        return EndpointLicense(
            state=self.view().state,
            public_id=lease.license if lease else None,
            company=lease.company if lease else None,
            seat=lease.sub if lease else None,
            mode=lease.mode.value if lease else None,
            soft_expires_at_us=lease.soft * 1_000_000 if lease else None,
            hard_expires_at_us=lease.exp * 1_000_000 if lease else None,
            error=record.refusal or None,
        )

    async def activate(self, activation: Activation) -> None:
        """Take a seat. Idempotent: a device that holds one gets the same again.

        Raises:
            HubError: The hub said no; remembered and shown.
            HubUnreachableError: No answer; nothing changed, try again.
            ArgumentError: The hub's lease is for something else.
        """
        url = activation.hub_url.rstrip("/")
        self._store.fact_set(DEVICE, activation.device)
        async with self._asking:
            try:
                answer = await self._ask(url, Verb.ACTIVATE, lambda: self._activate_token(url, activation))
            except HubError as error:
                self._remember(hub_url=url, product=activation.product, **refused(error, self._clock()))
                raise
            former, former_url = self.lease(), self.record.hub_url
            await self._accept(url, activation.product, answer)
            self._leave(former, former_url)
            await self._release_left()

    async def renew(self) -> None:
        """Ask for the next lease.

        Raises:
            HubError: The hub said no; remembered and shown.
            HubUnreachableError: No answer; nothing changed, try again.
            ArgumentError: There is no lease to renew.
        """
        async with self._asking:
            record, lease = self.record, self.lease()
            if lease is None:
                raise ArgumentError("there is no lease to renew")
            try:
                answer = await self._ask(record.hub_url, Verb.RENEW, lambda: self._renew_token(record, lease))
            except HubError as error:
                self._remember(**refused(error, self._clock()))
                raise
            await self._accept(record.hub_url, record.product, answer)
            await self._release_left()

    async def release(self) -> bool:
        """Give the seat back and forget the lease; True when the hub confirmed it.

        Raises:
            HubUnreachableError: The hub does not know yet; the lease is kept, try again.
        """
        async with self._asking:
            record, lease = self.record, self.lease()
            if lease is None:
                return False
            try:
                await self._ask(record.hub_url, Verb.RELEASE, lambda: self._release_token(record.hub_url, lease.sub))
            except HubError as error:
                log.warning("the hub says %s to the release", error.problem)
            self._remember(token="", refusal="", detail="")
            return True

    def forget(self) -> None:
        """Forget the lease and whatever the hub said."""
        self._remember(token="", refusal="", detail="", product="")

    def check_now(self) -> None:
        """Renew as soon as possible: the agent heard that something changed."""
        self._store.fact_set("check_now", True)
        self._wake.set()

    async def run(self) -> None:
        """Renew for ever. Failures are retried with growing, jittered pauses; never raises but when cancelled."""
        attempt = 0
        while True:
            wait = self._until_due()
            if wait is None or wait > timedelta(0):
                attempt = 0
                await self._sleep(LONGEST_SLEEP if wait is None else min(wait, LONGEST_SLEEP))
                continue
            pause = await self._try_renew(attempt)
            attempt = attempt + 1 if pause is not None else 0
            await self._sleep(pause or timedelta(seconds=1))

    async def _try_renew(self, attempt: int) -> timedelta | None:
        """Renew once; the pause before a retry, or None when all is well."""
        self._store.fact_set("check_now", False)
        try:
            await self.renew()
        except HubError:
            return REFUSED_RETRY
        except HubUnreachableError as error:
            log.info("renewal: %s", error)
            self._store.fact_set("check_now", True)  # Whoever asked for it still wants it.
            return retry_delay(attempt, random.random(), error.retry_after_seconds)  # noqa: S311  # spreads load
        except ArgumentError as error:
            log.info("renewal: %s", error)
            return retry_delay(attempt, random.random(), None)  # noqa: S311  # spreads load
        return None

    def _until_due(self) -> timedelta | None:
        """How long until the renewal; zero or less = now; None = nothing to renew."""
        lease = self.lease()
        if lease is None:
            return None
        if self._store.fact("check_now", bool):
            return timedelta(0)
        if STATE_AFTER_REFUSAL.get(self.record.refusal) is LicenseState.NONE:
            return None
        refused_until = datetime.fromtimestamp(self.record.refused_at_us / 1_000_000, tz=UTC) + REFUSED_RETRY
        due = refused_until if self.record.refusal in STATE_AFTER_REFUSAL else renew_at(lease, self._spread)
        return due - self._clock()

    async def _sleep(self, pause: timedelta) -> None:
        """Sleep, but not past a wake-up. (`asyncio.wait_for` can swallow a cancellation before Python 3.12.)"""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.05, pause.total_seconds())):
                await self._wake.wait()
                self._wake.clear()

    async def _ask(self, url: str, verb: Verb, build: Callable[[], str]) -> bytes:
        """Ask once, and once more with the server's time when our clock is wrong."""
        hub = self._connect(url)
        try:
            return await hub.ask(verb, build())
        except HubError as error:
            if error.problem != "clock_skew" or error.server_time_us is None:
                raise
            server_time = datetime.fromtimestamp(error.server_time_us / 1_000_000, tz=UTC)
            self._offset = server_time - self._clock()
        return await hub.ask(verb, build())

    async def _accept(self, url: str, product: str, body: bytes) -> None:
        """Verify and store a new lease."""
        try:
            answer = msgspec.json.decode(body, type=LeaseAnswer)
        except msgspec.MsgspecError as error:
            raise HubUnreachableError(f"the hub's answer makes no sense: {error}") from error
        lease = await self._verify(url, answer.lease)
        if lease.product != product:
            raise ArgumentError(f"the lease is for {lease.product}, not for {product}")
        mark = self.record.high_water_us
        known = datetime.fromtimestamp(mark / 1_000_000, tz=UTC) if mark else None
        high_water = high_water_raise(known, lease)
        self._spread = random.random()  # noqa: S311  # spreads load
        self._remember(
            hub_url=url, product=product, token=answer.lease, refusal="", detail="",
            high_water_us=int(high_water.timestamp() * 1_000_000),
        )  # fmt: skip
        self._wake.set()

    async def _verify(self, url: str, token: str) -> Lease:
        """Verify a lease with the pinned keys; unknown key: fetch the hub's keys once (they may have rotated)."""
        try:
            return lease_verify(token, self._keys(), issuer=url, device_key=self._key.verify_key)
        except KeyUnknownError:
            await self._fetch_keys(url)
        except LicenseError as error:
            raise HubUnreachableError(f"the hub's lease does not hold: {error}") from error
        try:
            return lease_verify(token, self._keys(), issuer=url, device_key=self._key.verify_key)
        except LicenseError as error:
            raise HubUnreachableError(f"the hub's lease does not hold: {error}") from error

    async def _fetch_keys(self, url: str) -> None:
        keys = await self._connect(url).keys()
        self._store.fact_set(KEYS, keys.to_jwks())

    def _keys(self) -> KeySet:
        jwks = self._store.fact(KEYS, dict)
        return KeySet.from_jwks(jwks) if jwks else KeySet()

    def _activate_token(self, url: str, activation: Activation) -> str:
        request = ActivateRequest(
            aud=url, iat=self._iat(), jti=fresh_id(), product=activation.product, fp=self._fingerprint(url),
            device=activation.device, ticket=activation.ticket, license_key=activation.license_key,
            credential=activation.credential,
        )  # fmt: skip
        return activate_build(request, self._key)

    def _renew_token(self, record: SeatRecord, lease: Lease) -> str:
        request = RenewRequest(
            aud=record.hub_url, iat=self._iat(), jti=fresh_id(), seat=lease.sub, seq=lease.seq, lease=record.token,
            device=self._store.fact(DEVICE, DeviceInfo),
        )  # fmt: skip
        return renew_build(request, self._key)

    def _release_token(self, url: str, seat: str) -> str:
        request = ReleaseRequest(aud=url, iat=self._iat(), jti=fresh_id(), seat=seat)
        return release_build(request, self._key)

    def _leave(self, former: Lease | None, url: str) -> None:
        """Note that a seat of another license is held instead: the former one must not be counted any longer."""
        held = self.lease()
        if former is not None and held is not None and former.sub != held.sub:
            left: dict[str, str] = self._store.fact(LEFT, dict) or {}
            left.pop(held.sub, None)
            self._store.fact_set(LEFT, {**left, former.sub: url})

    async def _release_left(self) -> None:
        """Give the seats back that were left; what the hub does not hear of now waits for the next renewal."""
        left: dict[str, str] = self._store.fact(LEFT, dict) or {}
        for seat, url in list(left.items()):
            try:
                await self._ask(url, Verb.RELEASE, partial(self._release_token, url, seat))
            except HubUnreachableError as error:
                log.info("the seat that was left waits: %s", error)
                return
            except HubError as error:
                log.warning("the hub says %s to the release of the seat that was left", error.problem)
            del left[seat]
            self._store.fact_set(LEFT, left)

    def _iat(self) -> int:
        return seconds_of(self._clock() + self._offset)

    def _remember(self, **changes: str | int) -> None:
        self._store.fact_set(SEAT, msgspec.structs.replace(self.record, **changes))
        self._on_change()


def refused(error: HubError, now: datetime) -> dict[str, str | int]:
    """What to remember of a final "no"."""
    return {
        "refusal": error.problem,
        "detail": str(error),
        "refused_at_us": int(now.timestamp() * 1_000_000),
    }


def fresh_id() -> str:
    """A unique id for one request, 128 random bits."""
    return f"{random.SystemRandom().getrandbits(128):032x}"
