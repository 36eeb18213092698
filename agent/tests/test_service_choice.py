"""Whether set-up makes a service: only where it is wanted and can be."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from seatkeep_agent.__main__ import parser
from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms import platform
from seatkeep_agent.platforms.base import Platform
from seatkeep_agent.setup import is_service_wanted, start


class SystemdMachine:
    """A machine that systemd runs; notes how the agent was started."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def has_service_manager(self) -> bool:
        return True

    def service_install(self, root: Path, command: list[str]) -> None:
        self.started.append("service")

    def start_background(self, root: Path, command: list[str], log_file: Path) -> None:
        self.started.append("processes")


@pytest.mark.parametrize(("is_service", "kind"), [(True, "service"), (False, "processes")])
def test_the_agent_starts_as_asked(tmp_path: Path, is_service: bool, kind: str) -> None:
    machine, layout = SystemdMachine(), Layout(tmp_path)
    layout.status_file.parent.mkdir(parents=True)
    start(layout, cast("Platform", machine), is_service=is_service)
    assert machine.started == [kind]


@pytest.mark.parametrize(("value", "is_wanted"), [("", True), ("auto", True), ("none", False)])
def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, value: str, is_wanted: bool) -> None:
    monkeypatch.setenv("SEATKEEP_SERVICE", value)
    assert is_service_wanted() is is_wanted


def test_an_unknown_choice_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATKEEP_SERVICE", "openrc")
    with pytest.raises(LocalFailureError, match="SEATKEEP_SERVICE is 'openrc'"):
        is_service_wanted()


@pytest.mark.parametrize("variable", ["SEATKEEP_KEY", "SEATKEEP_SERVICE", "SEATKEEP_MACHINE_ID"])
def test_help_names_what_the_environment_decides(capsys: pytest.CaptureFixture[str], variable: str) -> None:
    with pytest.raises(SystemExit):
        parser(platform()).parse_args(["setup", "--help"])
    assert variable in capsys.readouterr().out
