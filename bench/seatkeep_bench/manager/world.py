"""The data maker: fills a manager's database by set-based SQL, as the manager itself would have left it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import psycopg

from seatkeep_bench.manager.sizes import ManagerSizes
from seatkeep_bench.provision import CUSTOMER

_PART = "\n----\n"


class World:
    """A manager's database under construction."""

    def __init__(self, database: str) -> None:
        """Connect."""
        self.connection: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(database, autocommit=True)
        self.now = datetime.now(UTC)

    def close(self) -> None:
        """Disconnect."""
        self.connection.close()

    def known(self, count: int) -> None:
        """Give the bench's own customer so many more devices, which nobody hears of."""
        self.connection.execute(
            "CREATE TEMP TABLE bench_place AS SELECT group_id, hub_id AS company, 1 AS first, %s::int AS last"
            " FROM hublink_mirroredcompany WHERE name = %s",
            [count, CUSTOMER],
        )
        self._run("known")
        self.connection.execute("DROP TABLE bench_place")
        self.connection.execute("VACUUM (ANALYZE) directory_device")

    def everything(self, sizes: ManagerSizes) -> None:
        """Customers, their devices, and what months leave in logs."""
        words = {"customers": sizes.customers, "devices": sizes.devices, "rows": sizes.log_rows, "own": CUSTOMER}
        self._run("customers", **words)
        self._run("known", **words)
        self.connection.execute("ANALYZE directory_device")
        self._run("logs", **words)
        self.connection.execute("VACUUM (ANALYZE)")  # Else autovacuum does it beside the pages.

    def one(self, query: str, *parameters: object) -> uuid.UUID:
        """The uid that a query gives.

        Raises:
            LookupError: It gives none.
        """
        row = self.connection.execute(query, parameters or None).fetchone()
        if row is None:
            raise LookupError(query)
        return uuid.UUID(str(row[0]))

    def _run(self, name: str, **parameters: object) -> None:
        text = (files("seatkeep_bench.manager") / "sql" / f"{name}.sql").read_text()
        for statement in text.split(_PART):
            self.connection.execute(statement, {"now": self.now, **parameters})
