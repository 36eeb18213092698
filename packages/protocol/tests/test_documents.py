"""Attacks on state documents: whoever holds the broker cannot command a machine."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from golden_documents import FOLDER, golden_documents
from hypothesis import given
from hypothesis import strategies as st
from protocol_cast import (
    COMPANY,
    DEVICE,
    DEVICE_DOCUMENT,
    GROUP,
    GROUP_DOCUMENT,
    INSTANCE,
    KEYS_DOCUMENT,
    MALLORY_KEY,
    NOW_US,
    OTHER,
    POLICY,
    ROOT_KEY,
    STATE_KEY,
    STATE_KEYS,
)
from seatkeep_license.keys import KeySet
from seatkeep_protocol import errors
from seatkeep_protocol.documents import (
    DOCUMENT_LIMIT_BYTES,
    DeviceDocument,
    GroupDocument,
    KeysDocument,
    audience_of_company,
    audience_of_device,
    audience_of_instance,
    document_chain,
    document_sign,
    document_verify,
    next_version,
)
from seatkeep_protocol.policy import NodeKind
from seatkeep_protocol.subjects import KEYS_KEY, device_key, group_key

RAW = document_sign(DEVICE_DOCUMENT, STATE_KEY)


def read(raw: bytes, **changes: Any) -> DeviceDocument:
    arguments: dict[str, Any] = {
        "keys": STATE_KEYS,
        "instance": INSTANCE,
        "key": device_key(DEVICE),
        "audience": audience_of_device(DEVICE),
        "min_version": 0,
        "document_type": DeviceDocument,
    } | changes
    document = document_verify(raw, **arguments)
    assert isinstance(document, DeviceDocument)
    return document


@pytest.mark.parametrize("name", ["keys", "group", "device"])
def test_signing_gives_the_committed_bytes(name: str) -> None:
    assert golden_documents()[name].hex() == (FOLDER / f"{name}.hex").read_text().strip()


def test_device_document_comes_back_as_signed() -> None:
    assert read(RAW) == DEVICE_DOCUMENT


def test_group_document_comes_back_as_signed() -> None:
    document = document_verify(
        document_sign(GROUP_DOCUMENT, STATE_KEY),
        keys=STATE_KEYS,
        instance=INSTANCE,
        key=group_key(COMPANY, GROUP),
        audience=audience_of_company(COMPANY),
        min_version=NOW_US,
        document_type=GroupDocument,
    )

    assert document == GROUP_DOCUMENT


def test_keys_document_by_the_root_key_leads_to_the_state_keys() -> None:
    document = document_verify(
        document_sign(KEYS_DOCUMENT, ROOT_KEY),
        keys=KeySet([ROOT_KEY.verify_key]),
        instance=INSTANCE,
        key=KEYS_KEY,
        audience=audience_of_instance(INSTANCE),
        min_version=0,
        document_type=KeysDocument,
    )

    assert read(RAW, keys=document.keyset()) == DEVICE_DOCUMENT


def test_keys_document_signed_by_a_state_key_is_refused() -> None:
    with pytest.raises(errors.DocumentKeyUnknownError):
        document_verify(
            document_sign(KEYS_DOCUMENT, STATE_KEY),
            keys=KeySet([ROOT_KEY.verify_key]),
            instance=INSTANCE,
            key=KEYS_KEY,
            audience=audience_of_instance(INSTANCE),
            min_version=0,
            document_type=KeysDocument,
        )


def test_document_signed_by_a_stranger_is_refused() -> None:
    with pytest.raises(errors.DocumentKeyUnknownError):
        read(document_sign(DEVICE_DOCUMENT, MALLORY_KEY))


def test_stranger_who_claims_the_state_keys_id_is_refused() -> None:
    _, _, body = msgspec.msgpack.decode(RAW)
    signature = MALLORY_KEY.sign(b"seatkeep-state-v1\0" + body)
    with pytest.raises(errors.DocumentSignatureError):
        read(msgspec.msgpack.encode([STATE_KEY.kid, signature, body]))


@pytest.mark.parametrize("domain", [b"", b"seatkeep-state-v2\0", b"seatkeep-lease-v1\0"])
def test_signature_made_under_another_domain_is_refused(domain: bytes) -> None:
    _, _, body = msgspec.msgpack.decode(RAW)
    with pytest.raises(errors.DocumentSignatureError):
        read(msgspec.msgpack.encode([STATE_KEY.kid, STATE_KEY.sign(domain + body), body]))


def test_document_of_a_foreign_instance_is_refused() -> None:
    with pytest.raises(errors.DocumentForeignInstanceError):
        read(RAW, instance=OTHER)


def test_document_put_under_another_key_is_refused() -> None:
    with pytest.raises(errors.DocumentForeignKeyError):
        read(RAW, key=device_key(OTHER), audience=audience_of_device(OTHER))


def test_document_for_a_foreign_audience_is_refused() -> None:
    with pytest.raises(errors.DocumentForeignAudienceError):
        read(RAW, audience=audience_of_device(OTHER))


def test_document_of_another_type_under_the_key_is_refused() -> None:
    with pytest.raises(errors.DocumentMalformedError):
        read(RAW, document_type=GroupDocument)


def test_replayed_document_is_refused_by_a_reader_that_has_applied_it() -> None:
    with pytest.raises(errors.DocumentOlderError) as refused:
        read(RAW, min_version=NOW_US + 1)
    assert (refused.value.version, refused.value.min_version) == (NOW_US, NOW_US + 1)


def test_older_document_is_refused() -> None:
    older = document_sign(msgspec.structs.replace(DEVICE_DOCUMENT, version=NOW_US - 1), STATE_KEY)
    with pytest.raises(errors.DocumentOlderError):
        read(older, min_version=NOW_US + 1)


def test_document_of_the_floor_version_is_taken() -> None:
    assert read(RAW, min_version=NOW_US) == DEVICE_DOCUMENT


def test_version_rises_even_when_the_clock_stands_behind() -> None:
    assert next_version(last=NOW_US, now_us=5) == NOW_US + 1
    assert next_version(last=5, now_us=NOW_US) == NOW_US


@pytest.mark.parametrize("field", ["key", "audience"])
def test_signer_refuses_a_document_whose_names_do_not_belong_together(field: str) -> None:
    value = device_key(OTHER) if field == "key" else audience_of_device(OTHER)
    with pytest.raises(errors.DocumentForeignKeyError):
        document_sign(msgspec.structs.replace(DEVICE_DOCUMENT, **{field: value}), STATE_KEY)


def test_signer_refuses_a_document_beyond_256_kb() -> None:
    big = msgspec.structs.replace(POLICY, name="x" * DOCUMENT_LIMIT_BYTES)
    with pytest.raises(errors.DocumentTooLargeError):
        document_sign(msgspec.structs.replace(DEVICE_DOCUMENT, policies=(big,)), STATE_KEY)


def test_ten_megabytes_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(errors.DocumentTooLargeError):
        read(b"\x93" + b"\0" * 10_000_000)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_flipped_byte_of_a_document_verifies(place: int, mask: int) -> None:
    raw = bytearray(RAW)
    raw[place % len(raw)] ^= mask
    with pytest.raises(errors.DocumentError):
        read(bytes(raw))


@given(st.binary(max_size=400))
def test_random_bytes_are_refused_and_nothing_worse(raw: bytes) -> None:
    with pytest.raises(errors.DocumentError):
        read(raw)


def test_bytes_after_the_document_are_refused() -> None:
    with pytest.raises(errors.DocumentMalformedError):
        read(RAW + b"\xc0")


def test_chain_ends_with_the_device_itself() -> None:
    nodes = document_chain(GROUP_DOCUMENT, msgspec.structs.replace(DEVICE_DOCUMENT, policies=(POLICY,)), {})

    assert [(node.kind, node.name) for node in nodes] == [
        (NodeKind.STATIC, "All"),
        (NodeKind.STATIC, "Bakery"),
        (NodeKind.DEVICE, "reception-1"),
    ]
    assert nodes[-1].policies == (POLICY,)
