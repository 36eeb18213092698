"""Crafted JWS at the real doors: request, ticket and lease with a header that lies; each refused, nothing written."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.seats import seats_deactivate
from seatkeep_hub.licensing.suspension import license_suspend, license_unsuspend
from seatkeep_license.encoding import b64url_decode, b64url_encode
from seatkeep_license.keys import KeySet, SigningKey
from seatkeep_license.leases import lease_verify
from seatkeep_webkit import clock
from seatkeep_webkit.actors import Actor

ACTOR = Actor.system("tests")

later = sync_to_async


def header_of(token: str) -> dict[str, Any]:
    return dict(json.loads(b64url_decode(token.split(".")[0].encode())))


def with_header(token: str, signature: Callable[[bytes], bytes], **changes: str) -> str:
    """The token with another header, signed by whoever."""
    head = b64url_encode(json.dumps(header_of(token) | changes).encode())
    signed = head + b"." + token.split(".")[1].encode()
    return (signed + b"." + b64url_encode(signature(signed))).decode()


CRAFTS = {
    "alg none": lambda token, key: with_header(token, lambda signed: b"", alg="none"),
    "HS256 by the public key": lambda token, key: with_header(
        token, lambda signed: hmac.new(key.verify_key.raw, signed, hashlib.sha256).digest(), alg="HS256"
    ),
    "wrong typ": lambda token, key: with_header(token, key.sign, typ="JWT"),
    "key of nobody": lambda token, key: with_header(token, SigningKey.generate().sign),
    "unknown kid": lambda token, key: with_header(token, SigningKey.generate().sign, kid=SigningKey.generate().kid),
}


@pytest.mark.parametrize("craft", CRAFTS)
async def test_attack_a_crafted_request_takes_no_seat(fast, world, device, craft):
    pc = device()
    answer = await fast.post("activate", CRAFTS[craft](pc.by_ticket(world), pc.key))
    assert answer.status_code in {400, 401}
    assert not await later(Seat.objects.exists)()


@pytest.mark.parametrize("craft", CRAFTS)
async def test_attack_a_crafted_ticket_takes_no_seat(fast, world, device, craft):
    pc = device()
    request = json.loads(b64url_decode(pc.by_ticket(world).split(".")[1].encode()))
    ticket = CRAFTS[craft](request["ticket"], world.instance.key)
    answer = await fast.post("activate", pc.activate(ticket=ticket))
    assert answer.status_code in {400, 401, 403}
    assert not await later(Seat.objects.exists)()


@pytest.mark.parametrize("craft", CRAFTS)
async def test_attack_a_crafted_lease_brings_no_seat_back(fast, world, device, craft):
    pc = device()
    held = (await fast.post("activate", pc.by_ticket(world))).json()
    await later(Seat.objects.all().delete)()
    answer = await fast.post("renew", pc.renew(held["seat"], CRAFTS[craft](held["lease"], pc.key)))
    assert answer.json()["code"] in {"seat_unknown", "malformed"}
    assert not await later(Seat.objects.exists)()


async def test_attack_leases_of_past_epochs_give_nothing_that_was_ended(fast, world, device):
    pc, neighbour = device(), device()
    first = (await fast.post("activate", pc.by_ticket(world))).json()
    other = (await fast.post("activate", neighbour.by_ticket(world))).json()
    await later(seats_deactivate)(actor=ACTOR, seat_uids=[UUID(first["seat"])], now=clock.now())

    ended = await fast.post("renew", pc.renew(first["seat"], first["lease"]))
    at = clock.now()
    await later(license_suspend)(actor=ACTOR, license=world.license, now=at, protection_stops_at=at)
    suspended = await fast.post("renew", neighbour.renew(other["seat"], other["lease"]))
    await later(license_unsuspend)(actor=ACTOR, license=world.license, now=clock.now())
    renewed = await fast.post("renew", neighbour.renew(other["seat"], other["lease"]))

    assert [answer.json().get("code") for answer in (ended, suspended)] == ["seat_released", "license_suspended"]
    jwks = KeySet.from_jwks((await fast.http.get("/.well-known/seatkeep-keys.json")).json())
    before, after = (lease_verify(token, jwks).node_epoch for token in (other["lease"], renewed.json()["lease"]))
    assert after == before + 2
    assert await later(Seat.objects.filter(state="ACTIVE").count)() == 1
