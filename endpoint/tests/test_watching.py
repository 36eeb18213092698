"""Written files are examined once they rest, and what cannot be watched is said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from seatkeep_endpoint.errors import WatchUnavailableError
from seatkeep_endpoint.platforms import platform
from seatkeep_endpoint.platforms.base import FolderWatch
from seatkeep_endpoint.scanning.watching import LATEST_SECONDS, WAITING_LIMIT, Watcher, Written


def test_a_file_is_due_when_it_rests() -> None:
    written = Written()
    written.note("a", 0.0)
    written.note("a", 0.5)
    assert written.take_due(1.25) == []
    assert written.take_due(1.5) == ["a"]
    assert written.take_due(9.0) == []


def test_a_file_that_never_rests_is_due_after_ten_seconds() -> None:
    written = Written()
    for tenth in range(101):
        written.note("log", tenth / 10)
    assert written.take_due(LATEST_SECONDS) == ["log"]


def test_a_flood_does_not_take_all_memory() -> None:
    written = Written()
    for number in range(WAITING_LIMIT + 10):
        written.note(str(number), 0.0)
    assert len(written.take_due(2.0)) == WAITING_LIMIT


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, at most 20 s."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # threads make it so
            await asyncio.sleep(0.05)


class Desk:
    """A watcher over folders that a test may change; notes what is examined."""

    def __init__(self, *folders: Path) -> None:
        self.folders = [str(folder) for folder in folders]
        self.examined: list[str] = []
        self.watcher = Watcher(watch=platform().watch, folders=lambda: self.folders, examine=self.examine)

    def examine(self, paths: list[str], loop: asyncio.AbstractEventLoop) -> None:
        self.examined += [Path(path).name for path in paths]

    async def until_examined(self, name: str) -> None:
        running = asyncio.create_task(self.watcher.run())
        await until(lambda: name in self.examined)
        running.cancel()


async def test_a_written_file_is_examined(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.watcher.follow(asyncio.get_running_loop())
    (tmp_path / "invoice.com").write_text("x")
    await desk.until_examined("invoice.com")
    desk.watcher.close()


async def test_the_folders_of_the_settings_are_followed(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    desk = Desk(old)
    desk.watcher.follow(asyncio.get_running_loop())
    desk.folders = [str(new)]
    desk.watcher.follow(asyncio.get_running_loop())
    (old / "passed-over").write_text("x")
    (new / "examined").write_text("x")
    await desk.until_examined("examined")
    assert desk.examined == ["examined"]
    desk.watcher.close()


async def test_a_missing_folder_is_said_and_watched_once_it_is_there(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "later")
    desk.watcher.follow(asyncio.get_running_loop())
    assert "later" in desk.watcher.errors["watch.folders"]
    (tmp_path / "later").mkdir()
    desk.watcher.follow(asyncio.get_running_loop())
    assert desk.watcher.errors == {}
    desk.watcher.close()


async def test_a_system_that_cannot_watch_says_so(tmp_path: Path) -> None:
    def refuse(
        folders: Sequence[str], on_written: Callable[[str], None], on_lost: Callable[[str], None]
    ) -> FolderWatch:
        raise WatchUnavailableError("not here")

    watcher = Watcher(watch=refuse, folders=lambda: [str(tmp_path)], examine=lambda paths, loop: None)
    watcher.follow(asyncio.get_running_loop())
    assert watcher.errors == {"watch.folders": "not here"}


async def test_an_engine_that_fails_does_not_end_the_watch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(tmp_path)
    calls: list[int] = []

    def fail_once(paths: list[str], loop: asyncio.AbstractEventLoop) -> None:
        calls.append(len(paths))
        if len(calls) == 1:
            raise WatchUnavailableError("the engine is gone")
        desk.examine(paths, loop)

    watcher = Watcher(watch=platform().watch, folders=lambda: desk.folders, examine=fail_once)
    desk.watcher = watcher
    watcher.follow(asyncio.get_running_loop())
    (tmp_path / "first").write_text("x")
    running = asyncio.create_task(watcher.run())
    await until(lambda: bool(calls))
    (tmp_path / "second").write_text("x")
    await until(lambda: "second" in desk.examined)
    running.cancel()
    watcher.close()
    assert "were not examined" in caplog.text
