"""One process that keeps the others running: start order, health, restart with backoff, logs, clean stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

import psutil

from seatkeep_launcher.files import write_whole
from seatkeep_launcher.logs import log_rotate
from seatkeep_launcher.plan import Service

TICK_SECONDS = 0.2
HEALTH_EVERY_SECONDS = 10.0
UNWELL_LIMIT = 3
"""So many bad answers in a row restart a process that was well before."""
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A process that ran so long begins again with the first delay."""
STOP_SECONDS = 15.0


class SupervisorError(Exception):
    """A process could not be started or did not become well in time."""


class State(Enum):
    """What a supervised process is doing."""

    STARTING = "starting"
    RUNNING = "running"
    UNWELL = "unwell"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Report:
    """One line of `seatkeep status`, also in `run/state.json`.

    Attributes:
        since_us: Unix microseconds of the last change of state.
        last_exit: Exit code of the last run; negative = a signal; None = none ended yet.
        created: When the process began, as the system counts it; tells it from another with the same pid.
    """

    name: str
    state: str
    pid: int | None
    since_us: int
    restarts: int
    last_exit: int | None
    created: float | None


def restart_delay(failures: int) -> float:
    """Seconds to wait before the start after `failures` quick ends: 0.5, 1, 2 … 30."""
    return float(min(FIRST_DELAY_SECONDS * 2 ** max(failures - 1, 0), LONGEST_DELAY_SECONDS))


