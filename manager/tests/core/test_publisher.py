"""From a change in the console to signed bytes in the bucket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from cast import ACTOR, Tree, consume_all
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from seatkeep_launcher.broker import Broker
from seatkeep_license.keys import KeySet
from seatkeep_manager.directory.enums import DeviceKind
from seatkeep_manager.directory.identity import instance_ensure, instance_keys
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_create, device_restore, device_retire
from seatkeep_manager.directory.topics import DEVICE_CHANGED
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.services import policy_assign_group, policy_create, policy_unassign
from seatkeep_manager.publisher.gather import EVENTS_AT_ONCE, URGENT_TOPICS, events_consume, events_foresee, render
from seatkeep_manager.publisher.process import Publisher, database_url, run
from seatkeep_manager.statedocs.bus import bus_connect, streams_ensure
from seatkeep_manager.statedocs.models import StateDocument
from seatkeep_manager.statedocs.threads import DatabaseThreads
from seatkeep_manager.tasks.services import task_create
from seatkeep_protocol.documents import (
    DeviceDocument,
    GroupDocument,
    audience_of_company,
    audience_of_device,
    document_chain,
    document_verify,
)
from seatkeep_protocol.policy import policies_merge, settings_values
from seatkeep_protocol.settings_schema import product_schema
from seatkeep_protocol.subjects import BUCKET_STREAM, device_key, group_key, kv_subject
from seatkeep_webkit.outbox.models import ConsumerPosition, OutboxEvent
from seatkeep_webkit.outbox.services import outbox_append

SETTING = "heartbeat.interval_seconds"


def read_device(device: Device, raw: bytes | None = None) -> DeviceDocument:
    key = device_key(device.hex_id)
    instance = instance_ensure(now=datetime.now(UTC))
    return document_verify(
        raw or bytes(StateDocument.objects.get(key=key).stored),
        keys=KeySet([instance_keys(instance).state.verify_key]),
        instance=instance.uid.hex,
        key=key,
        audience=audience_of_device(device.hex_id),
        min_version=device.document_floor,
        document_type=DeviceDocument,
    )


def read_group(device: Device) -> GroupDocument:
    company = device.company_hub_id.hex if device.company_hub_id else "0" * 32
    key = group_key(company, device.group.uid.hex)
    instance = instance_ensure(now=datetime.now(UTC))
    return document_verify(
        bytes(StateDocument.objects.get(key=key).stored),
        keys=KeySet([instance_keys(instance).state.verify_key]),
        instance=instance.uid.hex,
        key=key,
        audience=audience_of_company(company),
        min_version=1,
        document_type=GroupDocument,
    )


def agent_value(device: Device) -> int:
    """What the agent's own merge makes of the two documents."""
    chain = document_chain(read_group(device), read_device(device), {})
    value = settings_values(policies_merge(chain, product="agent", schema=product_schema("agent")))[SETTING]
    assert isinstance(value, int)
    return value


def interval_policy(tree: Tree, value: int, now: datetime) -> int:
    policy = policy_create(
        actor=ACTOR, name="Faster", product=PolicyProduct.AGENT, settings={SETTING: {"value": value}},
        company_hub_id=tree.alpha.hub_id, now=now,
    )  # fmt: skip
    return policy_assign_group(actor=ACTOR, policy_id=policy.pk, group_id=tree.alpha.pk, now=now).pk


@pytest.mark.django_db(transaction=True)
def test_a_policy_counts_on_the_device_and_falls_back_when_unassigned(
    device: Device, tree: Tree, now: datetime
) -> None:
    assignment = interval_policy(tree, 60, now)
    consume_all(now)
    assert agent_value(device) == 60
    policy_unassign(actor=ACTOR, assignment_id=assignment, now=now)
    consume_all(now)
    assert agent_value(device) == product_schema("agent").defaults()[SETTING]


@pytest.mark.django_db(transaction=True)
def test_an_unchanged_document_gets_no_new_version(device: Device, now: datetime) -> None:
    consume_all(now)
    before = read_device(device).version
    device_retire(actor=ACTOR, device_id=device.pk, now=now)
    device_restore(actor=ACTOR, device_id=device.pk, now=now)
    consume_all(now)
    assert read_device(device).version == before


