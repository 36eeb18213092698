"""Settings of the test project; needs nothing but a PostgreSQL for what reads the database."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from seatkeep_webkit.settings import base_settings

os.environ.setdefault("SEATKEEP_DEBUG", "1")
os.environ.setdefault(
    "SEATKEEP_KEYRING", str(Path(tempfile.gettempdir()) / f"seatkeep-webkit-test-{os.getuid()}.keyring")
)

globals().update(
    base_settings(
        program="webkit",
        site_name="Console",
        database_url=os.environ.get("SEATKEEP_TEST_POSTGRES_URL", "postgresql://seatkeep@localhost/webkit"),
        site_url="http://localhost:8000",
        user_model="testing.Person",
        root_urlconf="seatkeep_webkit.testing.urls",
        apps=["seatkeep_webkit.testing"],
        navigation="seatkeep_webkit.styleguide.navigation.navigation",
    )
)
