"""Whose seat a device holds: after a move to another customer the seat of the same license is taken anew."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from seatkeep_agent.licensing import is_of

ALPHA, BETA = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.mark.parametrize(
    ("told", "company", "is_right"),
    [(str(ALPHA), ALPHA.hex, True), (str(ALPHA), BETA.hex, False), (None, BETA.hex, True), (str(ALPHA), "", True)],
)
def test_a_seat_counts_for_the_customer_of_the_document(told: str | None, company: str, is_right: bool) -> None:
    status: Any = SimpleNamespace(license=SimpleNamespace(company=told))
    assert is_of(status, company) is is_right
