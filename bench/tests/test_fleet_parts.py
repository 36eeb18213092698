"""Who simulated devices are, what they remember, what they report."""

from __future__ import annotations

import json
import math
import uuid
from pathlib import Path

import pytest
from bench_cast import ALICE, ANSWER
from seatkeep_bench.chores import chore_reports, is_runnable
from seatkeep_bench.errors import BenchError
from seatkeep_bench.identity import Identity, Persona, persona_of
from seatkeep_bench.memory import Memory, Remembered
from seatkeep_bench.results import Better, row, table, write
from seatkeep_bench.stack import Stack
from seatkeep_bench.stats import Stats, percentile
from seatkeep_protocol.documents import DocumentTask
from seatkeep_protocol.fingerprint import is_same_machine
from seatkeep_protocol.messages import message_encode
from seatkeep_protocol.tasks import TaskKind
from seatkeep_protocol.vocabulary import DeviceKind, TaskRunState

SALT = "https://console.example.com"
UID = uuid.UUID(int=1)


def task(kind: TaskKind) -> DocumentTask:
    return DocumentTask(run=UID, task=UID, kind=kind, params={}, issued_at_us=1, expires_at_us=10)


def test_same_seed_gives_the_same_device() -> None:
    again = Identity("test", 7, Persona.WORKSTATION)

    assert again.agent_key.kid == ALICE.agent_key.kid
    assert again.nkey_public == ALICE.nkey_public
    assert again.inventory(SALT) == ALICE.inventory(SALT)


def test_other_number_is_another_machine() -> None:
    bob = Identity("test", 8, Persona.WORKSTATION)

    assert bob.hostname != ALICE.hostname
    assert not is_same_machine(ALICE.fingerprint(SALT), bob.fingerprint(SALT))


def test_inventory_is_one_that_the_console_takes() -> None:
    raw = message_encode(ALICE.inventory(SALT), device="4" * 32, spool=UID, seq=1, at_us=1, message_id=UID)

    assert len(raw) < 64 * 1024
    assert Identity("test", 1, Persona.SERVER).inventory(SALT).kind is DeviceKind.SERVER


def test_share_of_servers_is_about_what_was_asked() -> None:
    servers = sum(persona_of("test", number, 0.1) is Persona.SERVER for number in range(2_000))

    assert 150 < servers < 250


def test_device_remembers_between_runs(tmp_path: Path) -> None:
    first = Memory(tmp_path)
    first.keep(7, Remembered(spool=UID, seq=3, answer=ANSWER, applied={"keys": 5}))
    first.close()

    second = Memory(tmp_path)

    assert second.recall(7) == Remembered(spool=UID, seq=3, answer=ANSWER, applied={"keys": 5})
    assert second.recall(8).answer is None
    second.close()


def test_folder_of_another_fleet_is_refused(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.fact("seed", "one")
    with pytest.raises(BenchError, match="seed"):
        memory.fact("seed", "two")
    memory.close()


def test_scan_runs_and_finishes() -> None:
    states = [report.state for report in chore_reports(task(TaskKind.SCAN), has_seat=True, at_us=1)]

    assert states == [TaskRunState.RUNNING, TaskRunState.FINISHED]


@pytest.mark.parametrize("kind", [TaskKind.RUN_COMMAND, TaskKind.QUARANTINE_DELETE, TaskKind.ACTIVATE])
def test_what_a_simulated_device_cannot_do_fails_and_says_why(kind: TaskKind) -> None:
    (report,) = chore_reports(task(kind), has_seat=False, at_us=1)

    assert report.state is TaskRunState.FAILED
    assert report.detail


def test_expired_task_is_not_begun() -> None:
    assert is_runnable(task(TaskKind.SCAN), now_us=9)
    assert not is_runnable(task(TaskKind.SCAN), now_us=10)


def test_percentiles_by_nearest_rank() -> None:
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([5.0], 0.5) == 5.0
    assert math.isnan(percentile([], 0.5))


def test_stats_count_and_forget() -> None:
    stats = Stats()
    stats.took("sent", 1.0)
    stats.took("sent", 3.0)
    assert (stats.counts["sent"], stats.p99("sent"), stats.line()) == (2, 3.0, "sent 2")

    stats.forget_durations("sent")

    assert math.isnan(stats.p50("sent"))


def test_rows_are_written_as_other_programs_read_them(tmp_path: Path) -> None:
    rows = [
        row("activation", value=2_000, unit="/s", better=Better.HIGHER, goal=4_000, floor=10_000, p50=0.01, p99=0.02),
        row("policy_p99", value=0.5, unit="s", better=Better.LOWER, goal=2, floor=0.25),
    ]
    write(rows, tmp_path / "bench" / "smoke.json")

    written = json.loads((tmp_path / "bench" / "smoke.json").read_text())
    assert written[0] == {
        "name": "activation",
        "value": 2_000,
        "unit": "/s",
        "better": "higher",
        "goal": 4_000,
        "floor": 10_000,
        "ratio": 0.2,
        "p50": 0.01,
        "p99": 0.02,
        "growth": None,
        "failure": "",
    }
    assert (rows[0].is_met, rows[1].is_met) == (False, True)
    assert "below goal" in table(rows)


def test_missing_settings_are_all_named() -> None:
    with pytest.raises(BenchError, match=r"SEATKEEP_BENCH_KEY.*SEATKEEP_NATS_URL"):
        Stack.from_environment({"SEATKEEP_CONSOLE_DEVICE_URL": "https://console.example.com"})
