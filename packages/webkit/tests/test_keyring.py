"""Keys at rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import FieldError
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_webkit.keyring import DecryptionError, KeyRing, KeyRingError, KeyRingExposedError, key_id, keyring
from seatkeep_webkit.rotation import columns_reencrypt, keyring_rotate
from seatkeep_webkit.testing.models import Secret

RING = KeyRing.generate()


def test_a_missing_ring_is_made_private_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "ring"
    first = KeyRing.load(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyRing.load(path).keys == first.keys
    assert [file.name for file in path.parent.iterdir()] == ["ring"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_attack_ring_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ring"
    KeyRing.load(path)
    path.chmod(mode)
    with pytest.raises(KeyRingExposedError, match="chmod 600"):
        KeyRing.load(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"current": "k1", "keys": {"k1": "!!"}, "pepper": ""}', "null"])
def test_a_damaged_ring_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ring"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(KeyRingError):
        KeyRing.load(path)


@given(st.binary(max_size=200), st.data())
def test_attack_any_flipped_byte_does_not_open(plain: bytes, data: st.DataObject) -> None:
    blob = bytearray(RING.encrypt(plain, aad=b"t.c"))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DecryptionError):
        RING.decrypt(bytes(blob), aad=b"t.c")


@given(st.binary(max_size=60))
def test_garbage_is_refused_clearly(blob: bytes) -> None:
    with pytest.raises(DecryptionError):
        RING.decrypt(blob, aad=b"t.c")


def test_a_rotated_ring_reads_old_and_writes_new() -> None:
    old = RING.encrypt(b"secret", aad=b"t.c")
    rotated = RING.rotated()
    assert rotated.decrypt(old, aad=b"t.c") == b"secret"
    assert (key_id(old), key_id(rotated.encrypt(b"", aad=b""))) == ("k1", "k2")
    assert rotated.lookup_hmac("a", purpose="p") == RING.lookup_hmac("a", purpose="p")


def test_a_lookup_is_bound_to_its_purpose() -> None:
    assert RING.lookup_hmac("a", purpose="p") != RING.lookup_hmac("a", purpose="q")
    assert "secret" not in repr(RING)
    assert RING.pepper.hex() not in repr(RING)


def _column(name: str, pk: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM testing_secret WHERE id = %s", [pk])  # noqa: S608 - names of this test
        return bytes(cursor.fetchone()[0])


def test_the_database_holds_no_plain_text(db: None) -> None:
    row = Secret.objects.create(text="Größe", data=b"\x00\xff")
    assert "Größe".encode() not in _column("text", row.pk)
    found = Secret.objects.get(pk=row.pk)
    assert (found.text, found.data, found.other) == ("Größe", b"\x00\xff", None)


def test_attack_ciphertext_moved_to_another_column_does_not_open(db: None) -> None:
    row = Secret.objects.create(text="secret")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE testing_secret SET other = text")
    with pytest.raises(DecryptionError):
        Secret.objects.get(pk=row.pk)


def test_filtering_by_a_secret_is_refused(db: None) -> None:
    with pytest.raises(FieldError, match="lookup_hmac"):
        Secret.objects.filter(text="secret").exists()


def test_rotation_writes_every_secret_anew_once(db: None, tmp_path: Path) -> None:
    path = tmp_path / "ring"
    keyring().save(path)
    rows = [Secret.objects.create(text=f"secret {at}", data=b"x") for at in range(3)]
    ring = keyring_rotate(path)
    assert columns_reencrypt(ring) == 6
    assert columns_reencrypt(ring) == 0
    blob = _column("text", rows[2].pk)
    assert (key_id(blob), ring.decrypt(blob, aad=b"testing_secret.text")) == (ring.current, b"secret 2")
