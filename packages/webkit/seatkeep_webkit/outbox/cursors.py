"""The place of a reader in a table with (xid, id)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seatkeep_webkit.errors import InvalidError

_FORM = re.compile(r"([0-9]{1,19})-([0-9]{1,18})")


@dataclass(frozen=True, order=True, slots=True)
class OutboxCursor:
    """Everything at or before (xid, id) has been read."""

    xid: int
    id: int

    @classmethod
    def start(cls) -> OutboxCursor:
        """Return the place before the first row."""
        return cls(xid=0, id=0)

    @classmethod
    def parse(cls, text: str) -> OutboxCursor:
        """Read what `str(cursor)` wrote.

        Raises:
            InvalidError: Code `cursor_invalid`: it is no such text.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise InvalidError("The cursor is not one of ours.", code="cursor_invalid")
        return cls(xid=int(match[1]), id=int(match[2]))

    def __str__(self) -> str:
        return f"{self.xid}-{self.id}"
