"""Keeps processes alive: the agent its endpoint, and `supervise` the agent."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import time
from contextlib import suppress
from pathlib import Path

from seatkeep_machine.base import Machine

log = logging.getLogger(__name__)
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0
STEADY_SECONDS = 30.0
STOP_SECONDS = 15.0
ASK_SECONDS = 0.5


class Supervisor:
    """Starts a program again whenever it ends, with growing pauses when it does not hold.

    The program gets a pipe as standard input that nobody ever writes to: it ends when this process does, even by -9.

    Args:
        command: The program and its arguments.
        log_file: Where its output goes.
    """

    def __init__(self, command: list[str], log_file: Path) -> None:
        self._command, self._log_file = command, log_file
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The running process, None between two."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Supervise until cancelled; then the program is ended too."""
        pause = FIRST_PAUSE_SECONDS
        try:
            while True:
                started_at = time.monotonic()
                code = await self._run_once()
                is_steady = time.monotonic() - started_at >= STEADY_SECONDS
                pause = FIRST_PAUSE_SECONDS if is_steady else min(pause * 2, LONGEST_PAUSE_SECONDS)
                log.warning("the endpoint ended (code %s); again in %.1f s", code, pause)
                await asyncio.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311  # spreads load
        finally:
            await self.stop()

    async def stop(self) -> None:
        """End the program: ask first (its input ends), then force."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _run_once(self) -> int | str:
        try:
            with self._log_file.open("ab") as output:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output
                )
        except OSError as error:
            return str(error)
        return await self._process.wait()


async def supervise(command: list[str], on: Machine) -> None:
    """Run a program and start it again when it dies; over when it ends by itself in order, or we are asked to end."""
    stopping = asyncio.Event()
    pause = FIRST_PAUSE_SECONDS
    with on.stop_requests(stopping.set, is_with_input=False):
        while not stopping.is_set():
            began = time.monotonic()
            if await run_until(stopping, command, on) == 0:
                return
            is_steady = time.monotonic() - began >= STEADY_SECONDS
            pause = FIRST_PAUSE_SECONDS if is_steady else min(pause * 2, LONGEST_PAUSE_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()


async def run_until(stopping: asyncio.Event, command: list[str], on: Machine) -> int:
    """Run a program to its end, and when `stopping` is set, ask it to end; returns its code.

    A child that is only starting may not hear the first request or die of it, so it is asked again and again.
    """
    child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    asking = asyncio.create_task(ask_again(stopping, child, on))
    try:
        return await child.wait()
    finally:
        asking.cancel()


async def ask_again(stopping: asyncio.Event, child: asyncio.subprocess.Process, on: Machine) -> None:
    """Once `stopping` is set: ask a process to end every half second, and end it by force after 15 s."""
    await stopping.wait()
    until = time.monotonic() + STOP_SECONDS
    while time.monotonic() < until:
        on.ask_to_end(child.pid)
        await asyncio.sleep(ASK_SECONDS)
    on.kill(child.pid)


def program_command(name: str, module: str) -> list[str]:
    """How to start a program of this installation: the executable beside us in the bundle, else the module."""
    if getattr(sys, "frozen", False):
        return [str(Path(sys.executable).with_name(name))]
    return [sys.executable, "-m", module]
