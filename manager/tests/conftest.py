"""What every test of the manager stands on."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SEATKEEP_KEYRING", str(Path(tempfile.gettempdir()) / f"seatkeep-manager-test-{os.getuid()}.keyring"))
