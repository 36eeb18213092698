"""Attacks on the broker by an agent with a valid JWT of its own, over a plain NATS client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import nats.errors
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import PersistMode, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError
from seatkeep_launcher.broker import Broker, BrokerKeys

pytestmark = pytest.mark.services

DIRECT = "$JS.API.DIRECT.GET.KV_state.$KV.state."


class Agent(Protocol):
    device: str
    company: str

    @property
    def part(self) -> str: ...
    def event(self, kind: str = ...) -> str: ...
    def jwt(self, keys: BrokerKeys, *, now: Any = ...) -> str: ...


class Running(Protocol):
    keys: BrokerKeys
    broker: Broker

    def manager(self) -> AbstractAsyncContextManager[Client]: ...
    def agent(self, agent: Agent, errors: list[str] | None = ...) -> AbstractAsyncContextManager[Client]: ...


@pytest.fixture
async def jetstream(
    running_broker: Running, alice: Agent, bob: Agent, stranger: Agent
) -> AsyncIterator[JetStreamContext]:
    """The two streams and the bucket, with a document for each agent and each company."""
    async with running_broker.manager() as manager:
        js = manager.jetstream()
        await js.add_stream(name="EVT", subjects=["sk.v1.evt.>"])
        await js.add_stream(StreamConfig(name="TEL", subjects=["sk.v1.tel.>"], persist_mode=PersistMode.ASYNC))
        bucket = await js.create_key_value(bucket="state", direct=True)
        await bucket.put("keys", b"keys document")
        for agent in (alice, bob, stranger):
            await bucket.put(f"dev.{agent.device}", f"document of {agent.device}".encode())
            await bucket.put(f"grp.{agent.company}.{'9' * 32}", f"group of {agent.company}".encode())
        yield js
        await js.delete_key_value("state")
        await js.delete_stream("EVT")
        await js.delete_stream("TEL")


async def _snapshot(js: JetStreamContext) -> dict[str, int]:
    return {name: (await js.stream_info(name)).state.last_seq for name in ("EVT", "TEL", "KV_state")}


async def _settle(client: Client) -> None:
    await client.flush()
    await asyncio.sleep(0.15)


def _own_subjects(agent: Agent) -> list[str]:
    """Every subject on which the template lets this agent publish."""
    return [
        agent.event(),
        agent.event().replace(".evt.", ".tel."),
        f"{DIRECT}keys",
        f"{DIRECT}dev.{agent.device}",
        f"{DIRECT}grp.{agent.company}.{'9' * 32}",
    ]


async def test_event_is_acknowledged_through_the_service_import(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent
) -> None:
    async with running_broker.agent(alice) as client:
        ack = await client.jetstream().publish(alice.event(), b"report")
    assert (ack.stream, ack.seq) == ("EVT", 1)


async def test_every_event_keeps_its_place_when_many_are_in_flight(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent
) -> None:
    async with running_broker.agent(alice) as client:
        js = client.jetstream()
        acks = await asyncio.gather(*(js.publish(alice.event(), str(n).encode()) for n in range(100)))
    assert sorted(ack.seq for ack in acks) == list(range(1, 101))


async def test_own_document_is_read_directly(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent
) -> None:
    async with running_broker.agent(alice) as client:
        answer = await client.request(f"{DIRECT}dev.{alice.device}", b"", timeout=2)
    assert answer.data == f"document of {alice.device}".encode()


async def test_document_is_pushed_while_connected(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent
) -> None:
    async with running_broker.agent(alice) as client:
        pushed = await client.subscribe(f"$KV.state.grp.{alice.company}.>")
        await client.flush()
        bucket = await jetstream.key_value("state")
        await bucket.put(f"grp.{alice.company}.{'9' * 32}", b"second version")
        message = await pushed.next_msg(timeout=2)
    assert message.data == b"second version"


@pytest.mark.parametrize("kind", ["evt", "tel"])
async def test_publishing_in_the_name_of_another_device_is_refused(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent, bob: Agent, kind: str
) -> None:
    errors: list[str] = []
    before = await _snapshot(jetstream)
    async with running_broker.agent(alice, errors) as client:
        await client.publish(f"sk.v1.{kind}.{bob.part}.{bob.device}.detection", b"forged")
        await _settle(client)
    assert any("permissions violation for publish" in error for error in errors)
    assert await _snapshot(jetstream) == before


@pytest.mark.parametrize(
    "subject",
    ["$KV.state.dev.{bob}", "$KV.state.keys", "$JS.API.STREAM.PURGE.EVT", "$JS.API.STREAM.INFO.KV_state",
     "$JS.API.DIRECT.GET.KV_state", "$JS.API.STREAM.MSG.GET.KV_state", "$JS.API.CONSUMER.CREATE.KV_state",
     "$SYS.REQ.CLAIMS.UPDATE", "$JS.ACK.EVT.x.1.1.1.1.0", "anything"],
)  # fmt: skip
async def test_publishing_on_the_brokers_own_subjects_is_refused(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent, bob: Agent, subject: str
) -> None:
    errors: list[str] = []
    before = await _snapshot(jetstream)
    async with running_broker.agent(alice, errors) as client:
        await client.publish(subject.format(bob=bob.device), b"{}", reply=f"_INBOX_{alice.device}.x")
        await _settle(client)
    assert any("permissions violation for publish" in error for error in errors)
    assert await _snapshot(jetstream) == before


@pytest.mark.parametrize(
    "subject",
    ["$KV.state.dev.{bob}", "$KV.state.dev.*", "$KV.state.grp.{foreign}.>", "$KV.state.>", "_INBOX_{bob}.>", "_INBOX.>",
     "sk.v1.evt.>", "sk.>", "$JS.>", "$SYS.>", ">"],
)  # fmt: skip
async def test_subscribing_outside_own_subjects_is_refused(
    running_broker: Running, alice: Agent, bob: Agent, stranger: Agent, subject: str
) -> None:
    errors: list[str] = []
    async with running_broker.agent(alice, errors) as client:
        await client.subscribe(subject.format(bob=bob.device, foreign=stranger.company))
        await _settle(client)
    assert any("permissions violation for subscription" in error for error in errors)


@pytest.mark.parametrize("key", ["dev.{bob}", "grp.{foreign}.99999999999999999999999999999999"])
async def test_reading_a_foreign_document_is_refused(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent, bob: Agent, stranger: Agent, key: str
) -> None:
    name = key.format(bob=bob.device, foreign=stranger.company)
    async with running_broker.agent(alice) as client:
        with pytest.raises(nats.errors.TimeoutError):
            await client.request(DIRECT + name, b"", timeout=0.3)


async def test_reply_subject_reflection_changes_nothing(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent, bob: Agent
) -> None:
    """The broker does not check reply subjects: it must have no answer that lands in a stream or the bucket."""
    targets = [
        f"$KV.state.dev.{bob.device}", f"$KV.state.dev.{alice.device}", "$KV.state.keys", bob.event(),
        bob.event().replace(".evt.", ".tel."), "$JS.API.STREAM.PURGE.EVT", "$JS.API.STREAM.DELETE.KV_state",
        f"$JS.ACK.EVT.ingest-{bob.part}.1.1.1.1.0",
    ]  # fmt: skip
    own = _own_subjects(alice)
    documents = await jetstream.key_value("state")
    before = await _snapshot(jetstream)
    async with running_broker.agent(alice) as client:
        for subject in own:
            for target in targets:
                await client.publish(subject, b"", reply=target)
        await _settle(client)
    after = await _snapshot(jetstream)
    assert after["KV_state"] == before["KV_state"]
    assert (await documents.get(f"dev.{bob.device}")).value == f"document of {bob.device}".encode()
    assert after["EVT"] - before["EVT"] <= len(targets)  # The broker itself drops what names $JS.ACK as its reply.
    assert after["TEL"] - before["TEL"] <= len(targets)
    await _assert_all_from(jetstream, alice)


async def test_reply_reflected_onto_own_report_subject_stays_in_own_name(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent
) -> None:
    async with running_broker.agent(alice) as client:
        for subject in _own_subjects(alice):
            for target in _own_subjects(alice):
                await client.publish(subject, b"", reply=target)
        await _settle(client)
    await _assert_all_from(jetstream, alice)


async def _assert_all_from(js: JetStreamContext, agent: Agent) -> None:
    for stream in ("EVT", "TEL"):
        info = await js.stream_info(stream, subjects_filter=">")
        names = set((info.state.subjects or {}).keys())
        assert names <= {agent.event(), agent.event().replace(".evt.", ".tel.")}


async def test_bobs_document_push_is_not_forged_by_reflection_with_a_document_of_the_bucket(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent, bob: Agent
) -> None:
    """What reflection can reach at most is noise on a subscription, never bytes that the attacker chose."""
    async with running_broker.agent(bob) as victim, running_broker.agent(alice) as attacker:
        pushed = await victim.subscribe(f"$KV.state.dev.{bob.device}")
        await victim.flush()
        for subject in _own_subjects(alice):
            await attacker.publish(subject, b"attacker's bytes", reply=f"$KV.state.dev.{bob.device}")
        await _settle(attacker)
        seen = [pushed._pending_queue.get_nowait() for _ in range(pushed.pending_msgs)]
    assert all(b"attacker's bytes" not in message.data for message in seen)


async def test_agent_cannot_ask_for_a_stream_of_its_own(running_broker: Running, alice: Agent) -> None:
    async with running_broker.agent(alice) as client:
        with pytest.raises((nats.errors.TimeoutError, NotFoundError)):
            await client.jetstream(timeout=0.3).add_stream(name="MINE", subjects=["mine"], storage=StorageType.MEMORY)


async def test_message_over_the_limit_is_refused(
    running_broker: Running, jetstream: JetStreamContext, alice: Agent
) -> None:
    before = await _snapshot(jetstream)
    async with running_broker.agent(alice) as client:
        await client.publish(alice.event(), b"x" * 300_000)
        await asyncio.sleep(0.2)
        assert client.is_closed
    assert await _snapshot(jetstream) == before


async def test_jwt_of_a_stranger_key_is_refused(running_broker: Running, alice: Agent) -> None:
    own_keys = BrokerKeys.generate()
    forged = type(running_broker)(running_broker.broker, own_keys)  # type: ignore[call-arg]  # the fixture class is a dataclass
    with pytest.raises(nats.errors.Error, match="Authorization Violation"):
        async with forged.agent(alice):
            pass


async def test_expired_jwt_is_refused(running_broker: Running, alice: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    old = alice.jwt(running_broker.keys, now=datetime.now(UTC) - timedelta(days=8))
    monkeypatch.setattr(type(alice), "jwt", lambda *_, **__: old)
    with pytest.raises(nats.errors.Error, match=r"Authorization Violation|User authentication expired"):
        async with running_broker.agent(alice):
            pass


async def test_reports_that_nobody_has_read_are_counted(running_broker: Running, alice: Agent) -> None:
    async with running_broker.manager() as manager, running_broker.agent(alice) as client:
        js = manager.jetstream()
        await js.add_stream(name="EVT", subjects=["sk.v1.evt.>"], retention=RetentionPolicy.WORK_QUEUE)
        await client.jetstream().publish(alice.event(), b"report")
        before = running_broker.broker.unread()
        consumer = await js.pull_subscribe("sk.v1.evt.>", durable="ingest")
        await (await consumer.fetch(1))[0].ack_sync()
        after = running_broker.broker.unread()
        await js.delete_stream("EVT")
    assert (before, after) == (1, 0)
