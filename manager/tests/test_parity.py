"""The parity table of the management half is whole, and what it points to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/parity/management.md"
ROW = re.compile(r"^\| (\d+) \| (.+) \| (done|partly|left out|later) \| (.*?) \| (.*?) \| (.*?) ?\|$", re.MULTILINE)
ROWS = ROW.findall(TABLE.read_text())
FOLDERS = (ROOT / "manager/tests", ROOT)


def test_there_is_one_line_per_row_of_the_reference() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 138))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_has_its_test_or_its_reason(row: tuple[str, ...]) -> None:
    _, _, state, where, test, why = row
    assert state == "done" or why
    assert state in ("later", "left out") or where
    tests = re.findall(r"`([^`]+)`", test)
    assert tests or state in ("later", "left out")
    assert [one for one in tests if not any((folder / one).exists() for folder in FOLDERS)] == []