@pytest.mark.django_db(transaction=True)
def test_versions_rise_even_when_the_clock_stands(device: Device, now: datetime) -> None:
    consume_all(now)
    before = read_device(device).version
    task_create(actor=ACTOR, kind="SCAN", params={"targets": ["/tmp"]}, device_ids=[device.pk], now=now)
    consume_all(now)
    assert read_device(device).version == before + 1


@pytest.mark.django_db(transaction=True)
def test_a_retired_device_gets_the_same_order_every_time(device: Device, now: datetime) -> None:
    device_retire(actor=ACTOR, device_id=device.pk, now=now)
    consume_all(now)
    document = read_device(device)
    assert document.retire is not None
    assert (document.tasks, document.license) == ((), None)


@pytest.mark.django_db
def test_many_devices_are_rendered_by_as_many_statements_as_one_and_a_large_one_stops_no_other(
    tree: Tree, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [
        device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname=f"pc-{n}", kind=DeviceKind.WORKSTATION, now=now)
        for n in range(6)
    ]
    with CaptureQueriesContext(connection) as one:
        assert render(groups=[], devices=[devices[0].pk], now=now) == 3
    monkeypatch.setattr("seatkeep_protocol.documents.DOCUMENT_LIMIT_BYTES", 10_000)
    Device.objects.filter(pk=devices[5].pk).update(display_name="x" * 20_000)
    with CaptureQueriesContext(connection) as many:
        assert render(groups=[], devices=[device.pk for device in devices], now=now) == 4
    assert len(many) <= len(one) + 1
    assert not StateDocument.objects.filter(key=device_key(devices[5].hex_id)).exists()
    assert read_device(devices[4]).name == "pc-4"


async def in_bucket(publisher: Publisher, key: str) -> bytes:
    data, _ = await publisher._read(key)
    return data


def with_publisher(work: Callable[[Publisher], Any]) -> Any:
    """Run async work against the real broker."""

    async def main() -> Any:
        client = await bus_connect()
        await streams_ensure(client)
        database = DatabaseThreads(1)
        try:
            return await work(Publisher(client, database))
        finally:
            database.close()
            await client.close()

    return asyncio.run(main())


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_an_emptied_bucket_is_rebuilt(broker: Broker, device: Device, now: datetime) -> None:
    async def work(publisher: Publisher) -> tuple[bytes, bytes, int]:
        await publisher.drain()
        await publisher.jetstream.purge_stream(BUCKET_STREAM)
        emptied = await in_bucket(publisher, device_key(device.hex_id))
        lost = await publisher.reconcile()
        return emptied, await in_bucket(publisher, device_key(device.hex_id)), lost

    emptied, rebuilt, lost = with_publisher(work)
    assert (emptied, lost) == (b"", 3)
    assert read_device(device, rebuilt).device == device.hex_id


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_deleted_bucket_is_made_again(broker: Broker, device: Device) -> None:
    async def work(publisher: Publisher) -> bytes:
        await publisher.drain()
        await publisher.jetstream.delete_stream(BUCKET_STREAM)
        await publisher.reconcile()
        return await in_bucket(publisher, device_key(device.hex_id))

    assert with_publisher(work)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_key_overwritten_in_the_broker_is_put_right(broker: Broker, device: Device) -> None:
    async def work(publisher: Publisher) -> bytes:
        await publisher.drain()
        await publisher.jetstream.publish(kv_subject(device_key(device.hex_id)), b"forged")
        await publisher.reconcile()
        return await in_bucket(publisher, device_key(device.hex_id))

    assert read_device(device, with_publisher(work)).device == device.hex_id


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_what_was_committed_but_not_put_is_put_after_a_kill(broker: Broker, device: Device, now: datetime) -> None:
    consume_all(now)  # A publisher that dies here has signed, and put nothing.

    async def work(publisher: Publisher) -> bytes:
        await publisher.drain()
        return await in_bucket(publisher, device_key(device.hex_id))

    assert with_publisher(work)


@contextmanager
def stranger() -> Iterator[None]:
    """Somebody's transaction in another database of the cluster: it has an id and does not end."""
    with psycopg.connect(database_url(), dbname="postgres") as connection:
        connection.execute("SELECT pg_current_xact_id()")
        yield
        connection.rollback()


