"""The cast of these tests: a console's keys, one enrolled device, and its documents."""

from __future__ import annotations

from typing import Any

from seatkeep_bench.identity import Identity, Persona
from seatkeep_license.keys import SigningKey
from seatkeep_protocol.documents import (
    ChainLink,
    DeviceDocument,
    GroupDocument,
    KeysDocument,
    audience_of_company,
    audience_of_device,
    audience_of_instance,
    document_sign,
)
from seatkeep_protocol.enrollment import EnrollAddresses, EnrollAnswer, NatsAccess
from seatkeep_protocol.policy import ChainNode, NodeKind, Policy, PolicySetting
from seatkeep_protocol.subjects import KEYS_KEY, device_key, group_key

ROOT = SigningKey(bytes(range(20, 52)))
STATE = SigningKey(bytes(range(21, 53)))
MALLORY = SigningKey(bytes(range(22, 54)))
INSTANCE, COMPANY, GROUP, DEVICE = ("1" * 32, "2" * 32, "3" * 32, "4" * 32)
ALICE = Identity("test", 7, Persona.WORKSTATION)

ANSWER = EnrollAnswer(
    device=DEVICE,
    company=COMPANY,
    instance=INSTANCE,
    nats=NatsAccess("jwt", ["tls://console.example.com:2222"]),
    root_key=ROOT.verify_key.jwk,
    min_version=100,
    addresses=EnrollAddresses(["https://console.example.com"], ["https://licensing.example.com"]),
)


def keys_raw(version: int = 100, signer: SigningKey = ROOT) -> bytes:
    """Return a signed keys document."""
    return document_sign(
        KeysDocument(
            instance=INSTANCE,
            key=KEYS_KEY,
            audience=audience_of_instance(INSTANCE),
            version=version,
            issued_at_us=1,
            state_keys=[STATE.verify_key.jwk],
        ),
        signer,
    )


def device_raw(version: int = 100, signer: SigningKey = STATE, **more: Any) -> bytes:
    """Return a signed device document."""
    fields: dict[str, Any] = {"name": "alice", "restore_id": "r", "chain": (ChainLink(group_key(COMPANY, GROUP), 50),)}
    document = DeviceDocument(
        instance=INSTANCE,
        key=device_key(DEVICE),
        audience=audience_of_device(DEVICE),
        version=version,
        issued_at_us=1,
        device=DEVICE,
        company=COMPANY,
        group=GROUP,
        **(fields | more),
    )
    return document_sign(document, signer)


def group_raw(version: int = 100, exclusion: str = "/srv") -> bytes:
    """Return a signed group document whose policy excludes one path."""
    policy = Policy(
        policy="5" * 32, name="p", product="endpoint", settings={"scan.exclusions": PolicySetting([exclusion])}
    )
    return document_sign(
        GroupDocument(
            instance=INSTANCE,
            key=group_key(COMPANY, GROUP),
            audience=audience_of_company(COMPANY),
            version=version,
            issued_at_us=1,
            group=GROUP,
            nodes=(ChainNode(kind=NodeKind.STATIC, node=GROUP, name="All", policies=(policy,)),),
        ),
        STATE,
    )
