"""Fixtures of customers: the console's cast and the hub link's fake hub."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "console"))  # The cast lives there,
sys.path.insert(0, str(Path(__file__).parent.parent / "hublink"))  # and the fake hub there.

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
