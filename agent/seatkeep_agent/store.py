"""The agent's memory."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from seatkeep_machine.store import FactStore

from seatkeep_agent.errors import SpoolFullError


class Store(FactStore):
    """Facts plus the tables of `schema.sql`; a full disk is a `SpoolFullError`.

    Args:
        path: The database file; made 0600 when missing.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, (files("seatkeep_agent") / "schema.sql").read_text(), SpoolFullError)
