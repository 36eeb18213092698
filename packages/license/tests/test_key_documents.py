"""Lease keys rotate; an offline product follows, and only the true chain."""

from __future__ import annotations

import msgspec
import pytest
from license_cast import DEVICE_KEY, HUB, HUB_KEY, INSTANCE_KEY, LEASE, MALLORY_KEY, NOW_SECONDS
from seatkeep_license import errors
from seatkeep_license.key_documents import (
    KeyDocument,
    key_document_follow,
    key_document_rotate,
    key_document_sign,
)
from seatkeep_license.leases import lease_sign, lease_verify

FIRST = KeyDocument(
    iss=HUB,
    version=1,
    iat=NOW_SECONDS,
    current=HUB_KEY.verify_key.jwk,
    next=INSTANCE_KEY.verify_key.jwk,
    retired=[],
)
SECOND = key_document_rotate(FIRST, upcoming=DEVICE_KEY.verify_key, issued=NOW_SECONDS + 1)
THIRD = key_document_rotate(SECOND, upcoming=MALLORY_KEY.verify_key, issued=NOW_SECONDS + 2)
SIGNED = [
    key_document_sign(FIRST, HUB_KEY),
    key_document_sign(SECOND, HUB_KEY),
    key_document_sign(THIRD, INSTANCE_KEY),
]


def test_rotation_moves_each_key_one_on() -> None:
    assert (SECOND.current, SECOND.next) == (INSTANCE_KEY.verify_key.jwk, DEVICE_KEY.verify_key.jwk)
    assert SECOND.retired == [HUB_KEY.verify_key.jwk]


def test_product_follows_two_rotations_and_still_takes_an_old_lease() -> None:
    newest = key_document_follow(FIRST, SIGNED)

    assert newest == THIRD
    assert lease_verify(lease_sign(LEASE, HUB_KEY), newest.keyset()) == LEASE


def test_following_again_changes_nothing() -> None:
    assert key_document_follow(THIRD, SIGNED) == THIRD


def test_document_that_skips_a_version_is_refused() -> None:
    skipping = key_document_sign(msgspec.structs.replace(SECOND, version=3), HUB_KEY)
    with pytest.raises(errors.KeyDocumentError):
        key_document_follow(FIRST, [skipping])


def test_rotation_signed_by_a_stranger_is_refused() -> None:
    with pytest.raises(errors.KeyUnknownError):
        key_document_follow(FIRST, [key_document_sign(SECOND, MALLORY_KEY)])


def test_rotation_signed_by_a_retired_key_is_refused() -> None:
    with pytest.raises(errors.KeyUnknownError):
        key_document_follow(SECOND, [key_document_sign(THIRD, HUB_KEY)])


def test_document_of_another_hub_is_refused() -> None:
    foreign = key_document_sign(msgspec.structs.replace(SECOND, iss="https://other.example"), HUB_KEY)
    with pytest.raises(errors.KeyDocumentError):
        key_document_follow(FIRST, [foreign])


def test_document_without_a_next_key_cannot_rotate() -> None:
    with pytest.raises(errors.KeyDocumentError):
        key_document_rotate(
            msgspec.structs.replace(FIRST, next=None), upcoming=DEVICE_KEY.verify_key, issued=NOW_SECONDS
        )
