"""The operator's font for papers: named, or where Debian's package `fonts-droid-fallback` puts it."""

from __future__ import annotations

import os
from pathlib import Path

from seatkeep_webkit.env import SettingError, env_path

USUAL = Path("/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf")
TRUE_TYPE = b"\x00\x01\x00\x00"


def font_path(name: str) -> Path | None:
    """The font in the environment, else the usual one if it is there, else None.

    Raises:
        SettingError: What is named is no TrueType file (`.ttf`; a collection or OpenType with CFF outlines is none).
    """
    if not os.environ.get(name):
        return USUAL if USUAL.is_file() else None
    path = env_path(name)
    try:
        with path.open("rb") as opened:
            is_font = opened.read(4) == TRUE_TYPE
    except OSError:
        is_font = False
    if not is_font:
        raise SettingError(name, "must be a TrueType font (.ttf) that can be read")
    return path
