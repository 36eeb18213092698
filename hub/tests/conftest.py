"""What the hub's tests need of their environment. PostgreSQL runs already."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import django

# Set before the settings are read; `setdefault`, so that a caller's own choice holds.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seatkeep_hub.project.settings")
os.environ.setdefault("SEATKEEP_KEYRING", str(Path(tempfile.mkdtemp(prefix="seatkeep-test-keyring-")) / "keyring"))
os.environ.setdefault("SEATKEEP_BOOTSTRAP_TOKEN", "bootstrap-token-of-the-tests")
os.environ.setdefault("SEATKEEP_SETUP_TOKEN", "setup-token-of-the-tests")
os.environ.setdefault("SEATKEEP_OIDC_CLIENT_SECRET", "console-secret-of-the-tests")

django.setup()
