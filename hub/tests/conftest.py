"""What the hub's tests need of their environment, and what they share. PostgreSQL runs already."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import django
import pytest

if TYPE_CHECKING:
    from hub_cast import Cast

# Set before the settings are read; `setdefault`, so that a caller's own choice holds.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seatkeep_hub.project.settings")
os.environ.setdefault("SEATKEEP_BOOTSTRAP_TOKEN", "bootstrap-token-of-the-tests")
os.environ.setdefault("SEATKEEP_SETUP_TOKEN", "setup-token-of-the-tests")
os.environ.setdefault("SEATKEEP_OIDC_CLIENT_SECRET", "console-secret-of-the-tests")
sys.path.insert(0, str(Path(__file__).parent))

django.setup()


@pytest.fixture
def cast(db: None) -> Cast:
    """The standing cast (see hub_cast.py)."""
    from hub_cast import cast_make

    return cast_make()
