"""The link of a manager to a hub with 50,000 companies: the first synchronization, and one change.

A stack of its own: the hub is filled by the data maker of `bench-hub` and serves its real feed, signed calls included.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from seatkeep_bench.errors import BenchError
from seatkeep_bench.hub.ring import Ring
from seatkeep_bench.hub.sizes import Region
from seatkeep_bench.hub.stack import OWNER, HubStack
from seatkeep_bench.hub.world import Division, World, now_utc
from seatkeep_bench.provision import PROGRAMS, StackProcess, stack_environment
from seatkeep_bench.results import Better, Row, row
from seatkeep_bench.sheet import Tell
from seatkeep_bench.stats import percentile

LINK_SECONDS = 120
SYNC_SECONDS = 600
POLL_SECONDS = 0.05


class Link:
    """A linked manager beside its hub."""

    def __init__(self, hub: World, database: str, region: Region) -> None:
        """Take the hub's data maker and the manager's database."""
        self._hub, self._region = hub, region
        self._manager: psycopg.Connection[tuple[object, ...]] = psycopg.connect(database, autocommit=True)

    def close(self) -> None:
        """Disconnect."""
        self._manager.close()

    def first_sync(self) -> Row:
        """A full read of everything, as a person asks for it, until the last group stands in the tree."""
        floor = self._floor()
        run = self._newest()
        self._manager.execute("UPDATE hublink_hublink SET sync_requested_at = now(), full_requested = true")
        state, seconds, done = self._ended(run)
        if state != "DONE":
            raise BenchError(f"The synchronization ended as {state}.")
        companies = self._count("SELECT count(*) FROM hublink_mirroredcompany WHERE group_id IS NOT NULL")
        if companies < self._region.companies or done < self._region.companies:
            raise BenchError(f"{companies} of {self._region.companies} companies have a group.")
        return row("first_sync", value=seconds, unit="s", better=Better.LOWER, goal=60, floor=floor)

    def sync_delta(self, division: Division, rounds: int) -> Row:
        """From a company's new name, committed in the hub, until the console has it."""
        times, floors = [], []
        for number in range(rounds):
            name = f"Renamed {number} {secrets.token_hex(4)}"
            begun = time.monotonic()
            self._hub.connection.execute(_RENAMED, {"name": name, "parent": division.id})
            floors.append(time.monotonic() - begun)
            while not self._count("SELECT count(*) FROM hublink_mirroredcompany WHERE name = %s", name):
                if time.monotonic() - begun > LINK_SECONDS:
                    raise BenchError("A new name did not come.")
                time.sleep(POLL_SECONDS / 10)
            times.append(time.monotonic() - begun)
        value = percentile(times, 0.95)
        return row(
            "sync_delta", value=value, unit="s", better=Better.LOWER, goal=1, floor=percentile(floors, 0.95),
            p50=percentile(times, 0.50),
        )  # fmt: skip

    def linked(self) -> None:
        """Wait until the manager has linked itself and read its hub for the first time.

        Raises:
            BenchError: It does not within two minutes.
        """
        deadline = time.monotonic() + LINK_SECONDS
        while not self._count("SELECT count(*) FROM hublink_syncrun WHERE state = 'DONE'"):
            if time.monotonic() > deadline:
                raise BenchError("The manager does not link itself.")
            time.sleep(POLL_SECONDS)

    def _ended(self, after: int) -> tuple[str, float, int]:
        """State, seconds and items of the first full read that begins after a run, once it has ended."""
        query = (
            "SELECT state, extract(epoch FROM finished_at - started_at), done FROM hublink_syncrun"
            " WHERE id > %s AND kind = 'FULL' AND finished_at IS NOT NULL ORDER BY id LIMIT 1"
        )
        deadline = time.monotonic() + SYNC_SECONDS
        while (found := self._manager.execute(query, [after]).fetchone()) is None:
            if time.monotonic() > deadline:
                raise BenchError(f"The synchronization did not end within {SYNC_SECONDS} s.")
            time.sleep(POLL_SECONDS)
        return str(found[0]), float(str(found[1])), int(str(found[2]))

    def _newest(self) -> int:
        return self._count("SELECT coalesce(max(id), 0) FROM hublink_syncrun")

    def _count(self, query: str, *parameters: object) -> int:
        found = self._manager.execute(query, parameters).fetchone()
        return int(str(found[0])) if found else 0

    def _floor(self) -> float:
        """As many rows of a company and of a group written by two statements. Seconds."""
        self._manager.execute("DROP TABLE IF EXISTS bench_floor_company, bench_floor_group")
        self._manager.execute("CREATE TABLE bench_floor_company (LIKE hublink_mirroredcompany INCLUDING INDEXES)")
        self._manager.execute("CREATE TABLE bench_floor_group (LIKE directory_staticgroup INCLUDING INDEXES)")
        begun = time.monotonic()
        for statement in _FLOOR:
            self._manager.execute(statement, {"count": self._region.companies})
        seconds = time.monotonic() - begun
        self._manager.execute("DROP TABLE bench_floor_company, bench_floor_group")
        return seconds


