"""What happens to a machine when an installation is cut off, meets a full disk, or meets another one."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from seatkeep_agent import preparing
from seatkeep_agent.config import Config, Pending, config_load
from seatkeep_agent.identity import identity_load, identity_save
from seatkeep_agent.joining import PENDING
from seatkeep_agent.paths import Layout
from seatkeep_agent.store import Store
from seatkeep_msi import steps
from seatkeep_msi.errors import StepError, UninstallCodeError
from seatkeep_msi.machine import Program
from seatkeep_msi.settings import Settings
from seatkeep_msi.steps import alone, configure
from seatkeep_msi.uninstall_code import code_check
from test_steps import DEVICE, NotedMachine, pending

FIRST = Settings(server="https://console.example.com", key="a-key", group="Office", uninstallcode="first")
SECOND = Settings(server="https://other.example.com", key="b-key", uninstallcode="second")
OLD = Program(Path("1.0.0"), "1.0.0", "agent")
NEW = Program(Path("1.0.1"), "1.0.1", "endpoint")
PLACES: dict[str, tuple[Any, str]] = {
    "folders": (Layout, "prepare"),
    "uninstall code": (steps, "code_set"),
    "authority": (preparing, "copy_ca"),
    "key": (preparing, "_key_keep"),
    "configuration": (preparing, "config_save"),
    "registry": (NotedMachine, "settings_keep"),
    "service stopped": (NotedMachine, "service_stop"),
    "service pointed": (NotedMachine, "service_point"),
    "name": (NotedMachine, "program_name"),
    "commands": (steps, "commands_write"),
    "service started": (NotedMachine, "service_start"),
}


class PowerCutError(BaseException):
    """Nothing of this process runs after it."""


def cut_after(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Let the power go right after a step."""
    owner, name = PLACES[place]
    real: Callable[..., Any] = getattr(owner, name)

    def then_dark(*arguments: Any, **named: Any) -> None:
        real(*arguments, **named)
        raise PowerCutError

    monkeypatch.setattr(owner, name, then_dark)


@pytest.fixture(autouse=True)
def quick_and_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow digest, and what is written into the program's folder, are tried elsewhere."""
    monkeypatch.setattr(steps, "bytecode_clear", lambda folder: None)
    monkeypatch.setattr(steps, "commands_write", lambda program: None)
    monkeypatch.setattr("seatkeep_msi.uninstall_code.COST", {"n": 2, "r": 1, "p": 1})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "Büro Geräte" / "Seatkeep")


def device(layout: Layout) -> str | None:
    """Who this machine is."""
    store = Store(layout.database)
    try:
        identity = identity_load(store)
        return identity.device if identity else None
    finally:
        store.close()


@pytest.mark.parametrize("place", PLACES)
def test_a_first_installation_that_was_cut_off_is_finished_by_the_same_command(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    machine = NotedMachine()
    with monkeypatch.context() as darkness:
        cut_after(darkness, place)
        with pytest.raises(PowerCutError):
            configure(layout, machine, FIRST, NEW)

    configure(layout, machine, FIRST, NEW)

    assert config_load(layout) == Config(console=FIRST.server)
    assert pending(layout) == Pending("a-key", group="Office")
    code_check(layout.root, "first")


@pytest.mark.parametrize("place", PLACES)
def test_a_power_cut_in_an_upgrade_leaves_a_device_that_runs(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    machine = NotedMachine()
    configure(layout, machine, FIRST, OLD)
    store = Store(layout.database)
    identity_save(store, DEVICE)
    store.fact_set(PENDING, Pending(""))
    store.close()

    with monkeypatch.context() as darkness:
        cut_after(darkness, place)
        with pytest.raises(PowerCutError):
            configure(layout, machine, Settings(uninstallcode="new"), NEW)

    config = config_load(layout)
    assert config is not None
    assert (config.console, device(layout)) == (FIRST.server, DEVICE.device)
    assert machine.pointed in (OLD.folder, NEW.folder)  # Both are on the disk, whole; at its start Windows starts it.
    machine.running = machine.pointed
    configure(layout, machine, Settings(), NEW)
    assert (machine.running, machine.named) == (NEW.folder, {False: NEW, True: OLD})
    assert config_load(layout) == Config(console=FIRST.server, has_endpoint=True)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "No space left"), (errno.EACCES, "Permission denied"), (errno.EROFS, "Read-only")],
)
@pytest.mark.parametrize("place", ["folders", "uninstall code", "authority", "configuration"])
def test_a_full_disk_and_missing_rights_are_named_and_change_nothing(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, place: str, number: int, words: str
) -> None:
    machine = NotedMachine()
    configure(layout, machine, FIRST, OLD)

    def refuse(*arguments: Any, **named: Any) -> None:
        raise OSError(number, words)

    with monkeypatch.context() as fault:
        fault.setattr(*PLACES[place], refuse)
        with pytest.raises(StepError, match=f"Seatkeep: {words}"):
            configure(layout, machine, SECOND, NEW)

    assert config_load(layout) == Config(console=FIRST.server, has_endpoint=False)
    assert machine.kept.server == FIRST.server


def test_a_code_whose_writing_was_cut_off_is_still_the_old_one(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(layout, NotedMachine(), FIRST, OLD)

    def dark(*_: Any) -> None:
        raise PowerCutError

    with monkeypatch.context() as darkness:
        darkness.setattr("os.replace", dark)
        with pytest.raises(PowerCutError):
            configure(layout, NotedMachine(), SECOND, OLD)

    code_check(layout.root, "first")
    with pytest.raises(UninstallCodeError):
        code_check(layout.root, "second")


def test_a_second_installation_at_the_same_time_is_refused(layout: Layout) -> None:
    """Windows Installer runs one at a time; whoever starts our steps besides must not mix two."""
    configure(layout, NotedMachine(), FIRST, NEW)
    with alone(layout), pytest.raises(StepError, match="another installation"):
        configure(layout, NotedMachine(), SECOND, NEW)

    assert (config_load(layout), pending(layout)) == (Config(console=FIRST.server), Pending("a-key", group="Office"))
    configure(layout, NotedMachine(), SECOND, NEW)
    assert config_load(layout) == Config(console=SECOND.server)
