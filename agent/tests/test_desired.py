"""What the agent refuses: documents of thieves, of others, and of yesterday."""

from __future__ import annotations

from pathlib import Path

import pytest
from seatkeep_agent.desired import DocumentBook
from seatkeep_agent.identity import Identity
from seatkeep_agent.store import Store
from seatkeep_license.keys import SigningKey
from seatkeep_protocol.documents import document_sign
from seatkeep_protocol.errors import (
    DocumentForeignInstanceError,
    DocumentForeignKeyError,
    DocumentKeyUnknownError,
    DocumentOlderError,
    DocumentSignatureError,
)
from seatkeep_protocol.subjects import KEYS_KEY, device_key
from world import World


def identity_of(world: World) -> Identity:
    return Identity(
        device=world.device, company=world.company, instance=world.instance,
        root_key=world.root_key.verify_key.jwk, min_version=1, jwt="", console=[""], licensing=[""], nats=[],
    )  # fmt: skip


@pytest.fixture
def quiet_world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def book(quiet_world: World, tmp_path: Path) -> DocumentBook:
    made = DocumentBook(Store(tmp_path / "agent.db"), identity_of(quiet_world))
    made.take(KEYS_KEY, document_sign(quiet_world.keys_document(), quiet_world.root_key))
    return made


def test_a_good_document_is_obeyed(book: DocumentBook, quiet_world: World) -> None:
    document = quiet_world.device_document()
    assert book.take(document.key, document_sign(document, quiet_world.state_key)) == document


def test_a_thief_with_a_key_of_his_own_is_refused(book: DocumentBook, quiet_world: World) -> None:
    document = quiet_world.device_document()
    with pytest.raises(DocumentKeyUnknownError):
        book.take(document.key, document_sign(document, SigningKey.generate()))


def test_a_flipped_byte_is_refused(book: DocumentBook, quiet_world: World) -> None:
    document = quiet_world.device_document()
    raw = bytearray(document_sign(document, quiet_world.state_key))
    raw[-1] ^= 1
    with pytest.raises(DocumentSignatureError):
        book.take(document.key, bytes(raw))


def test_keys_signed_by_a_stolen_state_key_are_refused(book: DocumentBook, quiet_world: World) -> None:
    with pytest.raises(DocumentKeyUnknownError):
        book.take(KEYS_KEY, document_sign(quiet_world.keys_document(), quiet_world.state_key))


def test_another_instances_document_is_refused(book: DocumentBook, quiet_world: World) -> None:
    document = quiet_world.device_document(instance="0" * 32)
    with pytest.raises(DocumentForeignInstanceError):
        book.take(document.key, document_sign(document, quiet_world.state_key))


def test_another_devices_document_put_under_ours_is_refused(book: DocumentBook, quiet_world: World) -> None:
    other = World(quiet_world.folder, instance=quiet_world.instance, state_key=quiet_world.state_key)
    raw = document_sign(other.device_document(), quiet_world.state_key)
    with pytest.raises(DocumentForeignKeyError):
        book.take(device_key(quiet_world.device), raw)


def test_a_replayed_older_document_is_refused_also_after_a_restart(
    book: DocumentBook, quiet_world: World, tmp_path: Path
) -> None:
    old, new = quiet_world.device_document(), quiet_world.device_document()
    book.take(new.key, document_sign(new, quiet_world.state_key))
    restarted = DocumentBook(Store(tmp_path / "agent.db"), identity_of(quiet_world))
    assert restarted.device == new
    with pytest.raises(DocumentOlderError):
        restarted.take(old.key, document_sign(old, quiet_world.state_key))
