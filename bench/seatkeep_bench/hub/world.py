"""The data maker: fills a hub's database by set-based SQL, as the hub itself would have left it.

Ledgers, counters, journal and feed agree with each other; `faults` says where they do not. Nobody else may write
meanwhile.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from seatkeep_license.keys import SigningKey

from seatkeep_bench.hub.ring import Ring, license_key_new
from seatkeep_bench.hub.sizes import Region

Connection = psycopg.Connection[tuple[Any, ...]]
_PART = "\n----\n"


@dataclass(frozen=True)
class Division:
    """A grouping company that holds one region.

    Attributes:
        id: Of its row.
        uid: Its id outside.
    """

    id: int
    uid: uuid.UUID


@dataclass(frozen=True)
class Share:
    """Where a ticket may take a seat: a license and a customer that agreed to it."""

    public_id: str
    company: uuid.UUID


class World:
    """A hub's database under construction."""

    def __init__(self, database: str, ring: Ring, now: datetime) -> None:
        """Connect.

        Args:
            database: URL of the hub's database, set up with one distributor.
            ring: For licenses whose keys are known.
            now: Current time, aware UTC; companies begin three weeks before.
        """
        self.connection: Connection = psycopg.connect(database, autocommit=True)
        self._ring = ring
        self.now = now
        self.day = now.date() - timedelta(days=1)
        self.since = now - timedelta(days=21)

    def close(self) -> None:
        """Disconnect."""
        self.connection.close()

    def region(self, name: str, size: Region) -> Division:
        """Make a division below the distributor, with a region in it."""
        division = self._division(name)
        with self.connection.transaction():
            self._run(
                "region",
                msps=size.msps,
                customers=size.customers,
                licenses=size.licenses,
                above=division.id,
                since=self.since,
                day=self.day,
                sealed=self._ring.seal(license_key_new()),
            )
        self.connection.execute("VACUUM (ANALYZE)")  # Else autovacuum does it beside the next rows.
        return division

    def month(self, division: Division, first: date) -> uuid.UUID:
        """Count every day of a month for the only MSP of a division, and price it; returns the MSP's uid."""
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        seller, uid = self._one("SELECT id, uid FROM companies_company WHERE parent_id = %s", [division.id])
        self.connection.execute("SELECT usage_day_partition_ensure(%s)", [first])
        with self.connection.transaction():
            self._run("month", seller=seller, first=first, last=last, now=self.now)
        self.connection.execute("ANALYZE agreements_usageday, billing_pricelist, billing_price")
        return uuid.UUID(str(uid))

    def keys(self, division: Division, count: int) -> list[str]:
        """Give licenses of a division keys that are known, one of each MSP first."""
        rows = self.connection.execute(
            "SELECT l.id FROM licensing_license l JOIN companies_company c ON c.id = l.owner_id"
            " WHERE c.path @> ARRAY[%s::bigint] ORDER BY l.id %% 4, l.id LIMIT %s",
            [division.id, count],
        ).fetchall()
        made = {row[0]: license_key_new() for row in rows}
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE licensing_license SET key_lookup = %s, key_encrypted = %s WHERE id = %s",
                [(self._ring.lookup(key), self._ring.seal(key), pk) for pk, key in made.items()],
            )
        return list(made.values())

    def limit(self, key: str, seats: int) -> None:
        """Let a license refuse every workstation beyond so many more than it has."""
        lookup = self._ring.lookup(key)
        self.connection.execute(
            "UPDATE licensing_poolnode n SET limit_wanted = used + outstanding + %s,"
            " hard_limit = used + outstanding + %s FROM licensing_license l, licensing_product p"
            " WHERE l.id = n.license_id AND l.key_lookup = %s"
            " AND n.kind = 'ROOT' AND p.id = n.product_id AND p.code = 'endpoint-workstation'",
            [seats, seats, lookup],
        )
        self.connection.execute("UPDATE licensing_license SET overuse = 'BLOCK' WHERE key_lookup = %s", [lookup])

    def unlimit(self, key: str) -> None:
        """Let a license of `limit` give more seats than it has again."""
        lookup = self._ring.lookup(key)
        self.connection.execute(
            "UPDATE licensing_license SET overuse = 'ALLOW_AND_ALERT' WHERE key_lookup = %s", [lookup]
        )
        self.connection.execute(
            "UPDATE licensing_poolnode n SET limit_wanted = NULL, hard_limit = NULL FROM licensing_license l"
            " WHERE l.id = n.license_id AND l.key_lookup = %s AND n.kind = 'ROOT'",
            [lookup],
        )

    def shares(self, division: Division, count: int) -> list[Share]:
        """Customers' shares of a division, at most one of each license."""
        rows = self.connection.execute(
            "SELECT DISTINCT ON (n.license_id) l.public_id, c.uid FROM licensing_poolnode n"
            " JOIN licensing_license l ON l.id = n.license_id JOIN companies_company c ON c.id = n.company_id"
            " WHERE n.kind = 'CUSTOMER' AND c.path @> ARRAY[%s::bigint] ORDER BY n.license_id, n.id LIMIT %s",
            [division.id, count],
        )
        return [Share(public_id, uid) for public_id, uid in rows]

    def instance(self, company: int, key: SigningKey) -> uuid.UUID:
        """Link a manager of a company by its key; returns the instance's uid."""
        uid = uuid.uuid4()
        verify = key.verify_key
        self.connection.execute(
            "INSERT INTO instances_instance (uid, company_id, name, public_key, key_thumbprint, created_by_portal,"
            " host, console_url, is_revoked, created_at) VALUES (%s, %s, 'Bench', %s, %s, 'MSP', '', 'https://bench.example',"
            " false, %s)",
            [uid, company, verify.raw, verify.kid, self.now],
        )
        return uid

    def ids(self, query: str, *parameters: object) -> list[Any]:
        """The first column of a query's rows."""
        return [row[0] for row in self.connection.execute(query, parameters)]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self._one(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))[0])

    def faults(self) -> list[str]:
        """Where counters, seats, journal and paths do not agree; empty when all is in order."""
        checks = (files("seatkeep_bench.hub") / "sql" / "faults.sql").read_text()
        return [str(row[0]) for row in self.connection.execute(checks)]

    def _division(self, name: str) -> Division:
        row = self._one(
            "INSERT INTO companies_company (uid, kind, name, parent_id, path, status, email, custom_identifier, tags,"
            " description, vat_id, country, time_zone, is_trusted, created_at, updated_at, status_changed_at, search)"
            " SELECT gen_random_uuid(), 'DIVISION', %s, id, path, 'ACTIVE', '', '', '{}', '', '', '', 'UTC', true,"
            " %s, %s, %s, '{}' FROM companies_company WHERE kind = 'DISTRIBUTOR' RETURNING id, uid",
            [name, *[self.since] * 3],
        )
        self.connection.execute("UPDATE companies_company SET path = path || id WHERE id = %s", [row[0]])
        return Division(int(row[0]), uuid.UUID(str(row[1])))

    def _run(self, name: str, **parameters: object) -> None:
        text = (files("seatkeep_bench.hub") / "sql" / f"{name}.sql").read_text()
        for statement in text.split(_PART):
            self.connection.execute(statement, parameters)

    def _one(self, query: Any, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        row = self.connection.execute(query, parameters).fetchone()
        if row is None:
            raise LookupError(str(query))
        return row


def now_utc() -> datetime:
    """Current time, aware UTC."""
    return datetime.now(UTC)
