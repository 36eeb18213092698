"""Nothing is lost, nothing is done twice, and a full disk is survived."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from seatkeep_agent.errors import SpoolFullError
from seatkeep_agent.journal import Journal
from seatkeep_agent.spool import Spool
from seatkeep_agent.store import Store
from seatkeep_protocol.documents import DocumentTask
from seatkeep_protocol.messages import Heartbeat, TaskRunEvent
from seatkeep_protocol.tasks import TaskKind
from seatkeep_protocol.vocabulary import TaskRunState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DEVICE = "ab" * 16
HEARTBEAT = Heartbeat(agent_version="1", started_at_us=1, interval_seconds=30)


def event() -> TaskRunEvent:
    return TaskRunEvent(run=uuid.uuid4(), task=uuid.uuid4(), state=TaskRunState.FINISHED, at_us=1)


def task() -> DocumentTask:
    return DocumentTask(
        run=uuid.uuid4(), task=uuid.uuid4(), kind=TaskKind.SCAN, params={}, issued_at_us=1, expires_at_us=2
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "agent.db")
    yield made
    made.close()


@pytest.fixture
def spool(store: Store, tmp_path: Path) -> Spool:
    return Spool(store, tmp_path / "reserve", DEVICE)


def fill_disk(store: Store, monkeypatch: pytest.MonkeyPatch, reserve: Path, *, is_reserve_helping: bool = True) -> None:
    """Writes fail as on a full disk, until the reserve is gone."""
    real = store.transaction

    @contextmanager
    def transaction() -> Iterator[sqlite3.Connection]:
        if reserve.exists() or not is_reserve_helping:
            raise SpoolFullError("database or disk is full")
        with real() as connection:
            yield connection

    monkeypatch.setattr(store, "transaction", transaction)


def test_telemetry_replaces_its_predecessor_that_was_not_sent(spool: Spool) -> None:
    spool.put(HEARTBEAT, now=NOW)
    spool.put(HEARTBEAT, now=NOW)
    assert [message.seq for message in spool.waiting(10)] == [2]


def test_events_are_each_kept_in_order(spool: Spool) -> None:
    for _ in range(3):
        spool.put(event(), now=NOW)
    assert [message.seq for message in spool.waiting(10)] == [1, 2, 3]


def test_numbers_never_come_again_after_everything_was_sent(spool: Spool) -> None:
    spool.put(event(), now=NOW)
    spool.acknowledge([1])
    spool.put(event(), now=NOW)
    assert spool.waiting(10)[0].seq == 2


def test_a_full_disk_refuses_telemetry_but_keeps_an_event(
    spool: Spool, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.put(HEARTBEAT, now=NOW)
    fill_disk(store, monkeypatch, tmp_path / "reserve")
    with pytest.raises(SpoolFullError):
        spool.put(HEARTBEAT, now=NOW)
    spool.put(event(), now=NOW)
    assert spool.waiting(10)[-1].kind == "run"


def test_a_completely_full_disk_is_an_error_and_no_crash(
    spool: Spool, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(store, monkeypatch, tmp_path / "reserve", is_reserve_helping=False)
    with pytest.raises(SpoolFullError):
        spool.put(event(), now=NOW)


def test_sqlite_out_of_pages_is_told_as_a_full_disk_and_heals(store: Store) -> None:
    pages = store.rows("PRAGMA page_count")[0][0]
    store.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SpoolFullError):
        store.fact_set("big", b"x" * 200_000)
    store.rows("PRAGMA max_page_count = 1000000")
    store.fact_set("big", b"x" * 200_000)
    assert len(store.fact("big", bytes) or b"") == 200_000


def test_a_run_is_received_once_however_often_its_document_comes(store: Store) -> None:
    journal, wanted = Journal(store), task()
    assert [journal.receive(wanted, now=NOW), journal.receive(wanted, now=NOW)] == [True, False]


def test_a_run_begun_before_a_kill_never_begins_again(store: Store, tmp_path: Path) -> None:
    journal, wanted = Journal(store), task()
    journal.receive(wanted, now=NOW)
    journal.begin(wanted.run, now=NOW)
    after_kill = Journal(Store(tmp_path / "agent.db"))
    assert after_kill.begin(wanted.run, now=NOW) is False


def test_a_state_not_told_before_a_kill_is_told_after_it(store: Store, tmp_path: Path) -> None:
    journal, wanted = Journal(store), task()
    journal.receive(wanted, now=NOW)
    after_kill = Journal(Store(tmp_path / "agent.db"))
    assert after_kill.untold() == [wanted.run]


def test_a_final_state_is_final(store: Store) -> None:
    journal, wanted = Journal(store), task()
    journal.receive(wanted, now=NOW)
    outcomes: list[Any] = [
        journal.finish(wanted.run, state, now=NOW) for state in (TaskRunState.EXPIRED, TaskRunState.FINISHED)
    ]
    assert outcomes == [True, False]
