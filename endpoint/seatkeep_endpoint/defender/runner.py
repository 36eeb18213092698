"""How Defender is asked: fixed scripts for Windows PowerShell, and Defender's own command-line program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from seatkeep_endpoint.defender.troubles import CONSTRAINED, LANGUAGE_MODE, answer_trouble, start_trouble
from seatkeep_endpoint.defender.values import text
from seatkeep_endpoint.errors import DefenderAbsentError, DefenderRefusedError, DefenderUnheardError

ASK_SECONDS = 120.0
SCAN_SECONDS = 24 * 3600.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
NO_WINDOW = 0x0800_0000  # CREATE_NO_WINDOW
OPTIONS = ("-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-Command")


class Script(StrEnum):
    """What can be asked; the value is the script's file."""

    LOOK = "look"
    SCAN = "scan"
    UPDATE = "update"
    PREFER = "prefer"


class Failure(msgspec.Struct, frozen=True):
    """Why a script or a part of one failed.

    Attributes:
        id: PowerShell's name of the error, the same in every language, such as "HRESULT 0x800106ba,Get-MpPreference".
        message: In the language of that Windows.
    """

    id: str = ""
    message: str = ""

    def __str__(self) -> str:
        """For people: the number tells more to whoever searches, the words to whoever stands there."""
        return f"{self.message.strip()} ({self.id})" if self.id else self.message.strip()


class _Answer(msgspec.Struct, frozen=True):
    ok: bool
    result: Any = None
    failure: Failure = Failure()


class Runner(Protocol):
    """Whoever can ask Defender; tests give recorded answers."""

    def ask(self, script: Script, data: Mapping[str, Any] | None = None, *, seconds: float = ASK_SECONDS) -> Any:
        """Run a script; what it answered, as plain values. Blocks.

        Raises:
            DefenderUnheardError: There is no PowerShell here, it is held back, or it makes no sense.
            DefenderRefusedError: Defender or Windows said no; the message is theirs.
        """

    def command(self, arguments: Sequence[str], *, seconds: float = ASK_SECONDS) -> str:
        """Run MpCmdRun.exe; what it said. Blocks.

        Raises:
            DefenderAbsentError: It is not here.
            DefenderRefusedError: It failed; the message is its own.
        """

    def close(self) -> None:
        """End whatever is being asked, for good; whoever waits hears that Defender is absent."""


class Said(NamedTuple):
    """What a program said."""

    code: int
    out: bytes
    complained: bytes


class WindowsRunner:
    """This Windows.

    Args:
        powershell: Windows PowerShell, by its full path, so that none of another folder is taken.
        program_data: The machine's folder for data, where newer Defenders live.
        program_files: Where the Defender lives that came with Windows.
    """

    def __init__(self, powershell: Path, program_data: Path, program_files: Path) -> None:
        self._powershell, self._program_data, self._program_files = powershell, program_data, program_files
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def ask(self, script: Script, data: Mapping[str, Any] | None = None, *, seconds: float = ASK_SECONDS) -> Any:
        # Data goes by standard input and in ASCII, never into the script's text.
        given = json.dumps(data or {}, ensure_ascii=True).encode("ascii")
        try:
            done = self._run([str(self._powershell), *OPTIONS, script_text(script)], given, seconds)
        except OSError as error:
            raise DefenderUnheardError(start_trouble(error)) from error
        return answer_read(done.out, done.complained)

    def command(self, arguments: Sequence[str], *, seconds: float = ASK_SECONDS) -> str:
        program = self._mpcmdrun()
        try:
            done = self._run([str(program), *arguments], b"", seconds)
        except OSError as error:
            raise DefenderAbsentError(f"{program}: {error.strerror or error}") from error
        said = done.out.decode("utf-8", "replace").strip()
        if done.code != 0:
            raise DefenderRefusedError(said.splitlines()[-1] if said else f"MpCmdRun ended with {done.code}")
        return said

    def _mpcmdrun(self) -> Path:
        newer = self._program_data / "Microsoft" / "Windows Defender" / "Platform"
        found = sorted(newer.glob("*/MpCmdRun.exe"), key=lambda path: version_key(path.parent.name))
        return found[-1] if found else self._program_files / "Windows Defender" / "MpCmdRun.exe"

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            for process in self._processes:
                process.kill()

    def _run(self, command: Sequence[str], given: bytes, seconds: float) -> Said:
        try:
            with self._started(command) as process:
                out, complained = process.communicate(given, seconds)
                return Said(process.returncode, out, complained)
        except subprocess.TimeoutExpired as error:
            raise DefenderRefusedError(f"Defender did not answer within {seconds:.0f} s") from error

    @contextmanager
    def _started(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """A process that `close` can end, and that never outlives the block."""
        flags = NO_WINDOW if sys.platform == "win32" else 0
        with self._lock:
            if self._is_closed:
                raise DefenderAbsentError("the endpoint is ending")
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, creationflags=flags
            )
            self._processes.add(process)
        try:
            with process:
                try:
                    yield process
                finally:
                    process.kill()
        finally:
            with self._lock:
                self._processes.discard(process)


def windows_runner() -> WindowsRunner:
    """The runner of this machine; asking it on another system than Windows says that there is no Defender."""
    windows = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"))
    return WindowsRunner(
        windows / "System32" / "WindowsPowerShell" / "v1.0" / "powershell.exe",
        Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")),
        Path(os.environ.get("PROGRAMFILES", r"C:\Program Files")),
    )


@cache
def script_text(script: Script) -> str:
    """The whole text of a script: nothing from outside ever becomes part of it."""
    folder = files("seatkeep_endpoint.defender") / "scripts"
    frame, body = ((folder / f"{name}.ps1").read_text(encoding="utf-8") for name in ("frame", script.value))
    return frame.replace("BODY", body.rstrip())


def answer_read(said: bytes, complained: bytes) -> Any:
    """What a script answered.

    Raises:
        DefenderUnheardError: It is not the answer of our script, or PowerShell is not allowed to run it.
        DefenderRefusedError: The script failed.
    """
    try:
        if len(said) > MAX_ANSWER_BYTES:
            raise msgspec.DecodeError("it does not end")
        answer = msgspec.json.decode(said.removeprefix(b"\xef\xbb\xbf"), type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DefenderUnheardError(answer_trouble(complained.decode("utf-8", "replace"), str(error))) from error
    if not answer.ok and answer.failure.id == LANGUAGE_MODE:
        raise DefenderUnheardError(CONSTRAINED)
    if not answer.ok:
        raise DefenderRefusedError(str(answer.failure))
    return answer.result


def failure_read(raw: object) -> Failure:
    """Read why a part of a script failed, whatever it is that came."""
    fields = raw if isinstance(raw, dict) else {}
    return Failure(text(fields.get("id")), text(fields.get("message")))


def version_key(name: str) -> list[int]:
    """Sorts folders like "4.18.24090.11-0" by their numbers."""
    return [int(part) for part in name.replace("-", ".").split(".") if part.isdigit()]
