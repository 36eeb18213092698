"""The installer's steps, on a machine that only notes what it is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from seatkeep_agent.config import Config, Pending, config_load
from seatkeep_agent.identity import Identity, identity_save
from seatkeep_agent.joining import PENDING
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms import platform
from seatkeep_agent.store import Store
from seatkeep_msi.errors import StepError, UninstallCodeError
from seatkeep_msi.machine import Program
from seatkeep_msi.settings import Settings
from seatkeep_msi.steps import bytecode_clear, check, configure, is_ours, leave, purge, undo
from seatkeep_msi.waiting import ended

GIVEN = Settings(server="https://console.example.com", key="a-key", group="Office", proxy="http://proxy:3128")

DEVICE = Identity(
    device="d" * 32, company="c" * 32, instance="1" * 32, root_key={}, min_version=1, jwt="", console=[GIVEN.server],
    licensing=[], nats=[],
)  # fmt: skip


class NotedMachine:
    """Remembers.

    Attributes:
        kept: The settings.
        named: The programs that the registry names: now, and before.
        pointed: The folder whose program the service starts.
        running: The one that runs.
        broken: A folder whose program does not start.
    """

    def __init__(self) -> None:
        self.kept = Settings()
        self.named: dict[bool, Program | None] = {False: None, True: None}
        self.pointed: Path | None = None
        self.running: Path | None = None
        self.broken: Path | None = None

    def settings_kept(self) -> Settings:
        return self.kept

    def settings_keep(self, settings: Settings) -> None:
        self.kept = settings

    def settings_forget(self) -> None:
        self.kept = Settings()

    def program_named(self, *, is_former: bool = False) -> Program | None:
        return self.named[is_former]

    def program_follow(self, former: Program | None) -> None:
        self.named[True] = former

    def program_name(self, program: Program) -> None:
        self.named[False] = program

    def program_forget(self) -> None:
        self.named = {False: None, True: None}

    def service_folder(self) -> Path | None:
        return self.pointed

    def service_point(self, folder: Path, root: Path) -> None:
        assert self.running is None, "a running service would go on with the old program"
        self.pointed = folder

    def service_start(self) -> None:
        if self.pointed == self.broken:
            raise StepError("the service does not start")
        self.running = self.pointed

    def service_stop(self) -> None:
        self.running = None

    def service_remove(self) -> None:
        assert self.running is None
        self.pointed = None

    def event(self, text: str, *, is_error: bool) -> None:
        raise AssertionError(text)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "Seatkeep")


@pytest.fixture
def older(tmp_path: Path) -> Program:
    return program_made(tmp_path, "1.0.0", "agent")


@pytest.fixture
def newer(tmp_path: Path) -> Program:
    return program_made(tmp_path, "1.0.1", "endpoint")


def program_made(above: Path, version: str, edition: str) -> Program:
    """The files of a version, as far as the steps look at them."""
    folder = above / "Programs" / version
    folder.mkdir(parents=True)
    for name in ("agent", "endpoint") if edition == "endpoint" else ("agent",):
        (folder / f"seatkeep-{name}.cmd").touch()
    return Program(folder, version, edition)


def commands(program: Program) -> dict[str, str]:
    """The commands for people, and where they lead."""
    return {path.name: path.read_text().split("\\")[0] for path in program.folder.parent.glob("*.cmd")}


def test_an_upgrade_without_settings_keeps_them(layout: Layout, older: Program, newer: Program) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, older)

    configure(layout, machine, Settings(), newer)

    assert config_load(layout) == Config(console=GIVEN.server, has_endpoint=True, proxy=GIVEN.proxy)
    assert (machine.kept.group, machine.kept.proxy) == ("Office", GIVEN.proxy)
    assert pending(layout) == Pending("a-key", group="Office")


def test_an_upgrade_hands_the_service_over_and_the_older_program_leaves_it_alone(
    layout: Layout, older: Program, newer: Program
) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, older)
    assert commands(older) == {"seatkeep-agent.cmd": '@"%~dp01.0.0'}

    configure(layout, machine, Settings(uninstallcode="code"), newer)
    assert not is_ours(machine, older.folder)
    purge(layout, machine, older.folder, keeps_data=False)

    assert (machine.running, machine.named[False]) == (newer.folder, newer)
    assert commands(newer) == dict.fromkeys(("seatkeep-agent.cmd", "seatkeep-endpoint.cmd"), '@"%~dp01.0.1')
    assert config_load(layout) is not None


def test_an_upgrade_that_does_not_start_gives_the_service_back(layout: Layout, older: Program, newer: Program) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, older)
    machine.broken = newer.folder

    with pytest.raises(StepError, match="does not start"):
        configure(layout, machine, Settings(), newer)
    undo(layout, machine, newer.folder)  # As Windows Installer asks for it besides.

    assert (machine.running, machine.named[False]) == (older.folder, older)
    assert commands(older) == {"seatkeep-agent.cmd": '@"%~dp01.0.0'}


def test_a_refused_upgrade_undoes_nothing_of_the_one_before(layout: Layout, older: Program, newer: Program) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, older)
    configure(layout, machine, Settings(), newer)

    undo(layout, machine, older.folder.with_name("1.0.2"))

    assert (machine.running, machine.named[False]) == (newer.folder, newer)


def test_a_proxy_is_forgotten_by_that_word(layout: Layout, older: Program) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, older)

    configure(layout, machine, Settings(proxy="none"), older)

    assert config_load(layout) == Config(console=GIVEN.server, has_endpoint=False)
    assert machine.kept.proxy == ""


def pending(layout: Layout) -> Pending | None:
    """What waits to be used at the next start."""
    store = Store(layout.database)
    try:
        return store.fact(PENDING, Pending)
    finally:
        store.close()


@pytest.mark.parametrize("given", [Settings(), Settings(server=GIVEN.server), Settings(key="a-key")])
def test_a_first_installation_needs_console_and_key(layout: Layout, older: Program, given: Settings) -> None:
    machine = NotedMachine()
    with pytest.raises(StepError, match="SERVER and KEY"):
        configure(layout, machine, given, older)

    assert machine.kept == Settings()
    assert machine.pointed is None
    assert config_load(layout) is None


def test_a_wrong_uninstall_code_changes_nothing(layout: Layout, newer: Program) -> None:
    machine = NotedMachine()
    configure(layout, machine, Settings(GIVEN.server, "a-key", uninstallcode="code"), newer)

    for step in (
        lambda: check(layout, "guess"),
        lambda: leave(layout, platform(), machine, "guess", is_coming_back=True),
    ):
        with pytest.raises(UninstallCodeError):
            step()
    assert config_load(layout) is not None
    assert machine.running == newer.folder


def test_whoever_cannot_read_the_code_is_judged_later(layout: Layout) -> None:
    layout.prepare()
    (layout.root / "var" / "uninstall-code.json").write_text("spoiled")

    check(layout, "")
    with pytest.raises(StepError):
        leave(layout, platform(), NotedMachine(), "", is_coming_back=True)


def test_nothing_stays_after_purge(layout: Layout, newer: Program) -> None:
    """Without waiting for an endpoint that has never had a seat."""
    machine = NotedMachine()
    configure(layout, machine, GIVEN, newer)
    assert leave(layout, platform(), machine, "", is_coming_back=False)

    purge(layout, machine, newer.folder, keeps_data=False)

    assert not layout.root.exists()
    assert (machine.kept, machine.pointed, machine.named[False]) == (Settings(), None, None)
    assert commands(newer) == {}


def test_data_stay_where_they_are_to_be_kept(layout: Layout, older: Program) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, older)

    purge(layout, machine, older.folder, keeps_data=True)

    assert machine.pointed is None
    assert config_load(layout) == Config(console=GIVEN.server, has_endpoint=False, proxy=GIVEN.proxy)
    assert machine.kept.server == GIVEN.server


@pytest.mark.parametrize("is_known", [False, True])
def test_a_failed_installation_leaves_only_a_device_that_was_there(
    layout: Layout, older: Program, is_known: bool
) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, older)
    if is_known:
        store = Store(layout.database)
        identity_save(store, DEVICE)
        store.close()

    undo(layout, machine, older.folder)

    assert layout.root.exists() is is_known
    assert machine.pointed is None


@pytest.mark.parametrize("lock", ["agent.lock", "endpoint.lock"])
def test_files_are_exchanged_only_when_nobody_uses_them(layout: Layout, lock: str) -> None:
    layout.prepare()
    held = platform().hold(layout.root / "run" / lock)
    assert held is not None
    assert not ended(layout.root, 0.1)

    os.close(held)

    assert ended(layout.root, 0.1)


def test_no_bytecode_of_an_older_version_stays(tmp_path: Path) -> None:
    stale = tmp_path / "Lib" / "package" / "__pycache__" / "module.pyc"
    stale.parent.mkdir(parents=True)
    stale.touch()

    bytecode_clear(tmp_path)

    assert not stale.parent.exists()
