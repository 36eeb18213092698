"""Fixtures of the API: the console's cast."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "console"))  # The cast is the console's.

if TYPE_CHECKING:
    from standing_cast import Cast


@pytest.fixture
def cast(db: None) -> Cast:
    from standing_cast import NOW, cast_make

    return cast_make(NOW)
