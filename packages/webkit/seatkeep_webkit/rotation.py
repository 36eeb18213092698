"""Key rotation: a new current key, then every encrypted column written anew, batch by batch; it may be interrupted."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps
from django.db import connection, models, transaction
from psycopg import sql

from seatkeep_webkit.fields import EncryptedField
from seatkeep_webkit.keyring import KeyRing, key_id

BATCH = 500


def keyring_rotate(path: Path) -> KeyRing:
    """Put a new current key into the ring file and return the ring; programs read it at their next start."""
    ring = KeyRing.load(path).rotated()
    ring.save(path)
    return ring


def columns_reencrypt(ring: KeyRing) -> int:
    """Write every ciphertext of an older key anew with the current one; return how many were.

    Idempotent: what is current already stays as it is, so after an interruption it simply goes on.
    """
    return sum(_column_reencrypt(ring, field) for field in _encrypted_fields())


def _encrypted_fields() -> list[EncryptedField]:
    models_ = [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]
    return [field for model in models_ for field in model._meta.local_fields if isinstance(field, EncryptedField)]


def _column_reencrypt(ring: KeyRing, field: EncryptedField) -> int:
    changed, last = 0, 0
    while True:
        count, last = _batch_reencrypt(ring, field, after=last)
        changed += count
        if not last:
            return changed


@transaction.atomic
def _batch_reencrypt(ring: KeyRing, field: EncryptedField, *, after: int) -> tuple[int, int]:
    """Return how many of the next rows were written anew, and the id of the last one seen; 0 at the end."""
    with connection.cursor() as cursor:
        # Locked, so that a value that a service writes meanwhile is not overwritten by the one read before.
        cursor.execute(_query(_SELECT, field), [after, BATCH])
        rows: list[tuple[int, bytes]] = [(row[0], bytes(row[1])) for row in cursor.fetchall()]
        old = [(pk, blob) for pk, blob in rows if key_id(blob) != ring.current]
        for pk, blob in old:
            plain = ring.decrypt(blob, aad=field.aad)
            cursor.execute(_query(_UPDATE, field), [ring.encrypt(plain, aad=field.aad), pk])
    return len(old), rows[-1][0] if rows else 0


_SELECT = (
    "SELECT {pk}, {column} FROM {table} WHERE {pk} > %s AND {column} IS NOT NULL ORDER BY {pk} LIMIT %s FOR UPDATE"
)
_UPDATE = "UPDATE {table} SET {column} = %s WHERE {pk} = %s"


def _query(text: str, field: models.Field[object, object]) -> sql.Composed:
    meta = field.model._meta
    return sql.SQL(text).format(
        table=sql.Identifier(meta.db_table),
        column=sql.Identifier(str(field.column)),
        pk=sql.Identifier(str(meta.pk.column)),
    )
