"""Arrays reach PostgreSQL as they were, also as text."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from seatkeep_hub.licensing.statements import array_text, with_array_texts

VALUES = {
    "text": [
        "",
        "plain",
        'a "quote"',
        "back\\slash\\",
        "{a,b}",
        "NULL",
        None,
        "é, 日本",
        " edge ",
        "line\nbreak",
        "'; --",
    ],
    "bigint": [0, -1, 2**62, None],
    "bytea": [b"", b"\x00\\\"{},'", bytes(range(256)), None],
    "uuid": [UUID(int=0), UUID("01a20344-3f56-7350-a3a7-11afef8cae42"), None],
    "timestamptz": [datetime(2026, 11, 22, 12, 0, 0, 123456, UTC), None],
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", VALUES)
def test_an_array_of_each_kind_arrives(kind):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT unnest(%s::{kind}[])", [array_text(VALUES[kind])])
        found = [bytes(row[0]) if isinstance(row[0], memoryview) else row[0] for row in cursor.fetchall()]
    assert found == VALUES[kind]


def test_only_lists_become_texts():
    assert with_array_texts({"ids": [1, 2], "none": [], "actor": "device", "key": b"k"}) == {
        "ids": "{1,2}",
        "none": "{}",
        "actor": "device",
        "key": b"k",
    }
