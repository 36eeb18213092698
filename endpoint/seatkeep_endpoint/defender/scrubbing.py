"""Takes out of a report what is nobody else's business: paths, and the names of people, computers and domains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_PATH = re.compile(r"(?:[A-Za-z]:|\\\\[^\\\s]+)\\[^\"'|<>\r\n]*")
_PLAIN = re.compile(r"/Date\(-?\d+\)/|[\d.:\-TZ+ ]{1,40}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# Texts of these properties say something of Defender and nothing of anybody.
OPEN = frozenset({"AMRunningMode", "ThreatName", "TamperProtectionSource"})
PRIVATE = frozenset({
    "ComputerID", "DetectionID", "PSComputerName", "ExclusionIpAddress", "ProxyServer", "ProxyBypass", "ProxyPacUrl",
})  # fmt: skip
MIN_NAME = 3
MAX_TEXT = 400


class Scrubber:
    """Knows what must not be told.

    Args:
        names: Names of this computer, its user and their domain.
    """

    def __init__(self, names: Iterable[str]) -> None:
        known = sorted({name for name in names if len(name) >= MIN_NAME}, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, known)), re.IGNORECASE) if known else None

    def words(self, text: str) -> str:
        """A text without paths and names, at most 400 characters."""
        text = _PATH.sub("<path>", text)
        return (self._names.sub("<name>", text) if self._names else text)[:MAX_TEXT]

    def properties(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """An object's properties: numbers, switches, dates and versions as they are, other texts by their length."""
        return {name: self._value(name, value) for name, value in sorted(raw.items()) if name not in PRIVATE}

    def _value(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, list):
            return [self._value(name, item) for item in value[:50]]
        if isinstance(value, Mapping):
            return {inner: self._value(inner, item) for inner, item in value.items()}
        text = str(value)
        if name in OPEN or _PLAIN.fullmatch(text):
            return self.words(text)
        return f"<text of {len(text)}>"
