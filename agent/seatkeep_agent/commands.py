"""Runs a command for a task: as the agent's own user, bounded in time and output, with all that it starts."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from seatkeep_machine.processes import APART, tree_kill
from seatkeep_protocol.tasks import Interpreter, RunCommandParams

from seatkeep_agent.errors import LocalFailureError, WorkFailedError

OUTPUT_LIMIT_BYTES = 56 * 1024
"""With the envelope around it this stays below what one message may have (64 kB)."""
TELL_SECONDS = 3.0
READ_BYTES = 64 * 1024
INTERPRETERS: dict[Interpreter, tuple[str, list[str], str]] = {
    Interpreter.SH: ("sh", [], ".sh"),
    Interpreter.BASH: ("bash", [], ".sh"),
    Interpreter.PYTHON: ("python3", [], ".py"),
    Interpreter.POWERSHELL: (
        "powershell", ["-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File"], ".ps1"
    ),
    Interpreter.CMD: ("cmd", ["/d", "/c"], ".cmd"),
}  # fmt: skip
"""Interpreter → program, arguments before the file, ending of the file."""
Tell = Callable[[dict[str, Any]], None]


class Output:
    """The beginning and the end of what a command says; the middle of too much is left out."""

    def __init__(self) -> None:
        self._head, self._tail, self._size = bytearray(), bytearray(), 0

    def add(self, chunk: bytes) -> None:
        """Take what it said next."""
        self._size += len(chunk)
        room = OUTPUT_LIMIT_BYTES // 2 - len(self._head)
        self._head += chunk[:room] if room > 0 else b""
        self._tail = (self._tail + chunk[max(room, 0) :])[-OUTPUT_LIMIT_BYTES // 2 :]

    @property
    def is_cut(self) -> bool:
        """Whether something is missing."""
        return self._size > len(self._head) + len(self._tail)

    def text(self) -> str:
        """As text that fits into a message, whatever bytes it was made of."""
        gap = f"\n… {self._size - len(self._head) - len(self._tail)} bytes left out …\n" if self.is_cut else ""
        text = f"{self._head.decode(errors='replace')}{gap}{self._tail.decode(errors='replace')}".replace("\0", "")
        return text.encode()[:OUTPUT_LIMIT_BYTES].decode(errors="ignore")


async def command_run(params: RunCommandParams, *, folder: Path, tell: Tell) -> dict[str, Any]:
    """Run it and wait for its end.

    Args:
        params: What to run.
        folder: A private one, for the script's file.
        tell: Hears what came out so far, every few seconds.

    Returns:
        `{exit_code, output, is_cut, seconds}`.

    Raises:
        WorkFailedError: It ended with another code than 0, or not in time; with the same result.
        LocalFailureError: It could not be started.
    """
    if params.argv:
        return await _run(params.argv, params.timeout_seconds, tell)
    program, arguments, ending = INTERPRETERS[params.interpreter]
    found = shutil.which(program)
    if found is None:
        raise LocalFailureError(f"there is no {program} on this computer")
    with tempfile.TemporaryDirectory(dir=folder, prefix="script-") as private:
        # A file, not an argument: everybody may read the arguments of a process.
        script = Path(private) / f"script{ending}"
        script.write_text(params.script.replace("\r\n", "\n"), encoding="utf-8", newline=_newline(params.interpreter))
        return await _run([found, *arguments, str(script)], params.timeout_seconds, tell)


def _newline(interpreter: Interpreter) -> str:
    return "\r\n" if interpreter in (Interpreter.CMD, Interpreter.POWERSHELL) else "\n"


async def _run(argv: list[str], seconds: int, tell: Tell) -> dict[str, Any]:
    began, output = time.monotonic(), Output()
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, **APART,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise LocalFailureError(f"{argv[0]}: {error}") from error
    is_late = False
    try:
        async with asyncio.timeout(seconds):
            await _listen(process, output, tell)
            await process.wait()
    except TimeoutError:
        is_late = True
    finally:
        tree_kill(process.pid)
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
    result = {
        "exit_code": None if is_late else process.returncode, "output": output.text(), "is_cut": output.is_cut,
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    if is_late:
        raise WorkFailedError(f"did not end within {seconds} s", {**result, "code": "timeout"})
    if process.returncode != 0:
        raise WorkFailedError(f"ended with {process.returncode}", {**result, "code": "exit_code"})
    return result


async def _listen(process: asyncio.subprocess.Process, output: Output, tell: Tell) -> None:
    assert process.stdout is not None, "the output is a pipe"  # noqa: S101  # narrows the type
    told_at = time.monotonic()
    while chunk := await process.stdout.read(READ_BYTES):
        output.add(chunk)
        if time.monotonic() - told_at >= TELL_SECONDS:
            tell({"output": output.text(), "is_cut": output.is_cut})
            told_at = time.monotonic()
