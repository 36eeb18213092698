"""The supervisor with small real processes."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
from seatkeep_launcher.logs import log_rotate
from seatkeep_launcher.plan import Service
from seatkeep_launcher.supervisor import (
    Report,
    Supervisor,
    SupervisorError,
    end_leftovers,
    read_reports,
    restart_delay,
)

FOREVER = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, tmp_path / "state.json")
    yield made
    made.request_stop()
    made.stop()


@pytest.fixture
def keep_running(supervisor: Supervisor) -> Iterator[Callable[[], None]]:
    """Run the loop in a thread, as the launcher does in its main one."""
    thread = threading.Thread(target=supervisor.run)
    yield thread.start
    supervisor.request_stop()
    if thread.ident is not None:
        thread.join()


def _wait(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_killed_process_is_started_again(supervisor: Supervisor, keep_running: Callable[[], None]) -> None:
    supervisor.start([Service("sleeper", FOREVER)])
    keep_running()
    first = supervisor.reports()[0].pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    _wait(lambda: supervisor.reports()[0].pid not in {first, None})
    report = supervisor.reports()[0]
    assert (report.restarts, report.last_exit) == (1, -signal.SIGKILL)


def test_workers_of_a_killed_process_end_with_it(
    supervisor: Supervisor, keep_running: Callable[[], None], tmp_path: Path
) -> None:
    born = tmp_path / "worker.pid"
    supervisor.start([Service("web", ["sh", "-c", f"sleep 600 & echo $! > {born}; wait"])])
    _wait(lambda: born.exists() and born.read_text() != "")
    worker, main = psutil.Process(int(born.read_text())), supervisor.reports()[0].pid
    assert main is not None
    keep_running()
    os.kill(main, signal.SIGKILL)
    _wait(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (100, 30.0)])
def test_each_quick_end_waits_longer_up_to_half_a_minute(failures: int, seconds: float) -> None:
    assert restart_delay(failures) == seconds


def test_process_that_ends_at_once_is_told_with_its_last_words(supervisor: Supervisor) -> None:
    broken = Service("broken", [sys.executable, "-c", "raise SystemExit('no such license')"], is_well=lambda: False)
    with pytest.raises(SupervisorError, match="broken ended at once: no such license"):
        supervisor.start([broken])


def test_program_that_does_not_exist_is_told(supervisor: Supervisor) -> None:
    with pytest.raises(SupervisorError, match="ghost cannot be started"):
        supervisor.start([Service("ghost", ["/no/such/program"])])


def test_process_that_never_becomes_well_is_told(supervisor: Supervisor) -> None:
    with pytest.raises(SupervisorError, match="sleeper is not well"):
        supervisor.start([Service("sleeper", FOREVER, is_well=lambda: False, start_seconds=0.3)])


def test_stop_ends_programs_before_what_they_use(supervisor: Supervisor, tmp_path: Path) -> None:
    script = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(tmp_path / 'order')!r}, 'a').write(sys.argv[1] + ' ')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('ready', flush=True); time.sleep(600)\n"
    )

    def made(name: str) -> Service:
        log = tmp_path / f"{name}.log"
        return Service(name, [sys.executable, "-c", script, name], is_well=lambda: "ready" in log.read_text())

    supervisor.start([made("postgres"), made("hub-web")])
    supervisor.stop()
    assert (tmp_path / "order").read_text().split() == ["hub-web", "postgres"]


def test_three_bad_answers_restart_a_process(
    supervisor: Supervisor, keep_running: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatkeep_launcher.supervisor.HEALTH_EVERY_SECONDS", 0.1)
    answers = iter([True, False, False, False])
    supervisor.start([Service("sleeper", FOREVER, is_well=lambda: next(answers, True))])
    keep_running()
    _wait(lambda: supervisor.reports()[0].restarts == 1)


def test_leftovers_of_a_killed_supervisor_are_ended(tmp_path: Path) -> None:
    crashed = Supervisor(tmp_path, tmp_path / "state.json")
    crashed.start([Service("sleeper", FOREVER)])
    pid = read_reports(tmp_path / "state.json")[0].pid
    assert pid is not None
    assert end_leftovers(tmp_path / "state.json") == ["sleeper"]
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    crashed.stop()


def test_reused_pid_of_a_stranger_is_left_alone(tmp_path: Path) -> None:
    stranger = Report("nats", "running", os.getpid(), since_us=0, restarts=0, last_exit=None, created=1.0)
    (tmp_path / "state.json").write_text(json.dumps({"services": [asdict(stranger)]}))
    assert end_leftovers(tmp_path / "state.json") == []


def test_log_over_its_limit_is_kept_thrice(tmp_path: Path) -> None:
    log = tmp_path / "hub-web.log"
    for content in ("one", "two", "three", "four"):
        log.write_text(content)
        log_rotate(log, limit_bytes=2)
    kept = [(tmp_path / f"hub-web.log.{number}").read_text() for number in (1, 2, 3)]
    assert (log.read_text(), kept) == ("", ["four", "three", "two"])
