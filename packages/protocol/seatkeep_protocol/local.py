"""Agent ↔ endpoint on one machine: frames over a Unix socket, and what they carry (wire.md §8).

A frame is a 4-byte big-endian length and msgpack. The agent sends requests; the endpoint sends answers and events.
"""

from __future__ import annotations

import struct
import uuid
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from seatkeep_license.requests import DeviceInfo

from seatkeep_protocol.errors import FrameError
from seatkeep_protocol.messages import DetectionEvent, EndpointStatus, QuarantineEvent
from seatkeep_protocol.vocabulary import ScanMethod

FRAME_LIMIT_BYTES = 4 * 1024 * 1024
LOCAL_VERSION = 1
_LENGTH = struct.Struct(">I")


class Op(StrEnum):
    """What the agent asks of the endpoint; arguments and result are named after it."""

    HELLO = "hello"
    STATUS = "status"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    RENEW = "renew"
    LICENSE_STOP = "license_stop"
    SETTINGS_APPLY = "settings_apply"
    SCAN_START = "scan_start"
    SCAN_CANCEL = "scan_cancel"
    QUARANTINE_LIST = "quarantine_list"
    QUARANTINE_RESTORE = "quarantine_restore"
    QUARANTINE_DELETE = "quarantine_delete"
    SIGNATURES_UPDATE = "signatures_update"
    RETIRE = "retire"


class EventName(StrEnum):
    """What the endpoint tells by itself."""

    STATUS = "status"
    DETECTION = "detection"
    QUARANTINE = "quarantine"
    SCAN_PROGRESS = "scan_progress"
    SCAN_DONE = "scan_done"


class Request(msgspec.Struct, frozen=True):
    """A request; its answer carries the same id."""

    id: int
    op: Op
    args: dict[str, Any] = {}


