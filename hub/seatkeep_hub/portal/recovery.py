"""The recovery kit: everything without which a backup cannot be read."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string

from seatkeep_hub.portal.errors import RecoveryKitError
from seatkeep_hub.portal.models import FirstRun

RECOVERY_FOLDER = "recovery"
"""Folder below SEATKEEP_DATA whose files go into the kit, such as the launcher's operator and root keys."""


def recovery_kit_build(*, run: FirstRun, now: datetime) -> bytes:
    """Pack the key ring and what the launcher laid beside it into a ZIP file.

    Args:
        run: The first run, for the names on the cover sheet.
        now: Current time, aware UTC.

    Raises:
        RecoveryKitError: The key ring cannot be read.
    """
    files = {path.name: path for path in _extra_files()}
    files["keyring"] = Path(os.environ["SEATKEEP_KEYRING"])
    context = {"run": run, "now": now, "names": sorted(files)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("READ-ME-FIRST.txt", render_to_string("portal/setup/recovery_kit.txt", context))
        for name, path in sorted(files.items()):
            archive.writestr(name, _read(path))
    return packed.getvalue()


def _extra_files() -> list[Path]:
    if settings.DATA_FOLDER is None:
        return []
    folder = Path(settings.DATA_FOLDER) / RECOVERY_FOLDER
    return sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecoveryKitError from error
