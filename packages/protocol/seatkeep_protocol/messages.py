"""Messages from agents: an envelope and a body per kind, as msgpack.

The subject is what the broker has checked, so it is trusted; the envelope must name the same device and kind.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec

from seatkeep_protocol.errors import MessageForeignError, MessageMalformedError, MessageTooLargeError
from seatkeep_protocol.ids import HEX_PATTERN
from seatkeep_protocol.protection import Capabilities
from seatkeep_protocol.subjects import Kind, UpSubject
from seatkeep_protocol.vocabulary import (
    DetectionAction,
    DeviceKind,
    EngineMode,
    LicenseState,
    OsFamily,
    ProtectionReason,
    ProtectionStatus,
    QuarantineState,
    Severity,
    TaskRunState,
)

MESSAGE_VERSION = 1
MESSAGE_LIMIT_BYTES = 64 * 1024
INVENTORY_LIMIT_BYTES = 256 * 1024

HexId = Annotated[str, msgspec.Meta(pattern=HEX_PATTERN)]
Micros = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Short = Annotated[str, msgspec.Meta(max_length=255)]
Text = Annotated[str, msgspec.Meta(max_length=4096)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around every message.

    Attributes:
        v: Version of the messages, 1.
        id: Unique id of the message; a repeated one is dropped.
        device: The sender.
        spool: Id of the sender's spool file, new per file.
        seq: Rises by 1 per message of a spool; (spool, seq) orders telemetry.
        kind: What the body is.
        at_us: When it happened, by the device's clock, µs since 1970.
        body: The body's msgpack, read by `body_decode`.
    """

    v: int
    id: uuid.UUID
    device: HexId
    spool: uuid.UUID
    seq: Count
    kind: Kind
    at_us: Micros
    body: msgspec.Raw


class OsInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An operating system.

    Attributes:
        edition: Such as "Professional" or "ServerStandard"; Windows only.
        build: Such as "22631.4317"; Windows only.
    """

    family: OsFamily
    name: Short
    version: Short = ""
    arch: Short = ""
    edition: Short = ""
    build: Short = ""


class IsolationState(msgspec.Struct, frozen=True, kw_only=True):
    """The device is cut off the network.

    Attributes:
        since_us: When that began, µs since 1970, by the device's clock.
        until_us: When it ends by itself.
        by: Who ordered it.
        reason: Why.
    """

    since_us: Micros
    until_us: Micros
    by: Short = ""
    reason: Text = ""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """The device lives.

    Attributes:
        agent_version: Version of the agent.
        started_at_us: When the agent started, µs since 1970.
        interval_seconds: When the next heartbeat is to be expected.
        applied: Document key → version that the agent has applied.
        spool_waiting: Messages that were not yet acknowledged.
        addresses: IP addresses of the device.
        user: Who is signed in, or empty.
        groups: The dynamic groups that take this device; None while that is not known.
        isolation: How the device is cut off the network; None while it is not.
    """

    agent_version: Short
    started_at_us: Micros
    interval_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)]
    applied: dict[Short, Count] = {}
    spool_waiting: Count = 0
    addresses: Annotated[list[Short], msgspec.Meta(max_length=64)] = []
    user: Short = ""
    groups: Annotated[list[HexId], msgspec.Meta(max_length=256)] | None = None
    isolation: IsolationState | None = None


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """A mounted disk."""

    mount: Text
    size_bytes: Count
    free_bytes: Count = 0


class NetworkCard(msgspec.Struct, frozen=True, kw_only=True):
    """A network card."""

    name: Short
    mac: Short = ""
    addresses: Annotated[list[Short], msgspec.Meta(max_length=64)] = []


class Software(msgspec.Struct, frozen=True, kw_only=True):
    """An installed program."""

    name: Short
    version: Short = ""
    vendor: Short = ""


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine is made of."""

    manufacturer: Short = ""
    model: Short = ""
    serial: Short = ""
    cpu: Short = ""
    cpu_cores: Count = 0
    ram_bytes: Count = 0
    disks: Annotated[list[Disk], msgspec.Meta(max_length=256)] = []
    network: Annotated[list[NetworkCard], msgspec.Meta(max_length=256)] = []


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """A full picture of a device.

    Attributes:
        fp: Fingerprint: component → salted digest.
        domain: The domain that the device is joined to, or empty.
        last_user: Who is signed in, or was last, or empty.
        needs_restart: The system says that it has to be restarted, after an update for instance.
    """

    hostname: Short
    kind: DeviceKind
    os: OsInfo
    hardware: Hardware
    software: Annotated[list[Software], msgspec.Meta(max_length=20_000)] = []
    fp: dict[Short, Short] = {}
    domain: Short = ""
    last_user: Short = ""
    needs_restart: bool = False


