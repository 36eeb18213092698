"""Ids, parts, subjects and keys."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_cast import COMPANY, DEVICE, GROUP
from seatkeep_protocol import subjects
from seatkeep_protocol.errors import IdMalformedError, SubjectMalformedError
from seatkeep_protocol.ids import CompanyId, DeviceId, device_id, hex_of, part_of, parts, uid_of
from seatkeep_protocol.subjects import Kind, Stream, up_subject, up_subject_parse

devices = st.uuids().map(device_id)


@given(st.uuids())
def test_id_reads_back(uid: uuid.UUID) -> None:
    assert uid_of(hex_of(uid)) == uid


@pytest.mark.parametrize("text", ["", "x" * 32, "A" * 32, "0" * 31, "0" * 33, "0" * 32 + "\n", f"{uuid.UUID(int=1)}"])
def test_text_that_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(IdMalformedError):
        device_id(text)


@given(devices)
def test_part_is_two_digits_of_the_hash(device: DeviceId) -> None:
    assert part_of(device) in parts()
    assert int(part_of(device)) == hashlib.sha256(device.encode()).digest()[0] % 16


def test_known_subject() -> None:
    assert up_subject(DeviceId(DEVICE), Kind.DETECTION) == f"sk.v1.evt.{part_of(DEVICE)}.{DEVICE}.detection"


@given(devices, st.sampled_from(Kind))
def test_subject_reads_back(device: DeviceId, kind: Kind) -> None:
    parsed = up_subject_parse(up_subject(device, kind))

    assert parsed == (kind.stream, part_of(device), device, kind)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "sk.v1.evt",
        f"sk.v2.tel.{part_of(DEVICE)}.{DEVICE}.heartbeat",
        f"sk.v1.evt.{part_of(DEVICE)}.{DEVICE}.heartbeat",
        f"sk.v1.tel.{(int(part_of(DEVICE)) + 1) % 16:02d}.{DEVICE}.heartbeat",
        f"sk.v1.tel.{part_of(DEVICE)}.{DEVICE}.rumor",
        f"sk.v1.tel.{part_of(DEVICE)}.{DEVICE}.heartbeat.more",
        "sk.v1.tel.00.*.heartbeat",
        "sk.v1.tel.00.é.heartbeat",
    ],
)
def test_subject_out_of_shape_is_refused(subject: str) -> None:
    with pytest.raises(SubjectMalformedError):
        up_subject_parse(subject)


def test_keys_and_the_subjects_that_read_them() -> None:
    assert subjects.device_key(DEVICE) == f"dev.{DEVICE}"
    assert subjects.group_key(COMPANY, GROUP) == f"grp.{COMPANY}.{GROUP}"
    assert subjects.kv_subject("keys") == "$KV.state.keys"
    assert subjects.direct_get_subject("keys") == "$JS.API.DIRECT.GET.KV_state.$KV.state.keys"


@pytest.mark.parametrize("text", ["*", ">", "a.b", "", "x" * 32])
def test_wildcard_in_a_key_is_refused(text: str) -> None:
    with pytest.raises(IdMalformedError):
        subjects.device_key(text)
    with pytest.raises(IdMalformedError):
        subjects.group_key(COMPANY, text)


def test_permission_template_filled_by_tags_is_just_the_agents_own_subjects() -> None:
    tags = dict(tag.split(":") for tag in subjects.agent_tags(DeviceId(DEVICE), CompanyId(COMPANY)))

    def filled(template: list[str]) -> set[str]:
        for name, value in tags.items():
            template = [subject.replace(f"{{{{tag({name})}}}}", value) for subject in template]
        return set(template)

    prefix = f"{part_of(DEVICE)}.{DEVICE}.>"
    keys = {"keys", f"dev.{DEVICE}", f"grp.{COMPANY}.>"}
    assert filled(subjects.agent_publish_template()) == {
        f"sk.v1.evt.{prefix}",
        f"sk.v1.tel.{prefix}",
        *(f"$JS.API.DIRECT.GET.KV_state.$KV.state.{key}" for key in keys),
    }
    assert filled(subjects.agent_subscribe_template()) == {
        f"_INBOX_{DEVICE}.>",
        *(f"$KV.state.{key}" for key in keys),
    }


def test_a_jwt_opens_the_groups_of_the_company_that_its_tags_name() -> None:
    tags = subjects.agent_tags(DeviceId(DEVICE), CompanyId(COMPANY))
    own = ["keys", f"dev.{DEVICE}", subjects.group_key(COMPANY, GROUP)]
    assert (subjects.company_of_tags(tags), subjects.company_of_tags(tags[:1])) == (COMPANY, None)
    assert all(subjects.is_key_open(key, COMPANY) for key in own)
    assert not subjects.is_key_open(subjects.group_key(GROUP, GROUP), COMPANY)


def test_streams_and_consumers_have_the_names_of_the_wire() -> None:
    assert (Stream.EVT.stream_name, Stream.TEL.filter) == ("EVT", "sk.v1.tel.>")
    assert subjects.part_filter(Stream.EVT, "07") == "sk.v1.evt.07.>"
    assert subjects.consumer_name("07") == "ingest-07"
