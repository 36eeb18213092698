"""Fixtures of customers: the console's cast and the hub link's fake hub."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

_TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(_TESTS / "console"), str(_TESTS / "hublink")]  # The cast and the fake hub live there.

from fake_hub import FakeHub, serve

if TYPE_CHECKING:
    from standing_cast import Cast


@pytest.fixture
def cast(db: None) -> Cast:
    from standing_cast import NOW, cast_make

    return cast_make(NOW)


@pytest.fixture
def hub(settings: Any) -> Iterator[FakeHub]:
    with serve(FakeHub()) as fake:
        settings.LICENSING_URL = fake.url
        yield fake
