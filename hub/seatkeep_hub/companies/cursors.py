"""The place of a reader in the sync feed. No Django models here: the fast path reads cursors, too."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass

from seatkeep_hub.companies.errors import FeedCursorInvalidError

CHANNEL = "feed"
"""NOTIFY channel that wakes the long poll of `fast`."""


@dataclass(frozen=True)
class FeedCursor:
    """A place in one feed as seen from one scope.

    Attributes:
        feed: Which feed; changes when the hub is restored.
        scope: Company whose subtree the reader may see.
        xid: Transaction of the last entry read.
        id: Number of the last entry read.
    """

    feed: uuid.UUID
    scope: uuid.UUID
    xid: int
    id: int

    def __str__(self) -> str:
        raw = f"{self.feed.hex}.{self.scope.hex}.{self.xid}.{self.id}"
        return base64.urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()

    @classmethod
    def parse(cls, text: str) -> FeedCursor:
        """Read a cursor.

        Raises:
            FeedCursorInvalidError: It is not one of ours.
        """
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
            feed, scope, xid, number = raw.split(".")
            cursor = cls(uuid.UUID(feed), uuid.UUID(scope), int(xid), int(number))
        except ValueError as error:
            raise FeedCursorInvalidError from error
        if not (0 <= cursor.xid < 2**63 and 0 <= cursor.id < 2**63):
            raise FeedCursorInvalidError
        return cursor
