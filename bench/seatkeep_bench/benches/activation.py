"""Activations per second: signed requests, each of a new device and for a new seat.

Measured twice: at the hub's fast path itself, and through the front door with TLS, as devices come.
"""

from __future__ import annotations

import ssl
import uuid
from collections import Counter

import msgspec
from seatkeep_license.keys import KeySet
from seatkeep_license.leases import lease_verify
from seatkeep_license.requests import activate_build

from seatkeep_bench.errors import BenchError
from seatkeep_bench.floors import seat_upserts_per_second
from seatkeep_bench.hose import Reply, pour
from seatkeep_bench.identity import Identity, persona_of
from seatkeep_bench.results import Better, Row, row
from seatkeep_bench.stack import Stack
from seatkeep_bench.stats import percentile
from seatkeep_bench.web import Web, activate_request

GOAL_PER_SECOND = 4_000
GOAL_THROUGH_DOOR_PER_SECOND = 2_500
"""Front door, fast path and load generator share two cores, and TLS costs as much as the activation."""
CONNECTIONS = 256
"""Devices that ask at the same time, as in a roll-out."""
WARM_UP = 1_000
CHECKED = 50


async def activation(stack: Stack, count: int) -> list[Row]:
    """Measure `count` activations by license key, at the fast path and through the front door.

    Raises:
        BenchError: A request was refused, or a lease does not verify for its device.
    """
    return [
        await _measured("activation", stack, stack.fast_url, None, GOAL_PER_SECOND, count),
        await _measured(
            "activation_tls", stack, stack.licensing_url, stack.context(), GOAL_THROUGH_DOOR_PER_SECOND, count
        ),
    ]


async def _measured(
    name: str, stack: Stack, address: str, context: ssl.SSLContext | None, goal: float, count: int
) -> Row:
    url = f"{address}/activate/v1/activate"
    await _pour(url, _bodies(stack, WARM_UP), context)
    identities = _identities(count)
    bodies = [_body(stack, identity) for identity in identities]
    replies, seconds = await _pour(url, bodies, context)
    await _check_leases(stack, identities, replies)
    return row(
        name,
        value=count / seconds,
        unit="/s",
        better=Better.HIGHER,
        goal=goal,
        floor=seat_upserts_per_second(stack.hub_database, count),
        p50=percentile([reply.seconds for reply in replies], 0.50),
        p99=percentile([reply.seconds for reply in replies], 0.99),
    )


def _identities(count: int) -> list[Identity]:
    seed = f"activation-{uuid.uuid4()}"
    return [Identity(seed, number, persona_of(seed, number, 0.1)) for number in range(count)]


def _bodies(stack: Stack, count: int) -> list[bytes]:
    return [_body(stack, identity) for identity in _identities(count)]


def _body(stack: Stack, identity: Identity) -> bytes:
    request = activate_request(identity, stack.licensing_url, None, stack.license_key)
    return activate_build(request, identity.endpoint_key).encode()


async def _pour(url: str, bodies: list[bytes], context: ssl.SSLContext | None) -> tuple[list[Reply], float]:
    replies, seconds = await pour(
        url, bodies, context=context, connections=CONNECTIONS, content_type="application/jose"
    )
    statuses = Counter(reply.status for reply in replies)
    if set(statuses) != {201}:
        refused = next(reply for reply in replies if reply.status != 201)
        raise BenchError(f"Activations answered {dict(statuses)}: {refused.body[:300]!r}")
    return replies, seconds


async def _check_leases(stack: Stack, identities: list[Identity], replies: list[Reply]) -> None:
    """Verify some leases: each must be genuine and for one of the devices, and no two for the same seat."""
    web = Web(console_url=stack.console_url, key=stack.key, context=stack.context())
    keys = KeySet.from_jwks(await web.lease_keys(stack.licensing_url))
    await web.close()
    devices = {identity.endpoint_key.kid for identity in identities}
    tokens = [msgspec.json.decode(reply.body)["lease"] for reply in replies[:CHECKED]]
    leases = [lease_verify(token, keys, issuer=stack.licensing_url) for token in tokens]
    if not {lease.cnf.jkt for lease in leases} <= devices or len({lease.sub for lease in leases}) != len(leases):
        raise BenchError("A lease is for another device, or two devices got one seat.")