@pytest.mark.django_db(transaction=True)
def test_a_foreign_open_transaction_does_not_delay_a_policy(device: Device, tree: Tree, now: datetime) -> None:
    consume_all(now)
    with stranger():
        interval_policy(tree, 60, now)
        events_consume(now=now)
        held_back = agent_value(device) != 60
        events_foresee(now=now, ahead=set())
    assert (held_back, agent_value(device)) == (True, 60)


@pytest.mark.django_db(transaction=True)
def test_after_a_restore_from_a_cluster_far_ahead_a_policy_still_comes(
    device: Device, tree: Tree, now: datetime
) -> None:
    consume_all(now)
    OutboxEvent.objects.update(xid=2**50)
    ConsumerPosition.objects.update(xid=2**50)
    interval_policy(tree, 60, now)
    is_stuck = events_consume(now=now) == 0
    call_command("instance_mark_restored", stdout=StringIO())
    consume_all(now)
    assert (is_stuck, agent_value(device)) == (True, 60)


@pytest.mark.django_db(transaction=True)
def test_after_a_restore_every_document_is_newer_than_what_agents_hold(
    device: Device, tree: Tree, now: datetime
) -> None:
    interval_policy(tree, 60, now)
    consume_all(now)
    held = dict(StateDocument.objects.values_list("key", "version"))
    call_command("instance_mark_restored", stdout=StringIO())
    consume_all(now)
    fresh = dict(StateDocument.objects.values_list("key", "version"))
    assert {key.split(".")[0] for key in held} == {"keys", "grp", "dev"}
    assert all(fresh[key] > version for key, version in held.items())


@pytest.mark.django_db(transaction=True)
def test_what_was_rendered_ahead_is_passed_and_not_rendered_again(device: Device, tree: Tree, now: datetime) -> None:
    ahead: set[int] = set()
    consume_all(now)
    with stranger():
        interval_policy(tree, 60, now)
        events_foresee(now=now, ahead=ahead)
        assert events_foresee(now=now, ahead=ahead) == 0
    StateDocument.objects.all().delete()
    newest = OutboxEvent.objects.latest("id").pk
    deadline = time.monotonic() + 30
    while ahead:
        assert time.monotonic() < deadline, "the position did not pass the events in time"
        events_consume(now=now, ahead=ahead)
        time.sleep(0.02)
    assert ConsumerPosition.objects.get().event_id == newest
    assert not StateDocument.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_publisher_that_forgot_what_it_rendered_ahead_misses_nothing(
    device: Device, tree: Tree, now: datetime
) -> None:
    with stranger():
        interval_policy(tree, 60, now)
        events_foresee(now=now, ahead=set())
    StateDocument.objects.all().delete()
    consume_all(now)
    assert agent_value(device) == 60


@pytest.mark.django_db(transaction=True)
def test_a_policy_does_not_stand_in_line_behind_a_roll_out(device: Device, tree: Tree, now: datetime) -> None:
    consume_all(now)
    with transaction.atomic():
        for _ in range(2 * EVENTS_AT_ONCE):
            outbox_append(topic=DEVICE_CHANGED, payload={"device": device.pk}, now=now)
    interval_policy(tree, 60, now)
    line = ConsumerPosition.objects.get().cursor
    events_foresee(now=now, ahead=set(), topics=URGENT_TOPICS)
    assert (agent_value(device), ConsumerPosition.objects.get().cursor) == (60, line)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_policy_reaches_the_bucket_within_seconds(broker: Broker, device: Device, tree: Tree) -> None:
    async def main() -> float:
        stop = asyncio.Event()
        running = asyncio.create_task(run(stop=stop))
        client = await bus_connect()
        try:
            await until(lambda: StateDocument.objects.filter(published_at__isnull=False).count() == 3)
            subscription = await client.subscribe("$KV.state.grp.>")
            await client.flush()
            started = time.perf_counter()
            with stranger():
                await sync_to_async(interval_policy)(tree, 60, datetime.now(UTC))
                await subscription.next_msg(timeout=15)
            return time.perf_counter() - started
        finally:
            stop.set()
            await asyncio.wait_for(running, 10)
            await client.close()
            await sync_to_async(connections.close_all)()

    assert asyncio.run(main()) < 5  # bench-smoke holds the goal of 2, to the device.


async def until(is_true: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not await sync_to_async(is_true)():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)
