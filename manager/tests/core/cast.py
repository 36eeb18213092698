"""Fixtures of the manager core: the cast, an agent with real keys, a real broker."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nkeys
import pytest
from django.db import connections
from nkeys import PREFIX_BYTE_ACCOUNT, PREFIX_BYTE_USER
from seatkeep_launcher.broker import Broker
from seatkeep_launcher.ports import find_free_port
from seatkeep_license.encoding import b64url_encode, seconds_of
from seatkeep_license.keys import SigningKey
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, GroupKind
from seatkeep_manager.directory.group_services import group_mirror, group_system_ensure
from seatkeep_manager.directory.models import Device, StaticGroup, User, UserAccess
from seatkeep_manager.directory.services import device_create
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.services import deployment_key_create
from seatkeep_manager.publisher.gather import TOPICS, events_consume
from seatkeep_protocol.enrollment import EnrollRequest, enroll_build
from seatkeep_protocol.messages import KINDS, Body, OsInfo, message_encode
from seatkeep_protocol.sealing import seal_key_generate
from seatkeep_protocol.subjects import up_subject
from seatkeep_protocol.vocabulary import DeviceKind as WireDeviceKind
from seatkeep_protocol.vocabulary import OsFamily
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.outbox.models import ConsumerPosition, OutboxEvent

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACTOR = Actor.system("test")
SPOOL = uuid.UUID(int=1)


@pytest.fixture
def now() -> datetime:
    return NOW


@dataclass
class Tree:
    """An MSP with two customers."""

    msp: StaticGroup
    alpha: StaticGroup
    beta: StaticGroup
    unassigned: StaticGroup


@pytest.fixture
def tree(db: None, now: datetime) -> Tree:
    system = group_system_ensure(now=now)
    msp_id = uuid.uuid4()
    msp = group_mirror(hub_id=msp_id, parent_hub_id=None, name="MSP", now=now)
    alpha = group_mirror(hub_id=uuid.uuid4(), parent_hub_id=msp_id, name="Alpha", now=now)
    beta = group_mirror(hub_id=uuid.uuid4(), parent_hub_id=msp_id, name="Beta", now=now)
    return Tree(msp, alpha, beta, system[GroupKind.UNASSIGNED])


def person(email: str, **levels: AccessLevel) -> User:
    """A person with access to companies, given as hex=level."""
    user: User = User.objects.create_user(email=email)
    for company, level in levels.items():
        UserAccess.objects.create(user=user, company_hub_id=uuid.UUID(company.removeprefix("c")), level=level)
    return user


@pytest.fixture
def device(tree: Tree, now: datetime) -> Device:
    return device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname="pc-1", kind=DeviceKind.WORKSTATION, now=now)


@dataclass
class FakeAgent:
    """An agent's keys, and the requests it signs."""

    hostname: str = "pc-1"
    key: SigningKey = field(default_factory=SigningKey.generate)
    fingerprint: dict[str, str] = field(default_factory=lambda: {"machine_id": uuid.uuid4().hex})

    def __post_init__(self) -> None:
        self.user = nkeys.from_seed(nkeys.encode_seed(secrets.token_bytes(32), PREFIX_BYTE_USER))
        self.x25519 = b64url_encode(seal_key_generate()[1]).decode()

    def request(self, at: datetime, audience: str = "https://console.localhost:8443", **extra: object) -> str:
        claims = EnrollRequest(
            aud=audience,
            iat=seconds_of(at),
            jti=uuid.uuid4().hex,
            hostname=self.hostname,
            os=OsInfo(family=OsFamily.LINUX, name="Debian"),
            kind=WireDeviceKind.WORKSTATION,
            fp=self.fingerprint,
            nkey=self.user.public_key.decode(),
            x25519=self.x25519,
            agent_version="1.0",
            **extra,  # type: ignore[arg-type]  # only `previous` and `group`
        )
        return enroll_build(claims, self.key)


@pytest.fixture
def edge_seed(tmp_path: Path, settings: Any) -> None:
    """A scoped signing key without a broker behind it."""
    seed = tmp_path / "edge.seed"
    seed.write_bytes(bytes(nkeys.encode_seed(secrets.token_bytes(32), PREFIX_BYTE_ACCOUNT)))
    settings.NATS_EDGE_SIGNING_SEED = str(seed)
    settings.NATS_EDGE_ACCOUNT = "A" * 56


@pytest.fixture
def token(tree: Tree, now: datetime) -> EnrollmentToken:
    return deployment_key_create(actor=ACTOR, user=None, group=tree.alpha, now=now)


def wire(device: Device, body: Body, *, seq: int = 1, at: datetime = NOW, message_id: uuid.UUID | None = None,
         spool: uuid.UUID = SPOOL) -> tuple[str, bytes]:  # fmt: skip
    """Subject and bytes of a message as a device sends it."""
    raw = message_encode(
        body,
        device=device.hex_id,
        spool=spool,
        seq=seq,
        at_us=int(at.timestamp() * 1_000_000),
        message_id=message_id or uuid.uuid4(),
    )
    return up_subject(device.hex_id, KINDS[type(body)]), raw  # type: ignore[arg-type]  # hex_id is a DeviceId


def consume_all(now: datetime) -> None:
    """Consume until nothing is left: an open transaction of another test on the same server delays what can be read."""
    deadline = time.monotonic() + 30
    newest = OutboxEvent.objects.filter(topic__in=TOPICS).latest("id").pk
    while not ConsumerPosition.objects.filter(event_id__gte=newest).exists():
        assert time.monotonic() < deadline, "the events were not consumed in time"
        if events_consume(now=now) == 0:
            time.sleep(0.05)


@pytest.fixture
def broker(tmp_path: Path, settings: Any) -> Iterator[Broker]:
    """A real nats-server with the two accounts of an instance."""
    started = Broker(folder=tmp_path / "nats", port=find_free_port(), monitor_port=find_free_port())
    started.start(now=datetime.now(UTC) - timedelta(seconds=5))
    settings.NATS_URL = started.url
    settings.NATS_MANAGER_CREDS = str(started.manager_creds)
    settings.NATS_EDGE_SIGNING_SEED = str(started.edge_signing_seed)
    settings.NATS_EDGE_ACCOUNT = started.edge_account
    yield started
    started.stop()
    connections.close_all()
