"""Fixtures of the console's pages and its API; models are imported inside, after Django has started."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode does not put test folders on the path.

if TYPE_CHECKING:
    from standing_cast import Cast


@pytest.fixture
def cast(db: None) -> Cast:
    from standing_cast import NOW, cast_make

    return cast_make(NOW)
