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
from seatkeep_msi import steps
from seatkeep_msi.errors import StepError, UninstallCodeError
from seatkeep_msi.settings import Settings
from seatkeep_msi.steps import bytecode_clear, check, configure, leave, purge, undo
from seatkeep_msi.waiting import ended

GIVEN = Settings(server="https://console.example.com", key="a-key", group="Office", proxy="http://proxy:3128")

DEVICE = Identity(
    device="d" * 32, company="c" * 32, instance="1" * 32, root_key={}, min_version=1, jwt="", console=[GIVEN.server],
    licensing=[], nats=[],
)  # fmt: skip


class NotedMachine:
    """Remembers."""

    def __init__(self) -> None:
        self.kept = Settings()

    def settings_kept(self) -> Settings:
        return self.kept

    def settings_keep(self, settings: Settings) -> None:
        self.kept = settings

    def settings_forget(self) -> None:
        self.kept = Settings()

    def service_harden(self) -> None:
        """Windows only."""

    def event(self, text: str, *, is_error: bool) -> None:
        raise AssertionError(text)


@pytest.fixture(autouse=True)
def our_own_bytecode_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps clear the program's folder; here that would be the Python of these tests."""
    monkeypatch.setattr(steps, "bytecode_clear", lambda program: None)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "Seatkeep")


def test_an_upgrade_without_settings_keeps_them(layout: Layout) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, has_endpoint=False)

    configure(layout, machine, Settings(), has_endpoint=True)

    assert config_load(layout) == Config(console=GIVEN.server, has_endpoint=True, proxy=GIVEN.proxy)
    assert (machine.kept.group, machine.kept.proxy) == ("Office", GIVEN.proxy)
    assert pending(layout) == Pending("a-key", group="Office")


def test_a_proxy_is_forgotten_by_that_word(layout: Layout) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, has_endpoint=False)

    configure(layout, machine, Settings(proxy="none"), has_endpoint=False)

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
def test_a_first_installation_needs_console_and_key(layout: Layout, given: Settings) -> None:
    machine = NotedMachine()
    with pytest.raises(StepError, match="SERVER and KEY"):
        configure(layout, machine, given, has_endpoint=True)

    assert machine.kept == Settings()
    assert config_load(layout) is None


def test_a_wrong_uninstall_code_changes_nothing(layout: Layout) -> None:
    configure(layout, NotedMachine(), Settings(GIVEN.server, "a-key", uninstallcode="code"), has_endpoint=True)

    for step in (lambda: check(layout, "guess"), lambda: leave(layout, platform(), "guess", is_coming_back=True)):
        with pytest.raises(UninstallCodeError):
            step()
    assert config_load(layout) is not None


def test_whoever_cannot_read_the_code_is_judged_later(layout: Layout) -> None:
    layout.prepare()
    (layout.root / "var" / "uninstall-code.json").write_text("spoiled")

    check(layout, "")
    with pytest.raises(StepError):
        leave(layout, platform(), "", is_coming_back=True)


def test_nothing_stays_after_purge(layout: Layout) -> None:
    machine = NotedMachine()
    configure(layout, machine, GIVEN, has_endpoint=False)
    assert leave(layout, platform(), "", is_coming_back=False)

    purge(layout, machine)

    assert not layout.root.exists()
    assert machine.kept == Settings()


@pytest.mark.parametrize("is_known", [False, True])
def test_a_failed_installation_leaves_only_a_device_that_was_there(layout: Layout, is_known: bool) -> None:
    configure(layout, NotedMachine(), GIVEN, has_endpoint=False)
    if is_known:
        store = Store(layout.database)
        identity_save(store, DEVICE)
        store.close()

    undo(layout, NotedMachine())

    assert layout.root.exists() is is_known


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
