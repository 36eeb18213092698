"""Floors of the hub's benches: what PostgreSQL alone takes for the same rows, in the same run."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import date

from seatkeep_bench.floors import SEAT_BATCH
from seatkeep_bench.hub.world import Connection, Division

_SCOPED = """
SELECT json_build_object('id', c.uid, 'name', c.name, 'kind', c.kind, 'state', c.status, 'tags', c.tags)::text
FROM companies_company c WHERE c.path @> ARRAY[%(scope)s::bigint]
UNION ALL
SELECT json_build_object('id', l.uid, 'public_id', l.public_id, 'quantity', l.quantity, 'owner', owner.uid)::text
FROM licensing_license l JOIN companies_company owner ON owner.id = l.owner_id
WHERE owner.path @> ARRAY[%(scope)s::bigint]
UNION ALL
SELECT json_build_object('id', n.uid, 'used', n.used, 'company', c.uid, 'mode', a.mode, 'quantity', a.quantity)::text
FROM licensing_poolnode n JOIN companies_company c ON c.id = n.company_id
JOIN agreements_agreement a ON a.node_id = n.id
WHERE c.path @> ARRAY[%(scope)s::bigint]
"""
_MONTH = """
SELECT node_id, sum(ordered), sum(agreed), sum(device_days), max(peak), count(*)
FROM agreements_usageday u JOIN companies_company seller ON seller.id = u.seller_id
WHERE seller.uid = %s AND u.day BETWEEN %s AND %s GROUP BY node_id
"""


def read_scope_seconds(connection: Connection, division: Division) -> float:
    """Everything that a full read of the feed tells, rendered by PostgreSQL in one statement."""
    begun = time.perf_counter()
    connection.execute(_SCOPED, {"scope": division.id}).fetchall()
    return time.perf_counter() - begun


def change_seconds(connection: Connection, times: int) -> list[float]:
    """One row committed and read back, each time."""
    connection.execute("DROP TABLE IF EXISTS bench_floor_change")
    connection.execute("CREATE TABLE bench_floor_change (id bigserial PRIMARY KEY, uid uuid NOT NULL)")
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        connection.execute("INSERT INTO bench_floor_change (uid) VALUES (%s)", [uuid.uuid4()])
        connection.execute("SELECT * FROM bench_floor_change ORDER BY id DESC LIMIT 1").fetchone()
        found.append(time.perf_counter() - begun)
    connection.execute("DROP TABLE bench_floor_change")
    return found


def copy_day_seconds(connection: Connection, day: date) -> float:
    """A counted day's rows written once more into a table without an index or a check."""
    connection.execute("DROP TABLE IF EXISTS bench_floor_day")
    connection.execute("CREATE TABLE bench_floor_day (LIKE agreements_usageday)")
    begun = time.perf_counter()
    connection.execute("INSERT INTO bench_floor_day SELECT * FROM agreements_usageday WHERE day = %s", [day])
    seconds = time.perf_counter() - begun
    connection.execute("DROP TABLE bench_floor_day")
    return seconds


def sum_month_seconds(connection: Connection, seller: uuid.UUID, first: date, last: date) -> float:
    """A month's days of one seller added up by share, unpriced, nothing written."""
    begun = time.perf_counter()
    connection.execute(_MONTH, [seller, first, last]).fetchall()
    return time.perf_counter() - begun


def search_seconds(connection: Connection, grams: Sequence[Sequence[str]]) -> list[float]:
    """The index alone: at most 20 companies that hold all these parts of words, in no order."""
    found = []
    for several in grams:
        begun = time.perf_counter()
        connection.execute(
            "SELECT id, name FROM companies_company WHERE search @> %s::varchar[] LIMIT 20", [list(several)]
        ).fetchall()
        found.append(time.perf_counter() - begun)
    return found


def seat_updates_per_second(connection: Connection, count: int) -> float:
    """Raw renewals: rows of a seat-shaped table updated by id, 64 in one transaction."""
    connection.execute("DROP TABLE IF EXISTS bench_floor_renewal")
    connection.execute("CREATE TABLE bench_floor_renewal (id int PRIMARY KEY, seq bigint NOT NULL, at timestamptz)")
    connection.execute("INSERT INTO bench_floor_renewal SELECT n, 1, now() FROM generate_series(1, %s) AS n", [count])
    begun = time.perf_counter()
    for start in range(0, count, SEAT_BATCH):
        connection.execute(
            "UPDATE bench_floor_renewal SET seq = seq + 1, at = now() WHERE id > %s AND id <= %s",
            [start, start + SEAT_BATCH],
        )
    seconds = time.perf_counter() - begun
    connection.execute("DROP TABLE bench_floor_renewal")
    return count / seconds
