"""Activate, renew and release over HTTP on a real database."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from seatkeep_hub.fast.database import Database
from seatkeep_hub.licensing.lease_keys import lease_key_rotate
from seatkeep_hub.licensing.models import PoolNode, Seat
from seatkeep_hub.licensing.seats import seats_deactivate
from seatkeep_license.keys import KeySet
from seatkeep_license.leases import lease_verify
from seatkeep_license.requests import Credential
from seatkeep_webkit import clock
from seatkeep_webkit.actors import Actor

ACTOR = Actor.system("tests")

later = sync_to_async


async def keys(fast) -> KeySet:
    return KeySet.from_jwks((await fast.http.get("/.well-known/seatkeep-keys.json")).json())


async def test_a_ticket_gives_a_seat_and_a_lease(fast, world, device):
    pc = device()
    answer = await fast.post("activate", pc.by_ticket(world))
    assert answer.status_code == 201
    lease = lease_verify(
        answer.json()["lease"], await keys(fast), issuer="https://licensing.test:8443", device_key=pc.key.verify_key
    )
    assert (lease.company, lease.license, lease.mode, lease.seq) == (
        str(world.contoso.uid), world.license.public_id, "NORMAL", 1
    )  # fmt: skip
    assert lease.exp - lease.iat == 30 * 86400
    assert abs(answer.json()["server_time_us"] / 1e6 - clock.now().timestamp()) < 5


async def test_the_same_again_is_held(fast, world, device):
    pc = device()
    first, second = await fast.post("activate", pc.by_ticket(world)), await fast.post("activate", pc.by_ticket(world))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["seat"] == second.json()["seat"]


async def test_a_license_key_in_any_spelling(fast, world, device):
    answer = await fast.post("activate", device().activate(license_key=world.key.lower().replace("-", " ")))
    assert answer.status_code == 201


async def test_a_credential_set_is_for_its_product(fast, world, device):
    assert (await fast.post("activate", device().by_credential(world.credential))).status_code == 201
    way = Credential(username=world.credential.username, secret=world.credential.secret)
    answer = await fast.post("activate", device().activate(product="endpoint-server", credential=way))
    assert answer.json()["code"] == "license_unknown"


async def test_no_free_seat_is_told(fast, world, device):
    answers = await asyncio.gather(*[fast.post("activate", device().by_ticket(world)) for _ in range(5)])
    assert sorted(one.status_code for one in answers) == [201, 201, 201, 409, 409]
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {"no_seat_left"}
    assert answers[0].headers["content-type"].startswith("application/")


async def test_renewal_counts_up(fast, world, device):
    pc = device()
    first = (await fast.post("activate", pc.by_ticket(world))).json()
    second = (await fast.post("renew", pc.renew(first["seat"], first["lease"], 1))).json()
    assert lease_verify(second["lease"], await keys(fast)).seq == 2


async def test_the_lease_inside_a_renewal_of_a_known_seat_is_not_looked_at(fast, world, device):
    pc = device()
    held = (await fast.post("activate", pc.by_ticket(world))).json()
    renewed = (await fast.post("renew", pc.renew(held["seat"], "no lease at all", 1))).json()
    assert lease_verify(renewed["lease"], await keys(fast), device_key=pc.key.verify_key).seq == 2


async def test_release_gives_the_seat_back_once(fast, world, device):
    pc = device()
    seat = (await fast.post("activate", pc.by_ticket(world))).json()["seat"]
    assert (await fast.post("release", pc.release(seat))).json() == {"released": True}
    assert (await fast.post("release", pc.release(seat))).json() == {"released": False}
    assert (await later(PoolNode.objects.get)(kind="ROOT", product__code="endpoint-workstation")).used == 0


async def test_a_stopped_computer_is_told_at_its_renewal(fast, world, device):
    pc = device()
    held = (await fast.post("activate", pc.by_ticket(world))).json()
    await later(seats_deactivate)(actor=ACTOR, seat_uids=[UUID(held["seat"])], now=clock.now())
    answer = await fast.post("renew", pc.renew(held["seat"], held["lease"]))
    assert (answer.status_code, answer.json()["code"]) == (409, "seat_released")


async def test_a_device_activated_after_the_backup_keeps_its_seat(fast, world, device):
    pc = device("fingerprint-1")
    held = (await fast.post("activate", pc.by_ticket(world))).json()

    def restore_the_backup() -> None:
        Seat.objects.all().delete()
        PoolNode.objects.update(used=0)

    await later(restore_the_backup)()
    answer = await fast.post("renew", pc.renew(held["seat"], held["lease"], 5))
    assert (answer.status_code, answer.json()["seat"]) == (200, held["seat"])
    seat = await later(Seat.objects.select_related("node__company").get)()
    assert (str(seat.uid), seat.seq, seat.node.company.name) == (held["seat"], 6, "Contoso")
    assert seat.device_name == "pc"


async def test_many_who_wait_for_the_lease_keys_read_them_once(fast, monkeypatch):
    reads = []

    async def counted(database, make, transact=Database.transact):
        reads.append(make)
        return await transact(database, make)

    monkeypatch.setattr(Database, "transact", counted)
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(keys(fast)) for _ in range(100)]
    assert {frozenset(key.kid for key in one.result()) for one in asked} == {frozenset(k.kid for k in await keys(fast))}
    assert len(reads) <= 2  # Once more when the listener comes up meanwhile.


async def test_leases_of_a_retired_key_verify_and_new_ones_are_signed_by_the_next(fast, world, device):
    pc = device()
    held = (await fast.post("activate", pc.by_ticket(world))).json()
    await later(lease_key_rotate)(actor=ACTOR, now=clock.now())
    await asyncio.sleep(0.3)
    renewed = (await fast.post("renew", pc.renew(held["seat"], held["lease"]))).json()
    trusted = await keys(fast)
    assert len(trusted) == 3
    assert lease_verify(held["lease"], trusted).seq == 1
    assert json.loads(_header(renewed["lease"]))["kid"] != json.loads(_header(held["lease"]))["kid"]


def _header(token: str) -> bytes:
    import base64

    part = token.split(".")[0]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def test_the_trailing_clock_of_a_device_within_two_minutes_is_fine(fast, world, device):
    at = clock.now() - timedelta(seconds=110)
    assert (await fast.post("activate", device().activate(license_key=world.key, at=at))).status_code == 201


@pytest.mark.parametrize("minutes", [-3, 3])
async def test_a_wrong_clock_is_told_the_right_time(fast, world, device, minutes):
    at = clock.now() + timedelta(minutes=minutes)
    answer = await fast.post("activate", device().activate(license_key=world.key, at=at))
    assert (answer.status_code, answer.json()["code"]) == (401, "clock_skew")
    assert abs(answer.json()["server_time_us"] / 1e6 - clock.now().timestamp()) < 5


async def test_health(fast):
    answer = await fast.http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
