"""Messages from agents, and what hostile ones meet."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_cast import DEVICE, NOW_US, OTHER
from seatkeep_protocol import errors
from seatkeep_protocol.ids import DeviceId
from seatkeep_protocol.messages import (
    BODY_TYPES,
    INVENTORY_LIMIT_BYTES,
    MESSAGE_LIMIT_BYTES,
    Body,
    DetectionEvent,
    EndpointLicense,
    EndpointStatus,
    EngineReport,
    Hardware,
    Heartbeat,
    Inventory,
    OsInfo,
    QuarantineEvent,
    SettingDifference,
    Software,
    TaskRunEvent,
    body_decode,
    envelope_decode,
    message_encode,
)
from seatkeep_protocol.protection import Capabilities
from seatkeep_protocol.subjects import Kind, Stream, UpSubject, up_subject, up_subject_parse
from seatkeep_protocol.vocabulary import (
    DetectionAction,
    DeviceKind,
    EngineMode,
    LicenseState,
    OsFamily,
    ProtectionStatus,
    QuarantineState,
    Severity,
    TaskRunState,
)

UID = uuid.UUID("019abcde-0000-7000-8000-000000000009")
SHA256 = "0" * 64

BODIES: list[Body] = [
    Heartbeat(agent_version="0.1.0", started_at_us=NOW_US, interval_seconds=30, applied={"keys": 1}),
    Inventory(
        hostname="reception-1",
        kind=DeviceKind.WORKSTATION,
        os=OsInfo(family=OsFamily.LINUX, name="Debian", version="13", arch="x86_64"),
        hardware=Hardware(cpu_cores=2),
        software=[Software(name="bash", version="5.2")],
    ),
    EndpointStatus(
        product="endpoint-workstation",
        version="0.1.0",
        key_jkt="x",
        engine="yara",
        capabilities=Capabilities(is_running=True, is_test_rules=True),
        license=EndpointLicense(state=LicenseState.ACTIVE),
        protection=ProtectionStatus.TEST_RULES,
        settings={"scan.exclusions": ["/a"]},
        engines=[
            EngineReport(
                engine="defender",
                mode=EngineMode.ACTIVE,
                capabilities=Capabilities(is_running=True, has_on_access=True),
                differences={"defender.pua": SettingDifference(wanted="ENABLED", found="DISABLED")},
            )
        ],
    ),
    DetectionEvent(
        detection=UID,
        at_us=NOW_US,
        product="endpoint-workstation",
        engine="yara",
        threat="EICAR",
        severity=Severity.WARNING,
        path="/tmp/eicar",
        sha256=SHA256,
        size_bytes=68,
        action=DetectionAction.QUARANTINED,
        item=UID,
    ),
    DetectionEvent(
        detection=UID,
        at_us=NOW_US,
        product="endpoint-workstation",
        engine="defender",
        threat="Trojan:Win32/Wacatac.B!ml",
        severity=Severity.WARNING,
        path=r"C:\Users\Public\a.exe",
        sha256="",
        size_bytes=0,
        action=DetectionAction.REMOVED,
    ),
    QuarantineEvent(
        item=UID, state=QuarantineState.HELD, at_us=NOW_US, path="/x", sha256=SHA256, size_bytes=68, threat="EICAR"
    ),
    TaskRunEvent(run=UID, task=UID, state=TaskRunState.RUNNING, at_us=NOW_US, progress_percent=7),
]


def encode(body: Body, device: str = DEVICE) -> bytes:
    return message_encode(body, device=device, spool=UID, seq=1, at_us=NOW_US, message_id=UID)


def subject_of(kind: Kind, device: str = DEVICE) -> UpSubject:
    return up_subject_parse(up_subject(DeviceId(device), kind))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_message_comes_back_as_sent(body: Body) -> None:
    kind = next(kind for kind, body_type in BODY_TYPES.items() if type(body) is body_type)

    envelope = envelope_decode(encode(body), subject_of(kind))

    assert (envelope.device, envelope.id, envelope.seq, envelope.kind) == (DEVICE, UID, 1, kind)
    assert body_decode(envelope) == body


def test_envelope_that_names_another_device_than_its_subject_is_refused() -> None:
    with pytest.raises(errors.MessageForeignError):
        envelope_decode(encode(BODIES[0], device=OTHER), subject_of(Kind.HEARTBEAT))


def test_envelope_of_another_kind_than_its_subject_is_refused() -> None:
    with pytest.raises(errors.MessageForeignError):
        envelope_decode(encode(BODIES[0]), subject_of(Kind.STATUS))


def test_message_of_a_later_version_is_refused() -> None:
    fields = msgspec.msgpack.decode(encode(BODIES[0])) | {"v": 2}
    with pytest.raises(errors.MessageMalformedError, match="version 2"):
        envelope_decode(msgspec.msgpack.encode(fields), subject_of(Kind.HEARTBEAT))


def test_ten_megabytes_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(errors.MessageTooLargeError):
        envelope_decode(b"\xc1" * 10_000_000, subject_of(Kind.DETECTION))


def test_inventory_may_be_larger_than_other_messages_but_not_endless() -> None:
    many = [Software(name=f"package-{number:06d}", version="1") for number in range(4_000)]
    inventory = msgspec.structs.replace(BODIES[1], software=many)
    assert MESSAGE_LIMIT_BYTES < len(encode(inventory)) <= INVENTORY_LIMIT_BYTES

    with pytest.raises(errors.MessageTooLargeError):
        encode(msgspec.structs.replace(inventory, software=many * 3))


@pytest.mark.parametrize(
    "change",
    [{"interval_seconds": 0}, {"interval_seconds": "soon"}, {"applied": {"keys": -1}}, {"agent_version": "x" * 256}],
)
def test_body_out_of_bounds_is_refused_and_names_the_field(change: dict[str, Any]) -> None:
    body = msgspec.to_builtins(BODIES[0]) | change
    fields = msgspec.msgpack.decode(encode(BODIES[0])) | {"body": body}
    envelope = envelope_decode(msgspec.msgpack.encode(fields), subject_of(Kind.HEARTBEAT))
    with pytest.raises(errors.MessageMalformedError, match=next(iter(change))):
        body_decode(envelope)


def test_field_of_a_newer_agent_is_ignored() -> None:
    body = msgspec.to_builtins(BODIES[0]) | {"mood": "fine"}
    fields = msgspec.msgpack.decode(encode(BODIES[0])) | {"body": body}

    assert body_decode(envelope_decode(msgspec.msgpack.encode(fields), subject_of(Kind.HEARTBEAT))) == BODIES[0]


@given(st.binary(max_size=400), st.sampled_from(Kind))
def test_garbage_is_refused_and_nothing_worse(raw: bytes, kind: Kind) -> None:
    with pytest.raises(errors.MessageError):
        envelope_decode(raw, subject_of(kind))


def test_deeply_nested_garbage_is_refused() -> None:
    with pytest.raises(errors.MessageError):
        envelope_decode(b"\x91" * 60_000, subject_of(Kind.RUN))


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_damaged_message_is_refused_or_read_and_nothing_worse(place: int, mask: int) -> None:
    raw = bytearray(encode(BODIES[3]))
    raw[place % len(raw)] ^= mask
    try:
        body_decode(envelope_decode(bytes(raw), subject_of(Kind.DETECTION)))
    except errors.MessageError:
        return


def test_what_must_not_be_lost_goes_to_events_and_the_rest_to_telemetry() -> None:
    assert {kind for kind in Kind if kind.stream is Stream.EVT} == {Kind.DETECTION, Kind.QUARANTINE, Kind.RUN}
