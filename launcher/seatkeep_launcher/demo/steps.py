"""Steps with a name, a result and a time, shown while they run and in the table at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seatkeep_launcher.files import write_private

NAME_WIDTH = 32


class StepError(Exception):
    """A step of the demo did not come out as it should."""


@dataclass(frozen=True)
class Done:
    """One finished step.

    Attributes:
        seconds: How long it took, when it was done.
    """

    name: str
    result: str
    seconds: float


class Steps:
    """Runs each step once: what an earlier run did is remembered and not done again.

    Args:
        file: Where finished steps and their facts are kept.
        console: Where progress is shown.
    """

    def __init__(self, file: Path, console: Console) -> None:
        self._file = file
        self._console = console
        self.done: list[Done] = []
        self._facts: dict[str, str] = {}
        self._old: dict[str, Done] = {}
        if file.exists():
            kept = json.loads(file.read_text())
            self._facts = kept["facts"]
            self._old = {one["name"]: Done(**one) for one in kept["done"]}

    def run(self, name: str, work: Callable[[], str]) -> None:
        """Do a step unless an earlier run did it; `work` returns the result in a few words.

        Raises:
            StepError: With the step's name, from whatever went wrong.
        """
        old = self._old.get(name)
        if old is not None:
            self.done.append(Done(name, f"{old.result} (earlier)", 0.0))
            self._line("[dim]✓[/]", Done(name, "done by an earlier run", 0.0))
            return
        self._do(name, work, is_kept=True)

    def repeat(self, name: str, work: Callable[[], str]) -> None:
        """Do a step in every run."""
        self._do(name, work, is_kept=False)

    def fact(self, name: str) -> str:
        """What an earlier step noted."""
        return self._facts[name]

    def fact_or(self, name: str, make: Callable[[], str]) -> str:
        """What was noted under a name, made and kept at the first call."""
        if name not in self._facts:
            self.note(**{name: make()})
            self._save()
        return self._facts[name]

    def note(self, **facts: str) -> None:
        """Keep facts for later steps and later runs."""
        self._facts |= facts

    def table(self) -> Table:
        """What happened."""
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
        table.add_column("Step", style="bold", no_wrap=True)
        table.add_column("Result")
        table.add_column("Time", justify="right", style="dim", no_wrap=True)
        for one in self.done:
            table.add_row(one.name, Text(one.result), f"{one.seconds:.1f} s" if one.seconds else "–")
        return table

    def _line(self, sign: str, one: Done) -> None:
        """One finished step: sign, name, result and time, each in its column."""
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(width=1)
        line.add_column(width=NAME_WIDTH, no_wrap=True)
        line.add_column(ratio=1, style="dim")
        line.add_column(justify="right", style="dim", no_wrap=True)
        line.add_row(sign, one.name, Text(one.result), f"{one.seconds:.1f} s" if one.seconds else "")
        self._console.print(line)

    def _do(self, name: str, work: Callable[[], str], *, is_kept: bool) -> None:
        begun = time.monotonic()
        with self._shown(name):
            result = work()
        one = Done(name, result, time.monotonic() - begun)
        self.done.append(one)
        self._line("[green]✓[/]", one)
        if is_kept:
            self._old[name] = one
        self._save()

    @contextmanager
    def _shown(self, name: str) -> Iterator[None]:
        try:
            with self._console.status(f"{name} …"):
                yield
        except Exception as error:
            self._console.print(f"[bold red]✗[/] {name}")
            raise StepError(f"{name}: {error}") from error

    def _save(self) -> None:
        content = {"facts": self._facts, "done": [asdict(one) for one in self._old.values()]}
        write_private(self._file, json.dumps(content, indent=1))


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 15, every: float = 0.1) -> float:
    """Wait until something is so; returns the seconds that it took.

    Raises:
        StepError: It did not come in time.
    """
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise StepError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(every)
    return time.monotonic() - begun
