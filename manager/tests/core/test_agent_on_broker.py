"""A device that enrolled here talks to the real broker with the JWT it got, and with nothing more."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any

import nats
import pytest
from asgiref.sync import sync_to_async
from cast import FakeAgent, Tree, wire
from django.db import connections
from nats.errors import Error as NatsError
from seatkeep_launcher.broker import Broker
from seatkeep_manager.directory.models import Device
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.services import device_broker_jwt, device_enroll
from seatkeep_manager.publisher.process import Publisher
from seatkeep_manager.statedocs.bus import bus_connect, streams_ensure
from seatkeep_manager.statedocs.threads import DatabaseThreads
from seatkeep_protocol.ids import DeviceId
from seatkeep_protocol.messages import Heartbeat
from seatkeep_protocol.subjects import Kind, device_key, direct_get_subject, group_key, inbox_prefix, up_subject

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


async def agent_connect(broker: Broker, agent: FakeAgent, device: Device, jwt: str) -> Any:
    def sign(nonce: Any) -> bytes:
        return base64.b64encode(agent.user.sign(nonce.encode() if isinstance(nonce, str) else nonce))

    async def quiet(_: Exception) -> None:
        return

    return await nats.connect(
        broker.url,
        user_jwt_cb=lambda: bytearray(jwt.encode()),
        signature_cb=sign,
        inbox_prefix=inbox_prefix(device.hex_id),
        error_cb=quiet,
        allow_reconnect=False,
    )


def test_an_enrolled_agent_sends_and_reads_its_own_and_nothing_else(
    broker: Broker, token: EnrollmentToken, tree: Tree
) -> None:
    at = datetime.now(UTC)
    agent, other = FakeAgent(), FakeAgent()
    device = device_enroll(secret=token.secret, request=agent.request(at), ip=None, now=at)
    foreign = device_enroll(secret=token.secret, request=other.request(at), ip=None, now=at)
    assert isinstance(device, Device)
    assert isinstance(foreign, Device)
    jwt = device_broker_jwt(device, now=at)
    subject, raw = wire(device, Heartbeat(agent_version="1", started_at_us=0, interval_seconds=60))

    async def main() -> tuple[bytes, bytes, bool]:
        manager = await bus_connect()
        await streams_ensure(manager)
        database = DatabaseThreads(1)
        await Publisher(manager, database).drain()
        client = await agent_connect(broker, agent, device, jwt)
        ack = await client.request(subject, raw, timeout=5)
        own = await client.request(direct_get_subject(device_key(device.hex_id)), b"", timeout=5)
        forbidden = [
            direct_get_subject(device_key(foreign.hex_id)),
            direct_get_subject(group_key(tree.beta.company_hub_id.hex, tree.beta.uid.hex)),  # type: ignore[union-attr]
            up_subject(DeviceId(foreign.hex_id), Kind.HEARTBEAT),
        ]
        asked = [client.request(subject, raw, timeout=1) for subject in forbidden]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        is_refused = all(isinstance(one, NatsError | TimeoutError) for one in answers)
        await client.close()
        await manager.close()
        database.close()
        await sync_to_async(connections.close_all)()
        return ack.data, own.data, is_refused

    ack, own, is_refused = asyncio.run(main())
    assert b'"stream":"TEL"' in ack.replace(b" ", b"")
    assert device.hex_id.encode() in own
    assert is_refused
