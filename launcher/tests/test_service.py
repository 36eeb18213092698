"""The systemd units."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from seatkeep_launcher.service import Units, service_install


def test_units_name_folder_and_user(tmp_path: Path) -> None:
    service_install(Units(Path("/srv/seatkeep"), user="seatkeep"), tmp_path)
    text = (tmp_path / "seatkeep.service").read_text()
    assert "up --data /srv/seatkeep" in text
    assert "User=seatkeep" in text
    assert "WantedBy=multi-user.target" in text


def test_installing_twice_changes_nothing(tmp_path: Path) -> None:
    units = Units(Path("/srv/seatkeep"))
    before = [path.read_text() for path in service_install(units, tmp_path)]
    assert [path.read_text() for path in service_install(units, tmp_path)] == before


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    paths = service_install(Units(Path("/srv/seatkeep")), tmp_path)
    done = subprocess.run(["systemd-analyze", "verify", *map(str, paths)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "seatkeep" in line]
