"""Errors of pywin32 as Python's own."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

from collections.abc import Iterator
from contextlib import contextmanager

import pywintypes


@contextmanager
def as_os_error(name: object = None) -> Iterator[None]:
    """Turn `pywintypes.error`, which is no `OSError`, into the `OSError` that fits its number.

    Args:
        name: The file or object that it is about.
    """
    try:
        yield
    except pywintypes.error as error:
        raise OSError(0, error.strerror, str(name) if name else None, error.winerror) from error