class Supervised:
    """One service and its present process."""

    def __init__(self, service: Service, log: Path) -> None:
        self.service = service
        self.log = log
        self.state = State.STOPPED
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.last_exit: int | None = None
        self._failures = 0
        self._unwell = 0
        self._started_at = 0.0
        self._start_at = 0.0
        self._since_us = 0
        self._created: float | None = None

    def start(self) -> None:
        """Start the process.

        Raises:
            SupervisorError: The program cannot be run at all.
        """
        user = self.service.user
        log_rotate(self.log)
        with self.log.open("ab") as output:
            try:
                self.process = subprocess.Popen(
                    self.service.command, env=dict(self.service.environment), stdin=subprocess.DEVNULL, stdout=output,
                    stderr=subprocess.STDOUT, cwd="/", start_new_session=True, user=user,
                    group="nogroup" if user else None, extra_groups=[] if user else None,
                )  # fmt: skip
            except OSError as error:
                raise SupervisorError(f"{self.service.name} cannot be started: {error}") from error
        self._created = _created(self.process.pid)
        self._started_at = time.monotonic()
        self._unwell = 0
        self._enter(State.STARTING)

    def wait_until_well(self, should_stop: Callable[[], bool]) -> None:
        """Wait until the process is well.

        Raises:
            SupervisorError: It ended, or was not well within its start time; the message carries its last lines.
        """
        while not should_stop():
            self.refuse_dead()
            if self.service.is_well():
                return self._enter(State.RUNNING)
            if time.monotonic() - self._started_at > self.service.start_seconds:
                raise SupervisorError(f"{self.service.name} is not well: {last_lines(self.log)}")
            time.sleep(0.1)
        return None

    def refuse_dead(self) -> None:
        """Make sure that the process lives.

        Raises:
            SupervisorError: It ended; the message carries its last lines.
        """
        if self.process is None or self.process.poll() is not None:
            raise SupervisorError(f"{self.service.name} ended at once: {last_lines(self.log)}")

    def tick(self) -> bool:
        """Notice an end, and start again when the delay is over. Returns whether something changed."""
        if self.process is not None and self.process.poll() is not None:
            self._ended(self.process.returncode)
            return True
        if self.state is State.WAITING and time.monotonic() >= self._start_at:
            self.restarts += 1
            self.start()
            return True
        return False

    def check(self) -> bool:
        """Ask the process how it is; three bad answers end it, so that it starts anew. Returns whether it changed."""
        before = self.state
        if self.process is None or self.process.poll() is not None:
            return False
        if self.service.is_well():
            self._unwell = 0
            self._become(State.RUNNING)
        elif self.state is not State.STARTING or self._is_late():
            self._unwell += 1
            self._become(State.UNWELL)
        if self._unwell >= UNWELL_LIMIT:
            self.process.kill()
        return self.state is not before

    def ask_to_stop(self) -> None:
        """Send the stop signal."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.service.stop_signal)

    def finish(self, timeout_seconds: float) -> None:
        """Wait for the end; after the time, kill the process and its children."""
        if self.process is None:
            return
        try:
            self.last_exit = self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.last_exit = self.process.wait()
        group_end(self.process.pid)
        self.process = None
        self._enter(State.STOPPED)

    def report(self) -> Report:
        """What `seatkeep status` shows."""
        pid = self.process.pid if self.process else None
        return Report(
            self.service.name, self.state.value, pid, self._since_us, self.restarts, self.last_exit, self._created
        )

    def _ended(self, code: int) -> None:
        was_steady = time.monotonic() - self._started_at > STEADY_SECONDS
        self._failures = 1 if was_steady else self._failures + 1
        self._start_at = time.monotonic() + restart_delay(self._failures)
        if self.process is not None:
            group_end(self.process.pid)
        self.last_exit, self.process = code, None
        self._enter(State.WAITING)

    def _is_late(self) -> bool:
        return time.monotonic() - self._started_at > self.service.start_seconds

    def _become(self, state: State) -> None:
        if self.state is not state:
            self._enter(state)

    def _enter(self, state: State) -> None:
        self.state = state
        self._since_us = int(datetime.now(UTC).timestamp() * 1_000_000)


class Supervisor:
    """All supervised processes of one installation.

    Args:
        logs: Folder with one file per process.
        state_file: Written at each change, for `seatkeep status` and for the clean-up after a crash.
    """

    def __init__(self, logs: Path, state_file: Path) -> None:
        self._logs = logs
        self._state_file = state_file
        self._all: dict[str, Supervised] = {}
        self._stop = threading.Event()

    @property
    def is_stopping(self) -> bool:
        """Whether someone asked for the end."""
        return self._stop.is_set()

    def request_stop(self, *_: object) -> None:
        """Ask for a clean stop; fit for a signal handler."""
        self._stop.set()

    def start(self, services: Iterable[Service]) -> None:
        """Start services together and wait until all are well.

        Raises:
            SupervisorError: One could not be started.
        """
        started = [self._add(service) for service in services]
        for one in started:
            one.start()
            self._write_state()
        for one in started:
            one.wait_until_well(lambda: self.is_stopping)
        for one in started:
            one.refuse_dead()  # A process that nobody can ask may have ended while others became well.
        self._write_state()

    def run(self, every_tick: Callable[[], None] = lambda: None, *, often: Callable[[], None] = lambda: None) -> None:
        """Keep all running until `request_stop`; call `every_tick` about every ten seconds, `often` five a second."""
        next_check = time.monotonic() + HEALTH_EVERY_SECONDS
        while not self._stop.wait(TICK_SECONDS):
            often()
            changed = [one.tick() for one in self._all.values()]
            if time.monotonic() >= next_check:
                changed += self._check_all()
                every_tick()
                next_check = time.monotonic() + HEALTH_EVERY_SECONDS
            if any(changed):
                self._write_state()

    def stop(self) -> None:
        """Stop all, the last started first, PostgreSQL and the broker after their users."""
        order = list(self._all.values())[::-1]
        infrastructure = [one for one in order if one.service.name in {"postgres", "nats"}]
        programs = [one for one in order if one not in infrastructure]
        for group in (programs, infrastructure):
            for one in group:
                one.ask_to_stop()
            deadline = time.monotonic() + STOP_SECONDS
            for one in group:
                one.finish(max(deadline - time.monotonic(), 0.1))
        self._state_file.unlink(missing_ok=True)

    def signal(self, name: str, which: signal.Signals) -> None:
        """Send a signal to one service, when it runs."""
        one = self._all.get(name)
        if one is not None and one.process is not None:
            one.process.send_signal(which)

    def reports(self) -> list[Report]:
        """How all are, in start order."""
        return [one.report() for one in self._all.values()]

    def _add(self, service: Service) -> Supervised:
        one = Supervised(service, self._logs / f"{service.name}.log")
        self._all[service.name] = one
        return one

    def _check_all(self) -> list[bool]:
        for one in self._all.values():
            log_rotate(one.log)
        return [one.check() for one in self._all.values()]

    def _write_state(self) -> None:
        content = {
            "pid": os.getpid(),
            "created": _created(os.getpid()),
            "services": [asdict(r) for r in self.reports()],
        }
        write_whole(self._state_file, json.dumps(content, indent=1), mode=0o600)


def read_reports(state_file: Path) -> list[Report]:
    """What the running supervisor last wrote; empty when none runs."""
    try:
        content = json.loads(state_file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return []
    return [Report(**service) for service in content["services"]]


def end_leftovers(state_file: Path, *, timeout_seconds: float = STOP_SECONDS) -> list[str]:
    """End processes that a killed supervisor left behind; returns their names. Their pid and begin must both fit."""
    left = [(report.name, _same_process(report)) for report in read_reports(state_file)]
    found = [(name, process) for name, process in left if process is not None]
    for name, process in found:
        process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
    _, alive = psutil.wait_procs([process for _, process in found], timeout=timeout_seconds)
    for process in alive:
        process.kill()
    for _, process in found:
        group_end(process.pid)
    state_file.unlink(missing_ok=True)
    return [name for name, _ in found]


def group_end(pid: int) -> None:
    """Kill what a process that ended left of its group: a web server's orphaned workers go on and hold its port."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def last_lines(log: Path, count: int = 8) -> str:
    """The end of a log, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else "it wrote nothing"


def _same_process(report: Report) -> psutil.Process | None:
    if report.pid is None or _created(report.pid) != report.created:
        return None
    return psutil.Process(report.pid)


def _created(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None
