"""The endpoint's memory."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from seatkeep_machine.store import FactStore, fact_write

from seatkeep_endpoint.errors import DiskFullError

__all__ = ["Store", "fact_write"]


class Store(FactStore):
    """Facts plus the tables of `schema.sql`; a full disk is a `DiskFullError`.

    Args:
        path: The database file; made 0600 when missing.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, (files("seatkeep_endpoint") / "schema.sql").read_text(), DiskFullError)
