"""What every test of the manager stands on. Run without `--ds`: Django starts after PostgreSQL."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import django
import pytest

# Set before the settings are read; `setdefault`, so that a caller's own choice holds.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seatkeep_manager.project.settings")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Load the cast (core/cast.py) only now: it needs Django, and Django needs PostgreSQL's address."""
    django.setup()
    sys.path.insert(0, str(Path(__file__).parent / "core"))
    session.config.pluginmanager.register(import_module("cast"), "seatkeep-manager-cast")
