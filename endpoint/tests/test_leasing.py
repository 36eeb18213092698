"""The seat: proven offline, renewed, lost with a clear state; never broken by a clock or by a hub in trouble."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from seatkeep_endpoint.errors import HubError, HubUnreachableError
from seatkeep_endpoint.leasing.hub import HubAnswer, Verb, judge
from seatkeep_endpoint.leasing.keeper import SEAT, Activation, LeaseKeeper
from seatkeep_endpoint.leasing.rules import retry_delay
from seatkeep_endpoint.store import Store
from seatkeep_license.keys import KeySet, SigningKey
from seatkeep_license.leases import Confirmation, LapsePolicy, Lease, LeaseMode, lease_sign
from seatkeep_license.requests import DeviceInfo, activate_verify

URL = "https://licensing.localhost"
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACTIVATION = Activation(hub_url=URL, product="p", device=DeviceInfo(name="m"), license_key="K")


class FakeHub:
    """A hub that signs what it is told to, or says no."""

    def __init__(self, device: SigningKey) -> None:
        self.key, self.device, self.now = SigningKey.generate(), device, START
        self.seat = "s"
        self.lapse, self.failures, self.asked, self.seq = LapsePolicy.KEEP_PROTECTING, list[Exception](), list[str](), 0

    async def ask(self, verb: Verb, token: str) -> bytes:
        self.asked.append(token)
        if self.failures:
            raise self.failures.pop(0)
        self.seq += 1
        return msgspec.json.encode({"lease": self.lease(), "seat": "s", "server_time_us": 1})

    async def keys(self) -> KeySet:
        return KeySet([self.key.verify_key])

    def lease(self) -> str:
        iat = int(self.now.timestamp())
        lease = Lease(
            iss=URL, sub=self.seat, license="ABC-DEF-GHJ", license_id="l", node="n", company="c", product="p",
            cnf=Confirmation(self.device.kid), fp="f", seq=self.seq, seat_epoch=0, node_epoch=0, iat=iat,
            soft=iat + 3 * 86_400, exp=iat + 30 * 86_400, renew_after_seconds=21_600, mode=LeaseMode.NORMAL,
            lapse=self.lapse, lapse_days=0, jti=uuid.uuid4().hex,
        )  # fmt: skip
        return lease_sign(lease, self.key)


class Desk:
    def __init__(self, store: Store) -> None:
        self.key, self.now, self.store = SigningKey.generate(), START, store
        self.hub = FakeHub(self.key)
        self.keeper = LeaseKeeper(
            store=store, key=self.key, fingerprint=lambda url: "f", connect=lambda url: self.hub,
            clock=lambda: self.now, on_change=lambda: None,
        )  # fmt: skip

    @property
    def state(self) -> str:
        return self.keeper.view().state.value


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


async def test_an_activated_seat_is_proven_offline_after_a_restart(desk: Desk) -> None:
    await desk.keeper.activate(ACTIVATION)
    desk.hub.failures = [HubUnreachableError("down")]
    assert (desk.state, desk.keeper.view().is_protecting) == ("ACTIVE", True)


@pytest.mark.parametrize(
    ("lapse", "days", "state", "is_protecting"),
    [
        (LapsePolicy.KEEP_PROTECTING, 4, "SOFT_EXPIRED", True),
        (LapsePolicy.KEEP_PROTECTING, 31, "LAPSED", True),
        (LapsePolicy.STOP, 29, "SOFT_EXPIRED", True),
        (LapsePolicy.STOP, 31, "STOPPED", False),
        (LapsePolicy.STOP_UPDATES_THEN_PROTECTION, 31, "STOPPED", False),
    ],
)
async def test_what_a_lapse_does(desk: Desk, lapse: LapsePolicy, days: int, state: str, is_protecting: bool) -> None:
    desk.hub.lapse = lapse
    await desk.keeper.activate(ACTIVATION)
    desk.now += timedelta(days=days)
    assert (desk.state, desk.keeper.view().is_protecting) == (state, is_protecting)


async def test_a_clock_set_back_a_month_degrades_and_says_so(desk: Desk) -> None:
    await desk.keeper.activate(ACTIVATION)
    desk.now -= timedelta(days=30)
    view = desk.keeper.view()
    assert (view.state, view.is_protecting, view.is_clock_behind) == ("SOFT_EXPIRED", True, True)


async def test_a_clock_set_back_does_not_make_an_old_lease_young(desk: Desk) -> None:
    await desk.keeper.activate(ACTIVATION)
    old = desk.keeper.record.token
    desk.hub.now = desk.now = START + timedelta(days=40)
    await desk.keeper.renew()
    desk.store.fact_set(SEAT, msgspec.structs.replace(desk.keeper.record, token=old))
    desk.now = START
    assert desk.state == "LAPSED"


async def test_a_lease_with_a_flipped_byte_is_no_lease(desk: Desk) -> None:
    await desk.keeper.activate(ACTIVATION)
    token = desk.keeper.record.token
    flipped = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    desk.store.fact_set(SEAT, msgspec.structs.replace(desk.keeper.record, token=flipped))
    assert desk.keeper.lease() is None


async def test_a_lease_stolen_from_another_device_is_no_lease(desk: Desk) -> None:
    await desk.keeper.activate(ACTIVATION)
    desk.hub.device = SigningKey.generate()
    with pytest.raises(HubUnreachableError):
        await desk.keeper.renew()
    assert desk.keeper.record.token.count(".") == 2


async def test_a_wrong_clock_is_corrected_by_the_servers_time(desk: Desk) -> None:
    server = START + timedelta(days=2)
    desk.hub.failures = [HubError("clock_skew", "", int(server.timestamp() * 1_000_000))]
    await desk.keeper.activate(ACTIVATION)
    assert activate_verify(desk.hub.asked[1], audience=URL, now=server).claims.product == "p"


@pytest.mark.parametrize(
    ("code", "state"),
    [("no_seat_left", "REFUSED"), ("license_suspended", "STOPPED"), ("seat_released", "NONE")],
)
async def test_a_final_no_is_a_clear_state(desk: Desk, code: str, state: str) -> None:
    await desk.keeper.activate(ACTIVATION)
    desk.hub.failures = [HubError(code)]
    with pytest.raises(HubError):
        await desk.keeper.renew()
    assert (desk.state, desk.keeper.status().error) == (state, code)


async def test_a_suspension_that_is_undone_comes_back_by_renewal(desk: Desk) -> None:
    await desk.keeper.activate(ACTIVATION)
    desk.hub.failures = [HubError("license_suspended")]
    with pytest.raises(HubError):
        await desk.keeper.renew()
    await desk.keeper.renew()
    assert desk.state == "ACTIVE"


async def test_a_seat_is_not_forgotten_before_the_hub_knows_of_its_release(desk: Desk) -> None:
    await desk.keeper.activate(ACTIVATION)
    desk.hub.failures = [HubUnreachableError("down")]
    with pytest.raises(HubUnreachableError):
        await desk.keeper.release()
    assert desk.state == "ACTIVE"


def released(desk: Desk) -> list[str]:
    """The seats that the hub was asked to take back."""
    payloads = [token.split(".")[1] for token in desk.hub.asked]
    claims = [json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) for text in payloads]
    return [one["seat"] for one in claims if "seat" in one and "seq" not in one]


async def test_a_seat_of_another_license_takes_the_formers_place(desk: Desk) -> None:
    await desk.keeper.activate(ACTIVATION)
    await desk.keeper.activate(ACTIVATION)
    assert released(desk) == []
    desk.hub.seat = "other"
    await desk.keeper.activate(ACTIVATION)
    await desk.keeper.renew()
    assert (released(desk), desk.keeper.status().seat) == (["s"], "other")


async def test_a_seat_that_was_left_is_given_back_as_soon_as_the_hub_can_be_reached(desk: Desk) -> None:
    await desk.keeper.activate(ACTIVATION)
    desk.hub.seat, ask = "other", desk.hub.ask

    async def ask_once(verb: Verb, token: str) -> bytes:
        desk.hub.failures = [HubUnreachableError("down")] if verb is Verb.RELEASE else []
        return await ask(verb, token)

    desk.hub.ask = ask_once  # type: ignore[method-assign]
    await desk.keeper.activate(ACTIVATION)
    desk.hub.ask = ask  # type: ignore[method-assign]
    await desk.keeper.renew()
    await desk.keeper.renew()
    assert (released(desk), desk.state) == (["s", "s"], "ACTIVE")


@pytest.mark.parametrize(
    "answer", [HubAnswer(200 + 300, b"<html>"), HubAnswer(404, b"<html>"), HubAnswer(503, b'{"code":"busy"}')]
)
def test_nonsense_and_trouble_are_tried_again(answer: HubAnswer) -> None:
    with pytest.raises(HubUnreachableError):
        judge(answer)


def test_pauses_grow_and_obey_the_hub() -> None:
    assert retry_delay(0, 0.0) < retry_delay(5, 0.0) <= retry_delay(50, 0.99) <= timedelta(minutes=15)
    assert retry_delay(0, 0.0, retry_after_seconds=120) == timedelta(seconds=120)
