"""Activations and renewals: signed requests over keep-alive connections, the seat durable, a lease in the answer."""

from __future__ import annotations

import base64
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from seatkeep_license.encoding import seconds_of
from seatkeep_license.keys import SigningKey
from seatkeep_license.leases import Confirmation
from seatkeep_license.requests import RenewRequest, activate_build, renew_build
from seatkeep_license.tickets import Ticket, ticket_sign

from seatkeep_bench.clock import now
from seatkeep_bench.errors import BenchError
from seatkeep_bench.hose import Reply, drip, pour
from seatkeep_bench.hub.world import Share
from seatkeep_bench.identity import Identity, Persona
from seatkeep_bench.web import activate_request, device_info

CONNECTIONS = 256
TICKET_SECONDS = 3_600
Right = Callable[[int, Identity], dict[str, str]]
"""By which key or ticket device number n activates."""


@dataclass(frozen=True)
class Taken:
    """Seats that were taken, and how fast.

    Attributes:
        per_second: Requests answered per second.
        seconds: Of each request.
        seats: Identity, seat and lease of each.
    """

    per_second: float
    seconds: list[float]
    seats: list[tuple[Identity, str, str]]


def by_key(keys: Sequence[str]) -> Right:
    """Devices that type license keys, one after the other."""
    return lambda number, _: {"license_key": keys[number % len(keys)]}


def by_ticket(shares: Sequence[Share], instance: uuid.UUID, key: SigningKey, audience: str) -> Right:
    """Devices that bring a ticket of a console, bound to their own key."""

    def right(number: int, identity: Identity) -> dict[str, str]:
        share, issued = shares[number % len(shares)], seconds_of(now())
        ticket = Ticket(
            iss=str(instance),
            aud=audience,
            license=share.public_id,
            product=identity.persona.product,
            company=str(share.company),
            cnf=Confirmation(jkt=identity.endpoint_key.kid),
            task=uuid.uuid4().hex,
            iat=issued,
            exp=issued + TICKET_SECONDS,
            jti=uuid.uuid4().hex,
        )
        return {"ticket": ticket_sign(ticket, key)}

    return right


async def take(url: str, audience: str, right: Right, count: int) -> Taken:
    """Take seats for `count` new devices, as fast as 256 connections can; every one must be given.

    Raises:
        BenchError: One was refused.
    """
    identities = _identities(count)
    bodies = [_activation(identity, audience, right(number, identity)) for number, identity in enumerate(identities)]
    replies, seconds = await _pour(f"{url}/activate/v1/activate", bodies)
    _all_are(201, replies)
    by_body = [_answer(reply) for reply in replies]
    owner = {identity.endpoint_key.kid: identity for identity in identities}
    seats = [(owner[_holder(lease)], seat, lease) for seat, lease in by_body]
    return Taken(count / seconds, [reply.seconds for reply in replies], seats)


async def take_beyond(url: str, audience: str, key: str, limit: int) -> None:
    """Ask for more seats than a license has left; exactly so many must be given.

    Raises:
        BenchError: One more or one fewer was given.
    """
    right = by_key([key])
    bodies = [_activation(one, audience, right(n, one)) for n, one in enumerate(_identities(limit * 2))]
    replies, _ = await _pour(f"{url}/activate/v1/activate", bodies)
    given = Counter(reply.status for reply in replies)[201]
    if given != limit:
        raise BenchError(f"{given} seats were given, the limit is {limit}.")


async def take_at(url: str, audience: str, right: Right, count: int, per_second: float) -> list[float]:
    """Send requests at an even pace whatever comes back; returns the seconds of each from when it was due."""
    identities = _identities(count)
    bodies = [_activation(identity, audience, right(number, identity)) for number, identity in enumerate(identities)]
    replies = await drip(
        f"{url}/activate/v1/activate",
        bodies,
        per_second=per_second,
        connections=CONNECTIONS,
        content_type="application/jose",
    )
    _all_are(201, replies)
    return [reply.seconds for reply in replies]


async def renew(url: str, audience: str, seats: Sequence[tuple[Identity, str, str]]) -> Taken:
    """Renew the lease of each seat once.

    Raises:
        BenchError: One was refused.
    """
    bodies = [_renewal(identity, seat, lease, audience) for identity, seat, lease in seats]
    replies, seconds = await _pour(f"{url}/activate/v1/renew", bodies)
    _all_are(200, replies)
    return Taken(len(seats) / seconds, [reply.seconds for reply in replies], [])


def _identities(count: int) -> list[Identity]:
    seed = f"hub-{uuid.uuid4()}"
    return [Identity(seed, number, Persona.WORKSTATION) for number in range(count)]


def _activation(identity: Identity, audience: str, right: dict[str, str]) -> bytes:
    request = activate_request(identity, audience, right.get("ticket"), right.get("license_key"))
    return activate_build(request, identity.endpoint_key).encode()


def _renewal(identity: Identity, seat: str, lease: str, audience: str) -> bytes:
    request = RenewRequest(
        aud=audience,
        iat=seconds_of(now()),
        jti=str(uuid.uuid4()),
        seat=seat,
        seq=1,
        lease=lease,
        device=device_info(identity),
    )
    return renew_build(request, identity.endpoint_key).encode()


async def _pour(url: str, bodies: list[bytes]) -> tuple[list[Reply], float]:
    return await pour(url, bodies, context=None, connections=CONNECTIONS, content_type="application/jose")


def _all_are(status: int, replies: Sequence[Reply]) -> None:
    statuses = Counter(reply.status for reply in replies)
    if set(statuses) != {status}:
        refused = next(reply for reply in replies if reply.status != status)
        raise BenchError(f"Answered {dict(statuses)}: {refused.body[:200]!r}")


def _answer(reply: Reply) -> tuple[str, str]:
    fields = msgspec.json.decode(reply.body)
    return str(fields["seat"]), str(fields["lease"])


def _holder(lease: str) -> str:
    """Thumbprint of the key that a lease is for."""
    body = lease.split(".")[1]
    claims = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return str(claims["cnf"]["jkt"])
