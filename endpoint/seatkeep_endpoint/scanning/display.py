"""Paths as people may see them."""

from __future__ import annotations

import os


def display_path(path: str | bytes) -> str:
    """A path as text that any reader survives: bytes that are no UTF-8 become `\\xNN`, control characters too."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)
