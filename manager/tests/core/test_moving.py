"""A device or a group that moves to another company: what it could read of the former one ends at once."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nats.errors
import pytest
from cast import ACTOR, FakeAgent, Tree, consume_all, wire
from nats.aio.client import Client
from seatkeep_launcher.broker import Broker
from seatkeep_manager.directory.enums import DeviceKind
from seatkeep_manager.directory.group_services import group_create, group_delete, group_mirror, group_move
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.services import device_create, device_move
from seatkeep_manager.enrollment.models import EnrollmentToken, RevokedCredential
from seatkeep_manager.enrollment.revocations import revocations_publish
from seatkeep_manager.enrollment.services import device_broker_jwt, device_enroll
from seatkeep_manager.publisher.gather import strays_withdraw
from seatkeep_manager.publisher.process import Publisher
from seatkeep_manager.statedocs.bus import bus_connect, streams_ensure
from seatkeep_manager.statedocs.models import StateDocument
from seatkeep_manager.statedocs.threads import DatabaseThreads
from seatkeep_protocol.messages import Heartbeat
from seatkeep_protocol.subjects import direct_get_subject, group_key, inbox_prefix

SECOND = timedelta(seconds=1)
pytestmark = pytest.mark.django_db(transaction=True)


def claims(jwt: str) -> dict[str, Any]:
    payload = jwt.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def key_of(group: StaticGroup) -> str:
    assert group.company_hub_id is not None
    return group_key(group.company_hub_id.hex, group.uid.hex)


def enrolled(agent: FakeAgent, token: EnrollmentToken, at: datetime) -> Device:
    device = device_enroll(secret=token.secret, request=agent.request(at), ip=None, now=at)
    assert isinstance(device, Device)
    return device


def revoked() -> list[str]:
    return list(RevokedCredential.objects.values_list("nkey", flat=True))


@pytest.fixture
def member(edge_seed: None, token: EnrollmentToken, now: datetime) -> Device:
    """An enrolled device of Alpha whose documents are written."""
    device = enrolled(FakeAgent(), token, now)
    consume_all(now)
    return device


def test_a_move_to_another_company_revokes_every_jwt_of_the_former_one(
    member: Device, tree: Tree, now: datetime, tmp_path: Path, settings: Any
) -> None:
    settings.NATS_REVOCATIONS = str(tmp_path / "revocations.json")
    old = claims(device_broker_jwt(member, now=now))
    device_move(actor=ACTOR, device_id=member.pk, group_id=tree.beta.pk, now=now)
    consume_all(now)
    revocations_publish(now=now)
    users = json.loads((tmp_path / "revocations.json").read_text())["users"]
    assert list(users) == [member.nkey] == [old["sub"]]
    assert users[member.nkey] >= old["iat"]


def test_the_next_jwt_names_the_new_company_and_is_newer_than_the_revocation(
    member: Device, tree: Tree, now: datetime
) -> None:
    device_move(actor=ACTOR, device_id=member.pk, group_id=tree.beta.pk, now=now)
    consume_all(now)
    fresh = claims(device_broker_jwt(member, now=now))
    assert tree.beta.company_hub_id is not None
    assert f"company:{tree.beta.company_hub_id.hex}" in fresh["nats"]["tags"]
    assert fresh["iat"] > int(RevokedCredential.objects.get().revoked_at.timestamp())


def test_a_move_inside_a_company_revokes_nothing(member: Device, tree: Tree, now: datetime) -> None:
    inside = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Servers", now=now)
    device_move(actor=ACTOR, device_id=member.pk, group_id=inside.pk, now=now)
    consume_all(now)
    assert revoked() == []


def test_a_device_that_never_enrolled_has_nothing_to_revoke(device: Device, tree: Tree, now: datetime) -> None:
    device_move(actor=ACTOR, device_id=device.pk, group_id=tree.beta.pk, now=now)
    consume_all(now)
    assert revoked() == []


def test_a_group_that_moves_to_another_company_takes_its_devices_credentials_along(
    member: Device, tree: Tree, now: datetime
) -> None:
    office = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Office", now=now)
    device_move(actor=ACTOR, device_id=member.pk, group_id=office.pk, now=now)
    device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname="stays", kind=DeviceKind.SERVER, now=now, nkey="UX")
    group_move(actor=ACTOR, group_id=office.pk, parent_id=tree.beta.pk, now=now)
    consume_all(now)
    assert revoked() == [member.nkey]


def test_a_company_that_moves_below_another_keeps_its_devices_credentials(
    member: Device, tree: Tree, now: datetime
) -> None:
    assert tree.alpha.hub_id is not None
    group_mirror(hub_id=tree.alpha.hub_id, parent_hub_id=None, name="Alpha", now=now)
    consume_all(now)
    assert revoked() == []


@pytest.fixture
def office(member: Device, tree: Tree, now: datetime) -> StaticGroup:
    """A group of Alpha with a device and a document."""
    group = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Office", now=now)
    device_move(actor=ACTOR, device_id=member.pk, group_id=group.pk, now=now)
    consume_all(now)
    return group


def test_the_document_of_a_moved_group_stands_under_its_new_company_only(
    office: StaticGroup, tree: Tree, now: datetime
) -> None:
    before = key_of(office)
    group_move(actor=ACTOR, group_id=office.pk, parent_id=tree.beta.pk, now=now + SECOND)
    consume_all(now + SECOND)
    office.refresh_from_db()
    held = {row.key: bool(row.stored) for row in StateDocument.objects.filter(key__in=[before, key_of(office)])}
    assert held == {before: False, key_of(office): True}


def test_a_group_that_comes_back_gets_a_newer_document_even_when_the_clock_stands(
    office: StaticGroup, tree: Tree, now: datetime
) -> None:
    first = StateDocument.objects.get(key=key_of(office))
    for parent in (tree.beta, tree.alpha):
        group_move(actor=ACTOR, group_id=office.pk, parent_id=parent.pk, now=now)
        consume_all(now)
    again = StateDocument.objects.get(key=key_of(office))
    assert again.version > first.version
    assert again.stored


def test_the_document_of_a_deleted_group_is_withdrawn(
    office: StaticGroup, member: Device, tree: Tree, now: datetime
) -> None:
    key = key_of(office)
    device_move(actor=ACTOR, device_id=member.pk, group_id=tree.alpha.pk, now=now)
    group_delete(actor=ACTOR, group_id=office.pk, now=now)
    assert (strays_withdraw(), strays_withdraw()) == (1, 0)
    assert not StateDocument.objects.get(key=key).stored


async def connect(broker: Broker, agent: FakeAgent, device: Device, jwt: str) -> Client:
    def sign(nonce: Any) -> bytes:
        return base64.b64encode(agent.user.sign(nonce.encode() if isinstance(nonce, str) else nonce))

    async def quiet(_: Exception) -> None:
        return

    client = Client()
    try:
        await client.connect(
            broker.url, user_jwt_cb=lambda: bytearray(jwt.encode()), signature_cb=sign, error_cb=quiet,
            inbox_prefix=inbox_prefix(device.hex_id).encode(), allow_reconnect=False,
        )  # fmt: skip
    except nats.errors.Error:
        await client.close()
        raise
    return client


async def can_read(client: Client, key: str) -> bool:
    try:
        answer = await client.request(direct_get_subject(key), b"", timeout=1)
    except (nats.errors.Error, TimeoutError):
        return False
    return bool(answer.data)


async def until_closed(client: Client) -> None:
    async with asyncio.timeout(20):
        while not client.is_closed:  # noqa: ASYNC110  # the client sets no event
            await asyncio.sleep(0.02)


@pytest.mark.services
def test_attack_a_stolen_jwt_of_the_former_company_reads_nothing_after_the_move(
    broker: Broker, token: EnrollmentToken, tree: Tree, settings: Any
) -> None:
    settings.NATS_REVOCATIONS = str(broker.revocations_file)
    agent, colleague = FakeAgent(), FakeAgent()
    device = enrolled(agent, token, datetime.now(UTC))
    stays = enrolled(colleague, token, datetime.now(UTC))
    jwt, other = (device_broker_jwt(one, now=datetime.now(UTC)) for one in (device, stays))
    subject, raw = wire(device, Heartbeat(agent_version="1", started_at_us=0, interval_seconds=60))

    def move() -> None:
        device_move(actor=ACTOR, device_id=device.pk, group_id=tree.beta.pk, now=datetime.now(UTC))

    def fresh() -> str:
        return device_broker_jwt(device, now=datetime.now(UTC))

    async def main() -> None:
        manager, database = await bus_connect(), DatabaseThreads(1)
        await streams_ensure(manager)
        publisher = Publisher(manager, database)
        await publisher.drain()
        thief, bystander = await connect(broker, agent, device, jwt), await connect(broker, colleague, stays, other)
        assert await can_read(thief, key_of(tree.alpha))
        await database.run(move)
        await publisher.drain()
        broker.reload(now=datetime.now(UTC))
        await until_closed(thief)
        with pytest.raises(nats.errors.Error):
            await connect(broker, agent, device, jwt)
        moved = await connect(broker, agent, device, await database.run(fresh))
        seen = (await can_read(moved, key_of(tree.beta)), await can_read(moved, key_of(tree.alpha)))
        assert (seen, await can_read(bystander, key_of(tree.alpha))) == ((True, False), True)
        assert b"TEL" in (await moved.request(subject, raw, timeout=5)).data
        for client in (moved, bystander, manager):
            await client.close()
        database.close()

    asyncio.run(main())


@pytest.mark.services
def test_the_former_companys_agents_cannot_read_a_group_that_left(
    broker: Broker, token: EnrollmentToken, tree: Tree, now: datetime
) -> None:
    at = datetime.now(UTC)
    office = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Office", now=at)
    inside, outside = FakeAgent(), FakeAgent()
    device, stays = enrolled(inside, token, at), enrolled(outside, token, at)
    device_move(actor=ACTOR, device_id=device.pk, group_id=office.pk, now=at)
    jwt, before = device_broker_jwt(stays, now=at), key_of(office)

    def move() -> None:
        group_move(actor=ACTOR, group_id=office.pk, parent_id=tree.beta.pk, now=datetime.now(UTC))

    async def main() -> None:
        manager, database = await bus_connect(), DatabaseThreads(1)
        await streams_ensure(manager)
        publisher = Publisher(manager, database)
        await publisher.drain()
        client = await connect(broker, outside, stays, jwt)
        assert await can_read(client, before)
        await database.run(move)
        await publisher.drain()
        assert not await can_read(client, before)
        assert await publisher.reconcile() == 0
        await client.close()
        await manager.close()
        database.close()

    asyncio.run(main())