_RENAMED = """
WITH renamed AS (
    UPDATE companies_company SET name = %(name)s, updated_at = now()
    WHERE id = (SELECT min(id) FROM companies_company WHERE parent_id = %(parent)s) RETURNING uid, path
)
INSERT INTO companies_feedentry (kind, uid, path, is_deleted, at)
SELECT 'company', uid, path, false, now() FROM renamed RETURNING pg_notify('feed', '')
"""
"""As the hub does it, with the word that wakes who waits for changes."""
_FLOOR = (
    "INSERT INTO bench_floor_group (id, uid, parent_id, path, kind, name, is_locked, hub_id, company_hub_id,"
    " created_at) SELECT n, gen_random_uuid(), 1, ARRAY[1, 2, n], 'MIRROR', 'Company ' || n, true, gen_random_uuid(),"
    " gen_random_uuid(), now() FROM generate_series(1, %(count)s::int) AS n",
    "INSERT INTO bench_floor_company (id, uid, hub_id, kind, name, custom_identifier, tags, hub_state, state, group_id,"
    " seen_run, changed_at) SELECT n, gen_random_uuid(), gen_random_uuid(), 'CUSTOMER', 'Company ' || n, '', '{}',"
    " 'ACTIVE', 'NOT_SET_UP', n, 1, now() FROM generate_series(1, %(count)s::int) AS n",
)


@contextmanager
def linked_stack(folder: Path, region: Region, tell: Tell) -> Iterator[tuple[Link, Division]]:
    """Start an empty stack whose manager links itself, then fill its hub.

    The launcher's own link is for one MSP; what it linked becomes a distributor before MSPs are put below it.

    Raises:
        BenchError: It does not start, or the manager does not link itself.
    """
    process = StackProcess(folder)
    try:
        tell("starting a stack for the link")
        process.start()
        environment = stack_environment(process.data, PROGRAMS)
        hub = HubStack(environment, secrets.token_urlsafe(18))
        words = ("--email", OWNER, "--company", "Bench Distribution", "--mode", "one-msp")
        hub.command("setup", *words, SEATKEEP_SETUP_PASSWORD=hub.password)
        ring = Ring.load(Path(environment["SEATKEEP_KEYRING"]))
        with closing(World(hub.database, ring, now_utc())) as world:
            link = Link(world, environment["SEATKEEP_MANAGER_DATABASE_URL"], region)
            with closing(link):
                link.linked()
                world.connection.execute("UPDATE companies_company SET kind = 'DISTRIBUTOR' WHERE kind = 'MSP'")
                begun = time.monotonic()
                division = world.region("Bench", region)
                tell(f"made {region} in {time.monotonic() - begun:.1f} s")
                yield link, division
    finally:
        process.stop()
