"""Subjects, streams, bucket and keys of the broker (wire.md §7)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from seatkeep_license.encoding import b64url_decode

from seatkeep_protocol.errors import SubjectMalformedError
from seatkeep_protocol.ids import CompanyId, DeviceId, GroupId, hex_parse, part_of

BUCKET = "state"
BUCKET_STREAM = "KV_state"
KEYS_KEY = "keys"
_ROOT = "sk.v1"


class Stream(StrEnum):
    """The two ways up; the value is the word in the subject."""

    EVT = "evt"
    TEL = "tel"

    @property
    def stream_name(self) -> str:
        """The name of the JetStream stream: EVT or TEL."""
        return self.name

    @property
    def filter(self) -> str:
        """Every subject of the stream."""
        return f"{_ROOT}.{self.value}.>"


class Kind(StrEnum):
    """What a message is about; the last word of its subject."""

    HEARTBEAT = "heartbeat"
    INVENTORY = "inventory"
    STATUS = "status"
    DETECTION = "detection"
    QUARANTINE = "quarantine"
    RUN = "run"

    @property
    def stream(self) -> Stream:
        """EVT for what must never be lost one by one, TEL for what the next message replaces."""
        return Stream.TEL if self in {Kind.HEARTBEAT, Kind.INVENTORY, Kind.STATUS} else Stream.EVT


class UpSubject(NamedTuple):
    """A subject taken apart."""

    stream: Stream
    part: str
    device: DeviceId
    kind: Kind


def up_subject(device: DeviceId, kind: Kind) -> str:
    """Return the subject on which a device sends messages of a kind."""
    return f"{_ROOT}.{kind.stream.value}.{part_of(device)}.{device}.{kind.value}"


def up_subject_parse(subject: str) -> UpSubject:
    """Take a subject apart.

    Raises:
        SubjectMalformedError: Not an up subject, an unknown kind, or stream or part do not belong to kind and device.
    """
    words = subject.split(".")
    if len(words) != 6:
        raise SubjectMalformedError
    try:
        kind, device = Kind(words[5]), DeviceId(hex_parse(words[4]))
    except Exception as error:
        raise SubjectMalformedError from error
    if subject != up_subject(device, kind):
        raise SubjectMalformedError
    return UpSubject(kind.stream, words[3], device, kind)


def part_filter(stream: Stream, part: str) -> str:
    """Return the subjects of one part: what the consumer `consumer_name(part)` reads."""
    return f"{_ROOT}.{stream.value}.{part}.>"


def consumer_name(part: str) -> str:
    """Return the name of the durable consumer of one part."""
    return f"ingest-{part}"


def device_key(device: DeviceId | str) -> str:
    """Return the bucket key of a device's document."""
    return f"dev.{hex_parse(device)}"


def group_key(company: CompanyId | str, group: GroupId | str) -> str:
    """Return the bucket key of a static group's document; the company is that of the devices that read it."""
    return f"grp.{hex_parse(company)}.{hex_parse(group)}"


def kv_subject(key: str) -> str:
    """Return the subject on which changes of a bucket key are pushed."""
    return f"$KV.{BUCKET}.{key}"


def direct_get_subject(key: str) -> str:
    """Return the subject that answers with a key's newest document, read from the broker itself."""
    return f"$JS.API.DIRECT.GET.{BUCKET_STREAM}.{kv_subject(key)}"


def inbox_prefix(device: DeviceId | str) -> str:
    """Return the only inbox prefix that a device may subscribe to."""
    return f"_INBOX_{hex_parse(device)}"


def agent_tags(device: DeviceId, company: CompanyId) -> list[str]:
    """Return the tags of an agent's user JWT, from which the broker fills the permission template."""
    return [f"device:{device}", f"part:{part_of(device)}", f"company:{company}"]


def company_of_tags(tags: Iterable[str]) -> str | None:
    """Return the company that the tags of a user JWT name; None when they name none."""
    return next((tag.removeprefix("company:") for tag in tags if tag.startswith("company:")), None)


def is_key_open(key: str, company: CompanyId | str) -> bool:
    """Whether a user JWT of a company may read a bucket key, as far as the company decides it."""
    return not key.startswith("grp.") or key.startswith(f"grp.{company}.")


def agent_key_tag(thumbprint: str) -> str:
    """Return the tag by which a user JWT names the agent's key: proof for a manager that lost the device (wire.md §6).

    Args:
        thumbprint: RFC 7638, base64url; in the tag it is hex, because tags are lower case.
    """
    return f"agent:{b64url_decode(thumbprint.encode()).hex()}"


def agent_publish_template() -> list[str]:
    """Return the subjects that an agent may publish on, with the placeholders of the scoped signing key."""
    device, part = "{{tag(device)}}", "{{tag(part)}}"
    up = [f"{_ROOT}.{stream.value}.{part}.{device}.>" for stream in Stream]
    return up + [direct_get_subject(key) for key in _key_templates()]


def agent_subscribe_template() -> list[str]:
    """Return the subjects that an agent may subscribe to, with the placeholders of the scoped signing key."""
    return ["_INBOX_{{tag(device)}}.>", *(kv_subject(key) for key in _key_templates())]


def _key_templates() -> list[str]:
    return [KEYS_KEY, "dev.{{tag(device)}}", "grp.{{tag(company)}}.>"]
