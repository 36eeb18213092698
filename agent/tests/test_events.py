"""Tasks that wait for something to be logged: each line counts once, nothing of before, and never too often."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from seatkeep_agent.events import EventWatcher
from seatkeep_machine.events import SystemEvents, file_look, windows_command, windows_read
from seatkeep_protocol.errors import TriggerInvalidError
from seatkeep_protocol.triggers import EventSource, EventTrigger, trigger_decode
from trigger_scene import Scene

WINDOWS = EventTrigger(source=EventSource.WINDOWS, log="Security", event_id=4625)
EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>4625</EventID>"
    "<EventRecordID>{}</EventRecordID></System><EventData><Data Name='User'>ana</Data></EventData></Event>"
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def log(scene: Scene, tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("disk failed long ago\n")
    watch(scene)
    return path


def watch(scene: Scene) -> None:
    scene.triggers._events = EventWatcher(scene.store, SystemEvents())


def order(scene: Scene, log: Path, *, pause_seconds: int = 0, **changes: Any) -> None:
    trigger = {"type": "EVENT", "source": "FILE", "log": str(log), "text": "disk failed", **changes}
    scene.order(trigger, pause_seconds=pause_seconds)
    scene.look()


def say(log: Path, text: str = "ERROR Disk FAILED on sda\n") -> None:
    with log.open("a") as file:
        file.write(text)


def test_what_is_logged_from_now_on_fires_once(scene: Scene, log: Path) -> None:
    order(scene, log)
    assert scene.runs() == []
    say(log)
    scene.look(seconds=10)
    scene.look(minutes=5)
    scene.restart()
    watch(scene)
    scene.look(minutes=5)
    assert len(scene.runs()) == 1


def test_a_flood_fires_once_a_minute_at_most(scene: Scene, log: Path) -> None:
    order(scene, log)
    for _ in range(13):
        say(log)
        scene.look(seconds=10)
    assert len(scene.runs()) == 3


def test_so_many_within_a_while(scene: Scene, log: Path) -> None:
    order(scene, log, count=3, within_seconds=60)
    for minutes in (0, 2, 4):
        say(log)
        scene.look(minutes=minutes)
    assert scene.runs() == []
    say(log, "disk failed\nfine\ndisk failed\n")
    scene.look(seconds=30)
    assert len(scene.runs()) == 1
    say(log)
    scene.look(minutes=2)
    assert len(scene.runs()) == 1, "counting begins anew"


def test_half_a_line_waits_and_a_new_file_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert file_look(path, None).cursor == "0:0"
    path.write_text("one\ntw")
    look = file_look(path, "0:0")
    assert look.lines == ["one"]
    say(path, "o\n")
    look = file_look(path, look.cursor)
    assert look.lines == ["two"]
    path.rename(tmp_path / "x.log.1")
    path.write_text("three\n")
    assert file_look(path, look.cursor).lines == ["three"]


def test_windows_is_asked_for_what_came_after_the_last_record() -> None:
    assert windows_command(WINDOWS, None)[1:] == ["qe", "Security", "/c:1", "/rd:true", "/f:xml"]
    assert "/q:*[System[(EventRecordID>7) and (EventID=4625)]]" in windows_command(WINDOWS, "7")
    said = (EVENT.format(8) + EVENT.format(9)).encode()
    assert windows_read(said, None) == ("9", [])
    assert windows_read(said, "7").cursor == "9"
    assert "ana" in windows_read(said, "7").lines[0]
    assert windows_read(b"Access is denied", "7") == ("7", [])


@pytest.mark.parametrize(
    "trigger",
    [
        {"source": "FILE", "log": "relative.log", "text": "x"},
        {"source": "FILE", "log": "/var/log/x"},
        {"source": "WINDOWS", "log": "Security /q:*", "text": "x"},
        {"source": "WINDOWS", "log": "Security' or", "text": "x"},
        {"source": "JOURNAL", "text": " "},
        {"source": "JOURNAL", "text": "x", "count": 0},
    ],
)
def test_what_cannot_be_watched_is_refused(trigger: dict[str, Any]) -> None:
    with pytest.raises(TriggerInvalidError):
        trigger_decode({"type": "EVENT", **trigger})
