"""What the endpoint's part of every operating system keeps to."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from seatkeep_endpoint.errors import QuarantineRaceError, RestorePathChangedError, RestoreTargetExistsError
from seatkeep_endpoint.platforms.base import Files, FileStamp, FoundFile, Platform

PATIENCE_SECONDS = 20.0


def found_below(files: Files, top: Path, *excluded: Path) -> list[str]:
    """Names of the files that a walk finds."""
    left_out = [str(path) for path in excluded]
    found = files.below(str(top.resolve()), lambda path: path in left_out, lambda path: None)
    return [os.path.basename(one.path) for one in found]


class Heard:
    """Collects what a watch tells."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self._changed = threading.Condition()

    def __call__(self, path: str) -> None:
        with self._changed:
            self._paths.add(os.path.normcase(path))
            self._changed.notify_all()

    def wait(self, *paths: Path) -> bool:
        """Whether one of these paths is told in time."""
        wanted = {os.path.normcase(path) for path in paths}
        with self._changed:
            return self._changed.wait_for(lambda: bool(wanted & self._paths), PATIENCE_SECONDS)


class PlatformContract:
    """Inherit this and give `here`, and every test of it runs against that adapter."""

    hostile_names: tuple[str, ...] = ()

    @pytest.fixture
    def here(self) -> Platform:
        """The adapter under test."""
        raise NotImplementedError

    @pytest.fixture
    def files(self, here: Platform) -> Files:
        return here.files

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        made = tmp_path.resolve() / "files"
        made.mkdir()
        return made

    @contextlib.contextmanager
    def opened(self, files: Files, path: Path) -> Iterator[tuple[FoundFile, int]]:
        """A file as the scan has it in hand."""
        for found in files.single(str(path)):
            descriptor = found.open()
            try:
                yield found, descriptor
            finally:
                os.close(descriptor)

    def stamp(self, files: Files, path: Path) -> FileStamp:
        with self.opened(files, path) as (_, descriptor):
            return files.stamp(descriptor)

    def test_a_walk_finds_every_file_once(self, files: Files, folder: Path) -> None:
        (folder / "deep" / "er").mkdir(parents=True)
        for name in ("b", "a", "deep/c", "deep/er/d"):
            (folder / name).write_text(name)
        assert sorted(found_below(files, folder)) == ["a", "b", "c", "d"]

    def test_excluded_folders_are_not_entered(self, files: Files, folder: Path) -> None:
        (folder / "left-out").mkdir()
        (folder / "left-out" / "a").write_text("a")
        (folder / "b").write_text("b")
        assert found_below(files, folder, folder / "left-out") == ["b"]

    def test_a_walk_over_what_is_gone_finds_nothing(self, files: Files, folder: Path) -> None:
        assert found_below(files, folder / "absent") == []

    def test_an_open_file_is_read_and_removed(self, files: Files, folder: Path) -> None:
        path = folder / "file"
        path.write_bytes(b"line\r\nline\x1a\n")
        with self.opened(files, path) as (found, descriptor):
            assert os.read(descriptor, 100) == b"line\r\nline\x1a\n"
            found.remove(descriptor)
        assert not path.exists()

    def test_a_read_only_file_is_removed(self, files: Files, folder: Path) -> None:
        path = folder / "file"
        path.write_bytes(b"x")
        path.chmod(0o444)
        with self.opened(files, path) as (found, descriptor):
            found.remove(descriptor)
        assert not path.exists()

    def test_another_file_of_that_name_is_not_removed(self, files: Files, folder: Path) -> None:
        path = folder / "file"
        path.write_bytes(b"scanned")
        with self.opened(files, path) as (found, descriptor):
            path.rename(folder / "moved")
            path.write_bytes(b"another")
            with pytest.raises(QuarantineRaceError):
                found.remove(descriptor)
        assert path.read_bytes() == b"another"

    def test_a_missing_file_is_an_error_when_opened(self, files: Files, folder: Path) -> None:
        for found in files.single(str(folder / "absent")):
            with pytest.raises(FileNotFoundError):
                found.open()

    def test_a_restored_file_has_content_and_time(self, files: Files, folder: Path) -> None:
        path = folder / "file"
        path.write_bytes(b"content")
        os.utime(path, ns=(10**18, 10**18))
        stamp = self.stamp(files, path)
        path.unlink()
        with files.restore(os.fsencode(path), stamp) as file:
            file.write(b"content")
        assert (path.read_bytes(), path.stat().st_mtime_ns) == (b"content", 10**18)

    def test_a_restore_overwrites_nothing(self, files: Files, folder: Path) -> None:
        path = folder / "file"
        path.write_bytes(b"mine")
        with pytest.raises(RestoreTargetExistsError), files.restore(os.fsencode(path), self.stamp(files, path)):
            pass
        assert path.read_bytes() == b"mine"

    def test_a_restore_needs_its_folder(self, files: Files, folder: Path) -> None:
        path = folder / "file"
        path.write_bytes(b"x")
        stamp = self.stamp(files, path)
        with (
            pytest.raises(RestorePathChangedError),
            files.restore(os.fsencode(folder / "absent" / "file"), stamp),
        ):
            pass

    @pytest.mark.parametrize(
        "climbing", [("below", "..", "file"), (".", "file"), ("..", "..", "file"), ("below", "..")]
    )
    def test_a_restore_climbs_nowhere(self, files: Files, folder: Path, climbing: tuple[str, ...]) -> None:
        """A path that somebody planted in the endpoint's memory."""
        (folder / "below").mkdir()
        (folder / "model").write_bytes(b"x")
        stamp = self.stamp(files, folder / "model")
        before = sorted(os.listdir(folder))
        with (
            pytest.raises(RestorePathChangedError),
            files.restore(os.fsencode(os.path.sep.join((str(folder), *climbing))), stamp),
        ):
            pass
        assert sorted(os.listdir(folder)) == before

    def test_a_restore_that_fails_leaves_nothing(self, files: Files, folder: Path) -> None:
        path = folder / "file"
        path.write_bytes(b"x")
        stamp = self.stamp(files, path)
        path.unlink()
        with pytest.raises(ZeroDivisionError), files.restore(os.fsencode(path), stamp) as file:
            file.write(b"%d" % (1 // 0))
        assert not files.exists(os.fsencode(path))

    def test_hostile_names_are_found_removed_and_restored(self, files: Files, folder: Path) -> None:
        assert self.hostile_names
        for name in self.hostile_names:
            self.round_trip(files, folder, name)

    def round_trip(self, files: Files, folder: Path, name: str) -> None:
        path = self.literal(folder / name)
        with open(path, "wb") as file:
            file.write(b"content")
        for found in files.below(str(folder), lambda path: False, lambda path: None):
            descriptor = found.open()
            stamp = files.stamp(descriptor)
            found.remove(descriptor)
            os.close(descriptor)
            stored = os.fsencode(found.path)
        assert not files.exists(stored)
        with files.restore(stored, stamp) as restored:
            restored.write(b"content")
        assert os.listdir(folder) == [os.path.basename(path)]
        os.unlink(path)

    def literal(self, path: Path) -> str:
        """A path as the system takes it, whatever is in it."""
        return str(path)

    def test_a_written_file_is_heard(self, here: Platform, folder: Path) -> None:
        heard = Heard()
        watch = here.watch([str(folder)], heard, heard)
        (folder / "new").write_text("x")
        assert heard.wait(folder / "new")
        watch.close()

    def test_a_file_that_moves_in_is_heard(self, here: Platform, folder: Path, tmp_path: Path) -> None:
        heard = Heard()
        (tmp_path / "outside").write_text("x")
        watch = here.watch([str(folder)], heard, heard)
        (tmp_path / "outside").rename(folder / "inside")
        assert heard.wait(folder / "inside")
        watch.close()

    def test_a_file_in_a_new_folder_is_heard_or_its_folder(self, here: Platform, folder: Path) -> None:
        heard = Heard()
        watch = here.watch([str(folder)], heard, heard)
        (folder / "new" / "er").mkdir(parents=True)
        (folder / "new" / "er" / "file").write_text("x")
        assert heard.wait(folder / "new" / "er" / "file", folder / "new" / "er", folder / "new")
        watch.close()

    def test_a_closed_watch_tells_nothing_and_closes_again(self, here: Platform, folder: Path) -> None:
        heard = Heard()
        watch = here.watch([str(folder)], heard, heard)
        watch.close()
        watch.close()
        (folder / "new").write_text("x")
        assert heard._paths == set()
