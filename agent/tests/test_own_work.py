"""What the agent does by itself: commands, power with notice, packages, logs."""

from __future__ import annotations

import hashlib
import io
import os
import ssl
import sys
import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from seatkeep_agent import software
from seatkeep_agent.commands import OUTPUT_LIMIT_BYTES, Output, command_run
from seatkeep_agent.errors import LocalFailureError, WorkFailedError
from seatkeep_agent.logs import logs_collect
from seatkeep_agent.paths import Layout
from seatkeep_agent.power import PowerKeeper
from seatkeep_agent.software import software_install, software_remove
from seatkeep_agent.store import Store
from seatkeep_machine.errors import SoftwareError
from seatkeep_machine.software import Outcome, outcome
from seatkeep_protocol.tasks import (
    Interpreter,
    PackageFormat,
    PowerParams,
    RunCommandParams,
    SoftwareInstallParams,
    SoftwareUninstallParams,
)
from seatkeep_protocol.uploads import FILE_LIMIT_BYTES
from seatkeep_protocol.vocabulary import TaskRunState

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for sh")
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
PACKAGE = b"a package"


# Commands


async def run(folder: Path, **params: Any) -> dict[str, Any]:
    return await command_run(RunCommandParams(**params), folder=folder, tell=lambda out: None)


@on_posix
async def test_a_script_runs_and_its_file_is_gone(tmp_path: Path) -> None:
    done = await run(tmp_path, script='echo "in $0"; echo oops >&2')
    assert (done["exit_code"], done["is_cut"]) == (0, False)
    assert done["output"].startswith("in ")
    assert "oops" in done["output"]
    assert os.listdir(tmp_path) == []


@on_posix
async def test_a_program_gets_its_arguments_as_they_are(tmp_path: Path) -> None:
    assert (await run(tmp_path, argv=["printf", "%s|", "$HOME", "a b"]))["output"] == "$HOME|a b|"


@on_posix
async def test_a_bad_end_fails_with_what_was_said(tmp_path: Path) -> None:
    with pytest.raises(WorkFailedError, match="3") as failed:
        await run(tmp_path, script="echo why; exit 3")
    assert (failed.value.result["exit_code"], failed.value.result["output"]) == (3, "why\n")


@on_posix
async def test_what_does_not_end_is_killed_with_all_it_started(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/child; setsid sleep 600 & echo $! > {tmp_path}/grandchild; wait"
    with pytest.raises(WorkFailedError, match="did not end"):
        await run(tmp_path, script=script, timeout_seconds=1)
    for name in ("child", "grandchild"):
        pid = int((tmp_path / name).read_text())
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_what_is_not_there_fails(tmp_path: Path) -> None:
    with pytest.raises(LocalFailureError, match="there-is-none"):
        await run(tmp_path, argv=["there-is-none"])


@on_posix
async def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalFailureError, match="no cmd on"):
        await run(tmp_path, script="ver", interpreter=Interpreter.CMD)


def test_of_too_much_output_the_beginning_and_the_end_are_kept() -> None:
    output = Output()
    output.add(b"first")
    for _ in range(100):
        output.add(b"\xff" * 4096)
    output.add(b"last\0")
    text = output.text()
    assert output.is_cut
    assert text.startswith("first")
    assert len(text.encode()) <= OUTPUT_LIMIT_BYTES
    assert "\0" not in text


# Restart and shutdown