class EndpointLicense(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint stands with its license.

    Attributes:
        company: The customer that the seat counts for; None from an endpoint of an older release.
        error: The hub's error code when REFUSED or when a renewal failed, e.g. `no_seat_left`.
    """

    state: LicenseState
    public_id: Short | None = None
    company: Short | None = None
    seat: Short | None = None
    mode: Short | None = None
    soft_expires_at_us: Micros | None = None
    hard_expires_at_us: Micros | None = None
    error: Short | None = None


class SettingDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of a foreign engine that is not as policies want it.

    Attributes:
        wanted: What policies want.
        found: What the engine has, or empty when it does not know the setting.
        why: Why it stays so; empty while nobody has tried to change it (audit).
    """

    wanted: Text
    found: Text = ""
    why: Text = ""


class EngineReport(msgspec.Struct, frozen=True, kw_only=True):
    """An engine of somebody else that protects beside our own.

    Attributes:
        engine: Such as "defender"; detections name it too.
        version: Of the product, as it names itself.
        signatures_version: As it names itself.
        last_quick_scan_at_us: When the last quick scan ended, µs since 1970; None when never or not told.
        last_full_scan_at_us: The same of a full scan.
        is_tamper_protected: It refuses to be changed from outside.
        differences: The policy report: setting name → how it differs.
        error: Why it cannot be asked now, or empty.
    """

    engine: Short
    mode: EngineMode
    capabilities: Capabilities
    version: Short = ""
    signatures_version: Short = ""
    last_quick_scan_at_us: Micros | None = None
    last_full_scan_at_us: Micros | None = None
    is_tamper_protected: bool = False
    differences: dict[Short, SettingDifference] = {}
    error: Text = ""


class EndpointStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A protection product on a device.

    Attributes:
        engine: Our own engine.
        capabilities: What the machine has altogether: our own engine, and what another one adds to it.
        engines: Engines of others that protect beside it.
        key_jkt: Thumbprint of the endpoint's device key, to which a ticket is bound.
        settings: The settings in force: name → value.
        settings_errors: Setting name → why it could not be applied.
    """

    product: Short
    version: Short
    key_jkt: Short
    engine: Short
    engine_version: Short = ""
    capabilities: Capabilities
    license: EndpointLicense
    protection: ProtectionStatus
    reasons: list[ProtectionReason] = []
    open_threats: Count = 0
    settings: dict[Short, Any] = {}
    settings_errors: dict[Short, Text] = {}
    engines: Annotated[list[EngineReport], msgspec.Meta(max_length=8)] = []


class DetectionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Malware was found.

    Attributes:
        detection: Unique id of the detection.
        engine: Who found it: "yara", "clamd", "defender".
        sha256: Of the file, hex; empty when the engine does not tell (Defender).
        run: The scan task's run, if a task found it.
        item: The quarantine item when `action` is QUARANTINED, or may become so.
    """

    detection: uuid.UUID
    at_us: Micros
    product: Short
    engine: Short
    threat: Short
    severity: Severity
    path: Text
    sha256: Sha256
    size_bytes: Count
    action: DetectionAction
    is_test_rule: bool = False
    run: uuid.UUID | None = None
    item: uuid.UUID | None = None
    user: Short = ""


class QuarantineEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A quarantined file changed its state."""

    item: uuid.UUID
    state: QuarantineState
    at_us: Micros
    path: Text
    sha256: Sha256
    size_bytes: Count
    threat: Short
    detection: uuid.UUID | None = None
    run: uuid.UUID | None = None
    detail: Text = ""


class TaskRunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A task came further on a device.

    Attributes:
        run: The run, as the device document names it, or `triggers.run_id` of a fire of a group task.
        result: What came out: small, per kind of task.
        fired_at_us: The fire of a group task.
    """

    run: uuid.UUID
    task: uuid.UUID
    state: TaskRunState
    at_us: Micros
    progress_percent: Percent | None = None
    detail: Text = ""
    result: dict[Short, Any] = {}
    fired_at_us: Micros | None = None


Body = Heartbeat | Inventory | EndpointStatus | DetectionEvent | QuarantineEvent | TaskRunEvent

BODY_TYPES: dict[Kind, type[Body]] = {
    Kind.HEARTBEAT: Heartbeat,
    Kind.INVENTORY: Inventory,
    Kind.STATUS: EndpointStatus,
    Kind.DETECTION: DetectionEvent,
    Kind.QUARANTINE: QuarantineEvent,
    Kind.RUN: TaskRunEvent,
}
KINDS: dict[type[Body], Kind] = {body_type: kind for kind, body_type in BODY_TYPES.items()}

_encoder = msgspec.msgpack.Encoder()
_envelope_decoder = msgspec.msgpack.Decoder(Envelope)
_body_decoders: dict[Kind, msgspec.msgpack.Decoder[Body]] = {
    kind: msgspec.msgpack.Decoder(body_type) for kind, body_type in BODY_TYPES.items()
}


def limit_bytes(kind: Kind) -> int:
    """Return how large a message of a kind may be, envelope included."""
    return INVENTORY_LIMIT_BYTES if kind is Kind.INVENTORY else MESSAGE_LIMIT_BYTES


def message_encode(body: Body, *, device: str, spool: uuid.UUID, seq: int, at_us: int, message_id: uuid.UUID) -> bytes:
    """Return a message's bytes; the kind follows from the body.

    Raises:
        MessageTooLargeError: More than the kind's limit.
    """
    kind = KINDS[type(body)]
    envelope = Envelope(
        v=MESSAGE_VERSION,
        id=message_id,
        device=device,
        spool=spool,
        seq=seq,
        kind=kind,
        at_us=at_us,
        body=msgspec.Raw(_encoder.encode(body)),
    )
    raw = _encoder.encode(envelope)
    _size_check(raw, kind)
    return raw


def envelope_decode(raw: bytes, subject: UpSubject) -> Envelope:
    """Read an envelope that came on a subject.

    Raises:
        MessageTooLargeError: More than the kind's limit; nothing was decoded.
        MessageMalformedError: Not an envelope of version 1.
        MessageForeignError: Another device or kind than the subject's.
    """
    _size_check(raw, subject.kind)
    try:
        envelope = _envelope_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageMalformedError(str(error)) from error
    if envelope.v != MESSAGE_VERSION:
        raise MessageMalformedError(f"Messages of version {envelope.v} are not known.")
    if envelope.device != subject.device or envelope.kind is not subject.kind:
        raise MessageForeignError
    return envelope


def body_decode(envelope: Envelope) -> Body:
    """Read the body of an envelope.

    Raises:
        MessageMalformedError: It does not have the shape of its kind; the message names the field.
    """
    try:
        return _body_decoders[envelope.kind].decode(envelope.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageMalformedError(f"{envelope.kind}: {error}") from error


def _size_check(raw: bytes, kind: Kind) -> None:
    if len(raw) > limit_bytes(kind):
        raise MessageTooLargeError(f"A {kind} message has {len(raw)} bytes, at most {limit_bytes(kind)} are taken.")