class Failure(msgspec.Struct, frozen=True):
    """Why a request failed: a stable code and a sentence."""

    code: str
    detail: str


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of a request: `result` when ok, else `error`."""

    id: int
    ok: bool
    result: Any = None
    error: Failure | None = None


class Event(msgspec.Struct, frozen=True):
    """Something that happened at the endpoint."""

    event: EventName
    body: Any


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """`hello`: who the agent is (args) and, with `key_jkt` and `product`, who the endpoint is (result)."""

    v: int = LOCAL_VERSION
    version: str
    product: str = ""
    key_jkt: str = ""


class NoArgs(msgspec.Struct, frozen=True):
    """Arguments of ops that take none.

    They are status, deactivate, renew (the lease, soon), quarantine_list.
    """


class ActivateArgs(msgspec.Struct, frozen=True, kw_only=True):
    """`activate`: take a seat with a ticket.

    Attributes:
        relay_url: The manager's relay, for a machine that cannot reach the hub; tried second.
        ca_pem: The own CA of the servers.
    """

    ticket: str
    licensing_url: str
    product: str
    device: DeviceInfo
    relay_url: str | None = None
    ca_pem: str | None = None


class LicenseStopArgs(msgspec.Struct, frozen=True):
    """`license_stop`: "stop protecting" is in force, or no longer."""

    is_stopped: bool


class SettingsApplyArgs(msgspec.Struct, frozen=True):
    """`settings_apply`: the settings that policies set, all of them; what is missing falls back to the own value."""

    settings: dict[str, Any]


class SettingsApplied(msgspec.Struct, frozen=True):
    """Result of `settings_apply`: setting name → why it could not be applied."""

    errors: dict[str, str]


class ScanStartArgs(msgspec.Struct, frozen=True, kw_only=True):
    """`scan_start`: scan paths, the own targets when empty; `run` names the scan in events."""

    run: uuid.UUID
    targets: list[str] = []
    is_quarantining: bool = True
    method: ScanMethod = ScanMethod.SEATKEEP


class SignaturesUpdateArgs(msgspec.Struct, frozen=True):
    """`signatures_update`: let Defender fetch the newest signatures; `scan_done` with this `run` tells the end."""

    run: uuid.UUID


class ScanCancelArgs(msgspec.Struct, frozen=True):
    """`scan_cancel`: end a running scan."""

    run: uuid.UUID


class QuarantineItem(msgspec.Struct, frozen=True, kw_only=True):
    """A file in quarantine, as `quarantine_list` returns it."""

    item: uuid.UUID
    path: str
    sha256: str
    size_bytes: int
    threat: str
    at_us: int
    detection: uuid.UUID | None = None


class QuarantineRestoreArgs(msgspec.Struct, frozen=True):
    """`quarantine_restore`: put a file back; `is_excluding` keeps it from being found again."""

    item: uuid.UUID
    is_excluding: bool = False


class QuarantineDeleteArgs(msgspec.Struct, frozen=True):
    """`quarantine_delete`: destroy a quarantined file."""

    item: uuid.UUID


class RetireArgs(msgspec.Struct, frozen=True):
    """`retire`: release the seat if asked, stop protecting, and forget lease and key."""

    is_releasing_seat: bool = True


class ScanProgress(msgspec.Struct, frozen=True):
    """Event `scan_progress`."""

    run: uuid.UUID
    files_scanned: int
    percent: int | None = None


class ScanDone(msgspec.Struct, frozen=True, kw_only=True):
    """Event `scan_done`; `error` is empty when the scan went through."""

    run: uuid.UUID
    files_scanned: int
    bytes_scanned: int
    files_skipped: int
    threats: int
    is_canceled: bool = False
    error: str = ""


EVENT_TYPES: dict[EventName, type[msgspec.Struct]] = {
    EventName.STATUS: EndpointStatus,
    EventName.DETECTION: DetectionEvent,
    EventName.QUARANTINE: QuarantineEvent,
    EventName.SCAN_PROGRESS: ScanProgress,
    EventName.SCAN_DONE: ScanDone,
}
ARGS_TYPES: dict[Op, type[msgspec.Struct]] = {
    Op.HELLO: Hello,
    Op.STATUS: NoArgs,
    Op.ACTIVATE: ActivateArgs,
    Op.DEACTIVATE: NoArgs,
    Op.RENEW: NoArgs,
    Op.LICENSE_STOP: LicenseStopArgs,
    Op.SETTINGS_APPLY: SettingsApplyArgs,
    Op.SCAN_START: ScanStartArgs,
    Op.SCAN_CANCEL: ScanCancelArgs,
    Op.QUARANTINE_LIST: NoArgs,
    Op.QUARANTINE_RESTORE: QuarantineRestoreArgs,
    Op.QUARANTINE_DELETE: QuarantineDeleteArgs,
    Op.SIGNATURES_UPDATE: SignaturesUpdateArgs,
    Op.RETIRE: RetireArgs,
}

StructT = TypeVar("StructT", bound=msgspec.Struct)

_encoder = msgspec.msgpack.Encoder()


def frame_encode(message: Request | Answer | Event) -> bytes:
    """Return a message as one frame.

    Raises:
        FrameError: More than 4 MiB.
    """
    payload = _encoder.encode(message)
    _length_check(len(payload))
    return _LENGTH.pack(len(payload)) + payload


class FrameReader:
    """Cuts a stream of bytes into frames; pure, the caller reads the socket."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take what the socket gave and return the payloads that are now complete.

        Raises:
            FrameError: A frame announces more than 4 MiB; the connection must be closed.
        """
        self._buffer += data
        payloads = []
        while (payload := self._next()) is not None:
            payloads.append(payload)
        return payloads

    def _next(self) -> bytes | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        _length_check(length)
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return payload


def request_decode(payload: bytes) -> Request:
    """Read a request (the endpoint's side).

    Raises:
        FrameError: It is not one.
    """
    return _decode(payload, Request)


def reply_decode(payload: bytes) -> Answer | Event:
    """Read an answer or an event (the agent's side).

    Raises:
        FrameError: It is neither.
    """
    try:
        fields = msgspec.msgpack.decode(payload, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(str(error)) from error
    return _decode(payload, Event) if "event" in fields else _decode(payload, Answer)


def body_convert(body: object, struct_type: type[StructT]) -> StructT:
    """Read arguments, a result or an event's body into its struct.

    Raises:
        FrameError: A field is missing or wrong; the message names it.
    """
    try:
        return msgspec.convert(body, struct_type)
    except msgspec.ValidationError as error:
        raise FrameError(str(error)) from error


def body_builtins(body: msgspec.Struct) -> Any:
    """Return a struct as arguments, result or event body."""
    return msgspec.to_builtins(body)


def _decode(payload: bytes, struct_type: type[StructT]) -> StructT:
    try:
        return msgspec.msgpack.decode(payload, type=struct_type)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(str(error)) from error


def _length_check(length: int) -> None:
    if length > FRAME_LIMIT_BYTES:
        raise FrameError(f"A frame has at most {FRAME_LIMIT_BYTES} bytes.")