class FakePeople:
    """Notes what it is told and asked."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.switched: list[tuple[str, int]] = []
        self.is_allowed = True

    def message_user(self, text: str) -> bool:
        self.said.append(text)
        return True

    def offer_later(self, text: str, answer: Path, minutes: int) -> None:
        self.said.append(text)

    def restart(self, delay_minutes: int) -> None:
        if not self.is_allowed:
            raise LocalFailureError("only root")
        self.switched.append(("restart", delay_minutes))

    def shut_down(self, delay_minutes: int) -> None:
        self.switched.append(("off", delay_minutes))


class PowerScene:
    """A keeper with its memory; `restart` is a new process on the same disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.people = folder, START, FakePeople()
        self.ended: list[tuple[TaskRunState, dict[str, Any]]] = []
        self.run = uuid.UUID(int=1)
        self.restart()

    def restart(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        self.store = Store(self.folder / "agent.db")
        self.keeper = PowerKeeper(
            store=self.store, people=self.people, board=self.folder / "notice", clock=lambda: self.now,  # type: ignore[arg-type]
            finish=lambda run, state, detail, result: self.ended.append((state, result)),
        )  # fmt: skip

    async def later(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        await self.keeper.look()

    def say_not_now(self) -> None:
        (self.folder / "notice" / "not-now").write_text("later\n")


@pytest.fixture
def power(tmp_path: Path) -> Iterator[PowerScene]:
    made = PowerScene(tmp_path)
    yield made
    made.store.close()


async def test_people_put_it_off_as_often_as_they_may(power: PowerScene) -> None:
    params = PowerParams(text="Updates", delay_minutes=5, defers=1, defer_minutes=30)
    assert await power.keeper.order(power.run, "RESTART", params) is None
    assert power.keeper.goes_on(power.run)
    assert "1 more times" in power.people.said[0]

    power.say_not_now()
    await power.later(4)
    await power.later(29)
    assert len(power.people.said) == 1
    power.restart()
    await power.later(1)
    assert "restarts in 5 minutes" in power.people.said[1]
    power.say_not_now()  # No more: it is not listened to.
    await power.later(5)
    assert power.people.switched == [("restart", 0)]
    assert power.ended == [(TaskRunState.FINISHED, {"deferred": 1})]
    assert not power.keeper.goes_on(power.run)


async def test_nobody_answers_and_it_happens_in_time(power: PowerScene) -> None:
    await power.keeper.order(power.run, "SHUTDOWN", PowerParams(delay_minutes=5, defers=3))
    await power.later(4)
    assert power.people.switched == []
    await power.later(1)
    await power.later(1)
    assert power.people.switched == [("off", 0)]


async def test_what_the_machine_refuses_in_the_end_fails(power: PowerScene) -> None:
    await power.keeper.order(power.run, "RESTART", PowerParams(delay_minutes=5, defers=1))
    with pytest.raises(LocalFailureError, match="another"):
        await power.keeper.order(uuid.UUID(int=2), "SHUTDOWN", PowerParams())
    power.people.is_allowed = False
    await power.later(5)
    assert power.ended == [(TaskRunState.FAILED, {"deferred": 0})]


# Packages


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=PACKAGE))
    client = httpx.AsyncClient
    monkeypatch.setattr(
        software.httpx, "AsyncClient", lambda **options: client(transport=transport, follow_redirects=True)
    )


async def install(folder: Path, sha256: str, ran: list[list[str]]) -> dict[str, Any]:
    def note(command: list[str]) -> Outcome:
        ran.append([*command, Path(command[-1]).read_bytes().decode()])
        return Outcome(0, "done")

    params = SoftwareInstallParams(name="x", format=PackageFormat.DEB, url="https://x.example/x.deb", sha256=sha256)
    context = ssl.create_default_context()
    return await software_install(params, folder=folder, tls=context, tell=lambda out: None, run=note)


@on_posix
@pytest.mark.usefixtures("web")
async def test_a_package_is_installed_when_it_is_the_one_that_was_ordered(tmp_path: Path) -> None:
    ran: list[list[str]] = []
    done = await install(tmp_path, hashlib.sha256(PACKAGE).hexdigest(), ran)
    assert done == {"exit_code": 0, "output": "done", "needs_restart": False}
    assert ran[0][-1] == PACKAGE.decode()
    with pytest.raises(LocalFailureError, match="not the one"):
        await install(tmp_path, "0" * 64, ran)
    assert len(ran) == 1
    assert os.listdir(tmp_path) == []


async def test_the_package_managers_no_is_told(tmp_path: Path) -> None:
    def refuse(command: list[str]) -> Outcome:
        raise SoftwareError("dpkg ended with 2: locked", code=2, output="locked")

    with pytest.raises((WorkFailedError, SoftwareError), match="locked") as failed:
        await software_remove(SoftwareUninstallParams(format=PackageFormat.DEB, package="x"), run=refuse)
    assert getattr(failed.value, "result", {"exit_code": 2})["exit_code"] == 2


@pytest.mark.parametrize(
    ("program", "code", "needs_restart"),
    [
        ("dpkg", 0, False), ("msiexec.exe", 3010, True), ("msiexec.exe", 1605, False), ("dpkg", 3010, None),
        ("rpm", 1, None),
    ],
)  # fmt: skip
def test_exit_codes_mean_what_their_makers_say(program: str, code: int, needs_restart: bool | None) -> None:
    if needs_restart is None:
        with pytest.raises(SoftwareError):
            outcome([program], code, "no")
    else:
        assert outcome([program], code, "").needs_restart is needs_restart


# Logs


def test_logs_fit_into_their_archive(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.prepare()
    layout.log_file.write_bytes(b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(300_000)))
    packed = logs_collect(layout, {"service.log": b"started", "empty.log": b""})
    assert len(packed) <= FILE_LIMIT_BYTES
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.read("service.log") == b"started"
        assert layout.log_file.read_bytes().endswith(archive.read("agent.log"))
        assert "empty.log" not in archive.namelist()
        assert "agent-keys.json" not in archive.namelist()
