"""`seatkeep up` on a PostgreSQL and a NATS that somebody else runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from seatkeep_launcher.broker import Broker
from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.postgres import Postgres
from seatkeep_launcher.supervisor import read_reports

from .conftest import stack_make
from .prepared import Prepared, Simulation, prepare, simulation
from .waiting import wait_until

pytestmark = [
    pytest.mark.services,
    pytest.mark.timeout(300),
    # nats-py's WebSocket way: an old argument of aiohttp, and a session that it leaves to the collector.
    pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:[Uu]nclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*ClientSession:pytest.PytestUnraisableExceptionWarning"),
]


@contextmanager
def postgres_of_your_own(folder: Path, *, epoch: int = 0) -> Iterator[Postgres]:
    """A PostgreSQL of its own; its transaction ids begin at `epoch` times 2^32."""
    for parent in [folder, *folder.parents][:-2]:
        parent.chmod(parent.stat().st_mode | 0o011)  # Its user is not root, and must pass.
    server = Postgres(folder / "postgres", find_free_port(), is_durable=False)
    server.initialize()
    if epoch:
        server._run("pg_resetwal", "--epoch", str(epoch), "-D", str(server.data))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server that has counted far."""
    with postgres_of_your_own(tmp_path_factory.mktemp("far"), epoch=1000) as server:
        yield server


@pytest.fixture(scope="module")
def fresh_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server that begins to count."""
    with postgres_of_your_own(tmp_path_factory.mktemp("fresh")) as server:
        yield server


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A NATS server with the two accounts of an instance."""
    folder = tmp_path_factory.mktemp("nats")
    server = Broker(folder, find_free_port(), websocket_port=find_free_port(), monitor_port=find_free_port())
    server.start(now=datetime.now(UTC))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def prepared(postgres: Postgres, broker: Broker) -> Iterator[Prepared]:
    """A stack on both, past its first run."""
    stack = stack_make(
        SEATKEEP_DATABASE_URL=f"{postgres.url()}?sslmode=prefer",
        SEATKEEP_NATS_URL=broker.url,
        SEATKEEP_NATS_MANAGER_CREDS=str(broker.manager_creds),
        SEATKEEP_NATS_EDGE_SIGNING_SEED=str(broker.edge_signing_seed),
        SEATKEEP_NATS_EDGE_ACCOUNT=broker.edge_account,
        SEATKEEP_NATS_WEBSOCKET=f"127.0.0.1:{broker.websocket_port}",
    )
    try:
        stack.up()
        one = prepare(stack)
        yield one
        one.browser.close()
    finally:
        stack.down()
        shutil.rmtree(stack.data, ignore_errors=True)


@pytest.fixture(scope="module")
def fleet(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """One simulated computer that lives through all tests."""
    with simulation(prepared.plan(tmp_path_factory.mktemp("fleet"), 1)) as one:
        one.start(1)
        yield one


def exclusions(fleet: Simulation) -> object:
    """What the computer was last told to leave alone."""
    return fleet.devices[0].settings().get("scan.exclusions")


def test_a_computer_is_licensed_and_obeys_without_embedded_services(prepared: Prepared, fleet: Simulation) -> None:
    names = {report.name for report in read_reports(prepared.stack.data / "run/state.json")}
    assert not names & {"postgres", "nats"}

    wait_until("its seat", lambda: fleet.devices[0].has_seat, 30)
    prepared.policy_change("/external")
    wait_until("its obedience", lambda: exclusions(fleet) == ["/external"], 20)


def test_backup_and_doctor_work_on_a_postgresql_of_your_own(prepared: Prepared, tmp_path: Path) -> None:
    prepared.stack.seatkeep("backup", str(tmp_path / "one.backup"))

    assert (tmp_path / "one.backup").stat().st_size > 10_000
    assert re.search(r"versions +good +PostgreSQL \d\d", prepared.stack.seatkeep("doctor"))


def test_a_restore_into_a_postgresql_that_counts_lower_overlooks_no_change(
    prepared: Prepared, fleet: Simulation, postgres: Postgres, fresh_postgres: Postgres, tmp_path: Path
) -> None:
    kit = prepared.kit_download(tmp_path)
    prepared.stack.seatkeep("backup", str(tmp_path / "far.backup"))
    assert transaction(fresh_postgres) < 2**32 < transaction(postgres)

    prepared.stack.more["SEATKEEP_DATABASE_URL"] = fresh_postgres.url()
    prepared.wipe_and_restore(tmp_path / "far.backup", kit)

    prepared.policy_change("/after")
    wait_until("its obedience", lambda: exclusions(fleet) == ["/after"], 60)
    licensing = f"{prepared.stack.licensing}/api/v1/companies"
    customer = next(one for one in prepared.browser.api("GET", licensing)["items"] if one["kind"] == "CUSTOMER")
    prepared.browser.api("PATCH", f"{licensing}/{customer['id']}", {"name": "Renamed"})
    wait_until("the new name", lambda: "Renamed" in str(prepared.rows("/customers/")), 30)


def transaction(server: Postgres) -> int:
    """The id of a transaction of now."""
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert row is not None
    return int(row[0])
