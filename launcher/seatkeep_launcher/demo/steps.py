"""Steps with a name, a result and a time, shown while they run and in the table at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from seatkeep_launcher.files import write_private


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
            self._console.print(f"[dim]✓ {name} (earlier)[/]")
            return
        self._do(name, work, is_kept=True)

    def repeat(self, name: str, work: Callable[[], str]) -> None:
        """Do a step in every run."""
        self._do(name, work, is_kept=False)

    def fact(self, name: str) -> str:
        """What an earlier step noted."""
        return self._facts[name]

    def note(self, **facts: str) -> None:
        """Keep facts for later steps and later runs."""
        self._facts |= facts

    def table(self) -> Table:
        """What happened."""
        table = Table("Step", "Result", "Time", box=None, header_style="bold")
        for one in self.done:
            table.add_row(one.name, one.result, f"{one.seconds:.1f} s")
        return table

    def _do(self, name: str, work: Callable[[], str], *, is_kept: bool) -> None:
        begun = time.monotonic()
        with self._shown(name):
            result = work()
        one = Done(name, result, time.monotonic() - begun)
        self.done.append(one)
        self._console.print(f"[green]✓[/] {name} [dim]{result} ({one.seconds:.1f} s)[/]")
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
