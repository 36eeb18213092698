"""Steps of the demo: each once, remembered over runs, and named when they fail."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from seatkeep_launcher.demo.steps import StepError, Steps, wait_for


def make(folder: Path) -> Steps:
    return Steps(folder / "demo.json", Console(file=io.StringIO(), width=100))


def test_a_second_run_does_not_do_a_step_again(tmp_path: Path) -> None:
    make(tmp_path).run("Customers", lambda: "three")
    again = make(tmp_path)
    again.run("Customers", lambda: pytest.fail("done twice"))
    assert again.done[0].result == "three (earlier)"


def test_a_failed_step_is_named_and_tried_again(tmp_path: Path) -> None:
    def fail() -> str:
        raise StepError("no answer")

    with pytest.raises(StepError, match="Customers: no answer"):
        make(tmp_path).run("Customers", fail)
    again = make(tmp_path)
    again.run("Customers", lambda: "three")
    assert again.done[0].result == "three"


def test_facts_outlive_a_run_and_are_private(tmp_path: Path) -> None:
    made = make(tmp_path).fact_or("password", lambda: "made once")
    assert make(tmp_path).fact_or("password", lambda: "made twice") == made
    assert (tmp_path / "demo.json").stat().st_mode & 0o077 == 0


def test_what_does_not_come_is_named() -> None:
    with pytest.raises(StepError, match="the mail did not come within 0 s"):
        wait_for(lambda: False, "the mail", seconds=0)
