"""What an attacker or a broken device sends: each a clear refusal, nothing written, neighbours unharmed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from seatkeep_hub.licensing.models import Seat
from seatkeep_license.encoding import seconds_of
from seatkeep_license.leases import Confirmation
from seatkeep_webkit import clock

later = sync_to_async


def code(answer) -> str:
    return answer.json()["code"]


GARBAGE = [b"", b"x", b"a.b.c", b"\xff\xfe\x00" * 10, b'{"json": true}', b"." * 200, "…".encode() * 50]


@pytest.mark.parametrize("verb", ["activate", "renew", "release"])
async def test_garbage_is_malformed(fast, verb):
    for body in GARBAGE:
        answer = await fast.post(verb, body)
        assert (answer.status_code, code(answer)) == (400, "malformed")


async def test_a_body_over_16_kb_is_cut_off(fast, world):
    answer = await fast.post("activate", b"a" * 16_385)
    assert (answer.status_code, code(answer)) == (413, "too_large")


async def test_ten_megabytes_are_not_read_to_the_end(fast, world):
    async def flood():
        for _ in range(10_000):
            yield b"a" * 1024

    answer = await fast.http.post("/activate/v1/activate", content=flood())
    assert answer.status_code == 413


async def test_one_flipped_byte_is_refused(fast, world, device):
    token = device().by_ticket(world)
    head, payload, signature = token.split(".")
    flipped = payload[:30] + ("A" if payload[30] != "A" else "B") + payload[31:]
    answer = await fast.post("activate", ".".join([head, flipped, signature]))
    assert answer.status_code in {400, 401}
    assert not await later(Seat.objects.exists)()


async def test_a_request_for_another_hub_is_refused(fast, world, device):
    answer = await fast.post("activate", device().activate(license_key=world.key, aud="https://evil.example"))
    assert (answer.status_code, code(answer)) == (401, "proof_invalid")


async def test_a_ticket_stolen_by_another_device_is_useless(fast, world, device):
    thief, owner = device(), device()
    answer = await fast.post("activate", thief.by_ticket(world, cnf=Confirmation(jkt=owner.key.kid)))
    assert (answer.status_code, code(answer)) == (403, "ticket_invalid")


async def test_a_ticket_of_a_foreign_instance_is_refused(fast, world, device):
    answer = await fast.post("activate", device().by_ticket(world, signer=world.foreign))
    assert (answer.status_code, code(answer)) == (403, "ticket_invalid")


async def test_a_ticket_in_another_instances_name_is_refused(fast, world, device):
    answer = await fast.post("activate", device().by_ticket(world, signer=world.foreign, iss=world.instance.uid))
    assert code(answer) == "ticket_invalid"


async def test_a_ticket_of_a_revoked_instance_is_refused(fast, world, device):
    world.instance.row.is_revoked = True
    await later(world.instance.row.save)()
    assert code(await fast.post("activate", device().by_ticket(world))) == "ticket_invalid"


async def test_an_expired_ticket_says_so(fast, world, device):
    past = clock.now() - timedelta(hours=1)
    answer = await fast.post("activate", device().by_ticket(world, exp=seconds_of(past)))
    assert (answer.status_code, code(answer)) == (403, "ticket_expired")


async def test_a_ticket_for_another_product_is_refused(fast, world, device):
    assert code(await fast.post("activate", device().by_ticket(world, product="endpoint-server"))) == "ticket_invalid"


async def test_a_ticket_for_a_company_that_is_none(fast, world, device):
    assert code(await fast.post("activate", device().by_ticket(world, company="nobody"))) == "ticket_invalid"


async def test_a_guessed_license_key_is_unknown(fast, world, device):
    for key in ["", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A", "0" * 26, "ü" * 26, "\x00" * 26]:
        answer = await fast.post("activate", device().activate(license_key=key))
        assert (answer.status_code, code(answer)) == (404, "license_unknown")


async def test_two_ways_at_once_are_malformed(fast, world, device):
    body = device().activate(license_key=world.key, ticket="x")
    assert code(await fast.post("activate", body)) == "malformed"


async def test_a_renewal_with_another_devices_key_is_refused(fast, world, device):
    owner, thief = device(), device()
    held = (await fast.post("activate", owner.by_ticket(world))).json()
    answer = await fast.post("renew", thief.renew(held["seat"], held["lease"]))
    assert (answer.status_code, code(answer)) == (409, "device_replaced")


async def test_a_stolen_lease_recreates_no_seat_for_another_key(fast, world, device):
    owner, thief = device(), device()
    held = (await fast.post("activate", owner.by_ticket(world))).json()
    await later(Seat.objects.all().delete)()
    assert code(await fast.post("renew", thief.renew(held["seat"], held["lease"]))) == "seat_unknown"


async def test_a_made_up_lease_recreates_no_seat(fast, world, device):
    pc = device()
    held = (await fast.post("activate", pc.by_ticket(world))).json()
    await later(Seat.objects.all().delete)()
    flipped = held["lease"][:-10] + ("A" if held["lease"][-10] != "A" else "B") + held["lease"][-9:]
    assert code(await fast.post("renew", pc.renew(held["seat"], flipped))) == "seat_unknown"


async def test_a_lease_of_another_own_seat_recreates_neither(fast, world, device):
    pc = device()
    held = (await fast.post("activate", pc.by_ticket(world))).json()
    await later(Seat.objects.all().delete)()
    assert code(await fast.post("renew", pc.renew(str(uuid4()), held["lease"]))) == "seat_unknown"


async def test_an_impossible_number_of_a_lease_is_malformed(fast, world, device):
    pc = device()
    held = (await fast.post("activate", pc.by_ticket(world))).json()
    for seq in (-1, 2**63, 2**70):
        assert code(await fast.post("renew", pc.renew(held["seat"], held["lease"], seq))) == "malformed"


async def test_replaying_an_activation_and_a_renewal_changes_nothing(fast, world, device):
    """Replay is harmless by construction: the lease is bound to the device's key, no count moves."""
    pc = device()
    activation = pc.by_ticket(world)
    held = (await fast.post("activate", activation)).json()
    renewal = pc.renew(held["seat"], held["lease"])
    for _ in range(3):
        assert (await fast.post("activate", activation)).status_code == 200
        assert (await fast.post("renew", renewal)).status_code == 200
    assert await later(Seat.objects.count)() == 1
    assert (await fast.post("renew", pc.renew(held["seat"], held["lease"], 2))).status_code == 200


async def test_a_bad_request_never_fails_its_neighbours(fast, world, device):
    bad = [
        device().activate(license_key="nonsense"),
        device("x" * 129).by_ticket(world),
        device().activate(
            license_key=world.key,
            name="nul \x00 and \ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        ),
        device().activate(license_key=world.key, product="none\x00such"),
        b"garbage",
    ]
    answers = await asyncio.gather(*[fast.post("activate", body) for body in [*bad, device().by_ticket(world)]])
    assert [one.status_code for one in answers] == [404, 400, 201, 409, 400, 201]


async def test_other_routes_are_problems(fast):
    for method, path, status in [("GET", "/activate/v1/activate", 405), ("GET", "/x", 404)]:
        answer = await fast.http.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
