"""Fixtures of rights: the console's cast."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent
for folder in ("console", "api"):
    sys.path.insert(0, str(TESTS / folder))  # importlib mode does not put test folders on the path.
