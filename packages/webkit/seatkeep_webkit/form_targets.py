"""Where a form may end: `form-action` of the content security policy.

Chrome judges the whole chain of redirects after a form, so a sign-in that goes on at another site needs that site here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from django.db import DatabaseError
from django.utils.module_loading import import_string

FRESH_SECONDS = 5.0
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+")


class FormTargets:
    """The origins, some fixed by settings, some read by a function of the project.

    Args:
        fixed: Origins of the settings.
        source: Dotted name of a function that returns addresses; empty for none.
        clock: Seconds that only rise.
    """

    def __init__(self, fixed: Sequence[str], source: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fixed, self._source, self._clock = fixed, source, clock
        self._text = self._joined(())
        self._asked_at: float | None = None

    def text(self) -> str:
        """The value of `form-action`, at most five seconds old; the last one while the database is away."""
        if self._source and (self._asked_at is None or self._clock() - self._asked_at >= FRESH_SECONDS):
            self._asked_at = self._clock()
            try:
                self._text = self._joined(import_string(self._source)())
            except DatabaseError:
                return self._text
        return self._text

    def _joined(self, more: Iterable[str]) -> str:
        return " ".join(dict.fromkeys(["'self'", *self._fixed, *filter(None, map(origin_of, more))]))


def origin_of(address: str) -> str:
    """Scheme, host and port of an address; empty when it has none, or signs that would end the directive."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return origin if _ORIGIN.fullmatch(origin) else ""
