"""Pure: what came out of the broker becomes messages of devices, or is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from seatkeep_protocol.errors import ProtocolError
from seatkeep_protocol.messages import Body, Envelope, body_decode, envelope_decode
from seatkeep_protocol.subjects import Kind, up_subject_parse


@dataclass(frozen=True)
class Incoming:
    """Bytes on a subject, and when the broker took them."""

    subject: str
    data: bytes
    received_at: datetime


@dataclass(frozen=True)
class Message:
    """A message that names the device and kind of its subject and has their shape."""

    incoming: Incoming
    envelope: Envelope
    body: Body

    @property
    def kind(self) -> Kind:
        """What it is about."""
        return self.envelope.kind


@dataclass(frozen=True)
class Refused:
    """Bytes that are no message, and why (a stable code)."""

    incoming: Incoming
    reason: str


def decode(incoming: Incoming) -> Message | Refused:
    """Read one message. The subject is what the broker checked; the envelope has to name the same device and kind."""
    try:
        envelope = envelope_decode(incoming.data, up_subject_parse(incoming.subject))
        return Message(incoming, envelope, body_decode(envelope))
    except ProtocolError as error:
        return Refused(incoming, error.code)


def decode_all(batch: Iterable[Incoming]) -> tuple[list[Message], list[Refused]]:
    """Read a batch."""
    read = [decode(incoming) for incoming in batch]
    return [m for m in read if isinstance(m, Message)], [m for m in read if isinstance(m, Refused)]


def is_newer(*, spool: str, seq: int, at_us: int, known: tuple[str, int, int]) -> bool:
    """Whether telemetry replaces what is known: by number within a spool, by the device's clock across spools."""
    known_spool, known_seq, known_at = known
    return seq > known_seq if spool == known_spool else at_us > known_at
