"""Several processes full of devices, seen as one from the bench's own process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seatkeep_bench.errors import BenchError
from seatkeep_bench.manager.crowd import crowd_main

PROCESSES = 2
PATIENCE_SECONDS = 600


class Crowds:
    """All devices with a connection."""

    def __init__(self, pipes: Sequence[Any]) -> None:
        """Take the pipes to their processes."""
        self._pipes = pipes

    def all(self, name: str, **arguments: object) -> list[Any]:
        """Give every process the same command; returns what each says.

        Raises:
            BenchError: One failed or does not answer within ten minutes.
        """
        return self.each(name, [arguments] * len(self._pipes))

    def each(self, name: str, arguments: Sequence[dict[str, object]]) -> list[Any]:
        """Give each process a command of its own; errors as `all`."""
        for pipe, given in zip(self._pipes, arguments, strict=True):
            pipe.send((name, given))
        answers = [self._answer(pipe, name) for pipe in self._pipes]
        for is_well, result in answers:
            if not is_well:
                raise BenchError(f"{name}: {result}")
        return [result for _, result in answers]

    def shared(self, name: str, count: int, **more: object) -> list[Any]:
        """Give a command about so many things, a share to each; errors as `all`."""
        return self.each(name, [{"count": share, **more} for share in shares(count, len(self._pipes))])

    def _answer(self, pipe: Any, name: str) -> tuple[bool, Any]:
        try:
            if pipe.poll(PATIENCE_SECONDS):
                is_well, result = pipe.recv()
                return bool(is_well), result
        except (EOFError, OSError) as error:
            raise BenchError(f"A process of devices ended at {name}.") from error
        raise BenchError(f"{name} was not answered within {PATIENCE_SECONDS} s.")


def shares(count: int, parts: int) -> list[int]:
    """Return `count` in equal parts; the first ones get what is left over."""
    return [count // parts + (number < count % parts) for number in range(parts)]


@contextmanager
def crowds_of(seed: str, answers: Sequence[tuple[int, bytes]], ca_file: Path | None) -> Iterator[Crowds]:
    """Start the processes with enrolled devices, and end them afterwards.

    Args:
        seed: Makes the devices' keys.
        answers: Number and answer of the enrollment of each.
        ca_file: The stack's own CA.
    """
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for part in range(PROCESSES):
        here, there = context.Pipe()
        process = context.Process(
            target=crowd_main, args=(there, seed, list(answers[part::PROCESSES]), ca_file), daemon=True
        )
        process.start()
        there.close()
        pipes.append(here)
        processes.append(process)
    crowds = Crowds(pipes)
    try:
        yield crowds
    finally:
        for process in processes:
            process.terminate()
            process.join(10)
