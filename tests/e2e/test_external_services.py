"""`seatkeep up` on a PostgreSQL and a NATS that somebody else runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from seatkeep_launcher.broker import Broker
from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.postgres import Postgres
from seatkeep_launcher.supervisor import read_reports

from .conftest import stack_make
from .prepared import Prepared, prepare, simulation, wait_until

pytestmark = [
    pytest.mark.services,
    pytest.mark.timeout(300),
    # nats-py's WebSocket way: an old argument of aiohttp, and a session that it leaves to the collector.
    pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:[Uu]nclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*ClientSession:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL of its own."""
    folder = Path(tmp_path_factory.getbasetemp())
    for parent in [folder, *folder.parents][:-2]:
        parent.chmod(parent.stat().st_mode | 0o011)  # Its user is not root, and must pass.
    server = Postgres(folder / "postgres", find_free_port(), is_durable=False)
    server.start()
    yield server
    server.stop()


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


def test_a_computer_is_licensed_and_obeys_without_embedded_services(prepared: Prepared, tmp_path: Path) -> None:
    names = {report.name for report in read_reports(prepared.stack.data / "run/state.json")}
    assert not names & {"postgres", "nats"}

    with simulation(prepared.plan(tmp_path / "fleet", 1)) as fleet:
        fleet.start(1)
        (device,) = fleet.devices
        wait_until("its seat", lambda: device.has_seat, 30)
        prepared.policy_change("/external")
        wait_until("its obedience", lambda: device.settings().get("scan.exclusions") == ["/external"], 20)


def test_backup_and_doctor_work_on_a_postgresql_of_your_own(prepared: Prepared, tmp_path: Path) -> None:
    prepared.stack.seatkeep("backup", str(tmp_path / "one.backup"))

    assert (tmp_path / "one.backup").stat().st_size > 10_000
    assert re.search(r"versions +good +PostgreSQL \d\d", prepared.stack.seatkeep("doctor"))
