"""What a machine logs, read piece by piece from where the last look ended."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol
from xml.etree import ElementTree as ET

from seatkeep_protocol.triggers import EventSource, EventTrigger

READ_BYTES = 1024 * 1024
"""How much of a file one look takes; what a flood writes beyond that is passed over."""
LINES = 2000
SECONDS = 5
_RECORD = "{http://schemas.microsoft.com/win/2004/08/events/event}"


class Look(NamedTuple):
    """What a look found.

    Attributes:
        cursor: Where the next one begins; "" when there is nothing to begin at yet.
        lines: What was logged since.
    """

    cursor: str
    lines: list[str]


class EventReader(Protocol):
    """Reads what a trigger is about. Blocks for moments."""

    def read(self, trigger: EventTrigger, cursor: str | None) -> Look:
        """What was logged since a cursor; with None nothing, only where to begin."""


class SystemEvents:
    """The logs of this machine."""

    def read(self, trigger: EventTrigger, cursor: str | None) -> Look:
        if trigger.source is EventSource.FILE:
            return file_look(Path(trigger.log), cursor)
        try:
            if trigger.source is EventSource.WINDOWS:
                return windows_look(trigger, cursor)
            return journal_look(cursor)
        except (OSError, subprocess.SubprocessError, ValueError):
            return Look(cursor or "", [])


def event_reader() -> EventReader:
    """The reader of this machine."""
    return SystemEvents()


def file_look(path: Path, cursor: str | None) -> Look:
    """New lines of a text file; one that was replaced or cut begins anew. The cursor is `inode:offset`."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            inode, _, offset = (cursor or "").partition(":")
            is_same = inode == str(found.st_ino) and offset.isdigit() and int(offset) <= found.st_size
            begin = int(offset) if is_same else 0
            if cursor is None:
                return Look(f"{found.st_ino}:{found.st_size}", [])
            file.seek(max(begin, found.st_size - READ_BYTES))
            raw = file.read(READ_BYTES)
            whole = raw[: raw.rfind(b"\n") + 1]
            end = file.tell() - len(raw) + len(whole)
            return Look(f"{found.st_ino}:{end}", whole.decode(errors="replace").splitlines())
    except OSError:
        return Look(cursor or "0:0", [])


def journal_look(cursor: str | None) -> Look:
    """New lines of the journal of systemd."""
    program = shutil.which("journalctl")
    if program is None:
        return Look(cursor or "", [])
    begin = ["-n", "1"] if not cursor else ["-n", str(LINES), f"--after-cursor={cursor}"]
    raw = _said([program, "--no-pager", "-q", "-o", "json", *begin])
    entries = [json.loads(line) for line in raw.splitlines() if line.startswith(b"{")]
    last = str(entries[-1].get("__CURSOR", "")) if entries else cursor or ""
    if not cursor:
        return Look(last, [])
    return Look(last, [str(entry.get("MESSAGE", "")) for entry in entries])


def windows_look(trigger: EventTrigger, cursor: str | None) -> Look:
    """New events of a log of Windows; the cursor is the number of the last record."""
    return windows_read(_said(windows_command(trigger, cursor)), cursor)


def windows_command(trigger: EventTrigger, cursor: str | None) -> list[str]:
    """How the log is asked: the newest record to begin at, then what came after it."""
    program = str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "wevtutil.exe")
    if cursor is None or not cursor.isdigit():
        return [program, "qe", trigger.log, "/c:1", "/rd:true", "/f:xml"]
    wanted = f" and (EventID={trigger.event_id})" if trigger.event_id is not None else ""
    query = f"*[System[(EventRecordID>{cursor}){wanted}]]"
    return [program, "qe", trigger.log, f"/q:{query}", f"/c:{LINES}", "/rd:false", "/f:xml"]


def windows_read(raw: bytes, cursor: str | None) -> Look:
    """Read what wevtutil said: one `<Event>` after the other, without a root."""
    text = re.sub(r"<\?xml[^>]*\?>", "", raw.decode("utf-8", "replace"))
    with suppress(ET.ParseError):
        events = ET.fromstring(f"<all>{text}</all>").findall(f"{_RECORD}Event")  # noqa: S314  # Windows' own
        numbers = [int(one.findtext(f"{_RECORD}System/{_RECORD}EventRecordID") or 0) for one in events]
        last = str(max(numbers, default=int(cursor) if cursor and cursor.isdigit() else 0))
        lines = [] if cursor is None else [" ".join("".join(one.itertext()).split()) for one in events]
        return Look(last, lines)
    return Look(cursor or "0", [])


def _said(command: Sequence[str]) -> bytes:
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    return done.stdout[: 16 * READ_BYTES]
