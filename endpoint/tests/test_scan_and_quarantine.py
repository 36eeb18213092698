"""Scans find what is there, touch nothing else, and quarantine gives back exactly what it took."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_endpoint.engines.base import Engine
from seatkeep_endpoint.errors import (
    QuarantineDamagedError,
    QuarantineUnknownError,
    RestorePathChangedError,
    RestoreTargetExistsError,
)
from seatkeep_endpoint.platforms import platform
from seatkeep_endpoint.quarantine import Quarantine
from seatkeep_endpoint.scanning.display import display_path
from seatkeep_endpoint.scanning.exclusions import Exclusions
from seatkeep_endpoint.scanning.scan import Detection, Scan, ScanRequest

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="modes, links, pipes and names in bytes are posix")


class Desk:
    """Scans a folder with the shipped rules."""

    def __init__(self, folder: Path, engine: Engine, quarantine: Quarantine, now: datetime) -> None:
        self.folder, self.engine, self.quarantine, self.now = folder, engine, quarantine, now
        self.found: list[Detection] = []

    def scan(self, *exclusions: str, max_file_bytes: int = 0) -> Scan:
        request = ScanRequest(targets=[str(self.folder)], exclusions=exclusions, max_file_bytes=max_file_bytes)
        scan = Scan(
            request=request, engine=self.engine, files=platform().files, quarantine=self.quarantine,
            clock=lambda: self.now, on_detection=self.found.append,
        )  # fmt: skip
        scan.run()
        return scan

    def take(self) -> str:
        self.scan()
        return next(found.item.item for found in reversed(self.found) if found.item)


@pytest.fixture
def desk(tmp_path: Path, engine: Engine, quarantine: Quarantine, now: datetime) -> Desk:
    folder = tmp_path / "files"
    folder.mkdir()
    return Desk(folder, engine, quarantine, now)


def test_the_test_file_is_found_and_taken(desk: Desk, eicar: bytes) -> None:
    (desk.folder / "eicar.com").write_bytes(eicar)
    desk.scan()
    assert [(found.finding.name, found.finding.is_test) for found in desk.found] == [("EICAR-Test-File", True)]
    assert not (desk.folder / "eicar.com").exists()


@on_posix
def test_a_restored_file_has_its_content_mode_and_time(desk: Desk, eicar: bytes, now: datetime) -> None:
    path = desk.folder / "eicar.com"
    path.write_bytes(eicar)
    path.chmod(0o4751)
    os.utime(path, ns=(10**18, 10**18))
    desk.quarantine.restore(desk.take(), now=now)
    status = path.stat()
    assert (path.read_bytes(), status.st_mode & 0o7777, status.st_mtime_ns) == (eicar, 0o751, 10**18)


@on_posix
def test_the_stored_copy_is_not_the_file_and_for_the_owner_only(desk: Desk, eicar: bytes, tmp_path: Path) -> None:
    (desk.folder / "eicar.com").write_bytes(eicar)
    blob = tmp_path / "quarantine" / desk.take()
    assert (blob.read_bytes() != eicar, blob.stat().st_mode & 0o777) == (True, 0o600)


@on_posix
@pytest.mark.parametrize("name", [b"new\nline", b"-rf", b"\xff\xfe bytes", "ünï\u202egnp.exe".encode(), b"a" * 255])
def test_hostile_names_are_taken_and_restored(desk: Desk, eicar: bytes, now: datetime, name: bytes) -> None:
    path = os.path.join(os.fsencode(desk.folder), name)
    Path(os.fsdecode(path)).write_bytes(eicar)
    desk.quarantine.restore(desk.take(), now=now)
    assert os.path.exists(path)
    assert display_path(path).isprintable()


def test_a_file_beyond_260_characters_is_found_taken_and_restored(desk: Desk, eicar: bytes, now: datetime) -> None:
    """Windows takes such a path by its prefix only, as the folder that is asked for too."""
    desk.folder = desk.folder.resolve() / ("ö d" * 30) / ("e" * 100) / ("f" * 100)
    path = Path(f"\\\\?\\{desk.folder}" if sys.platform == "win32" else desk.folder) / "März 1.com"
    path.parent.mkdir(parents=True)
    path.write_bytes(eicar)
    assert len(str(path)) > 300
    item = desk.take()
    assert not path.exists()
    desk.quarantine.restore(item, now=now)
    assert path.read_bytes() == eicar


def test_a_restored_file_that_is_excluded_is_not_taken_again(desk: Desk, eicar: bytes, now: datetime) -> None:
    (desk.folder / "eicar.com").write_bytes(eicar)
    desk.quarantine.restore(desk.take(), now=now, is_excluding=True)
    assert desk.scan().counts.detected == 0


def test_restore_does_not_overwrite(desk: Desk, eicar: bytes, now: datetime) -> None:
    (desk.folder / "eicar.com").write_bytes(eicar)
    item = desk.take()
    (desk.folder / "eicar.com").write_bytes(b"mine")
    with pytest.raises(RestoreTargetExistsError):
        desk.quarantine.restore(item, now=now)


@on_posix
def test_a_folder_swapped_for_a_link_cannot_steer_a_restore_elsewhere(
    desk: Desk, eicar: bytes, now: datetime, tmp_path: Path
) -> None:
    inner, loot = desk.folder / "inner", tmp_path / "cron.d"
    inner.mkdir()
    loot.mkdir()
    (inner / "eicar.com").write_bytes(eicar)
    item = desk.take()
    inner.rmdir()
    inner.symlink_to(loot)
    with pytest.raises(RestorePathChangedError):
        desk.quarantine.restore(item, now=now)
    assert list(loot.iterdir()) == []


def test_a_damaged_copy_is_not_restored(desk: Desk, eicar: bytes, now: datetime, tmp_path: Path) -> None:
    (desk.folder / "eicar.com").write_bytes(eicar)
    item = desk.take()
    (tmp_path / "quarantine" / item).write_bytes(b"changed")
    with pytest.raises(QuarantineDamagedError):
        desk.quarantine.restore(item, now=now)
    assert not (desk.folder / "eicar.com").exists()


def test_a_deleted_file_is_gone(desk: Desk, eicar: bytes, tmp_path: Path) -> None:
    (desk.folder / "eicar.com").write_bytes(eicar)
    item = desk.take()
    desk.quarantine.delete(item)
    assert list((tmp_path / "quarantine").iterdir()) == []
    with pytest.raises(QuarantineUnknownError):
        desk.quarantine.get(item)


@on_posix
def test_links_pipes_and_sockets_are_not_followed(desk: Desk, eicar: bytes, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "eicar.com").write_bytes(eicar)
    (desk.folder / "file-link").symlink_to(outside / "eicar.com")
    (desk.folder / "folder-link").symlink_to(outside)
    os.mkfifo(desk.folder / "pipe")
    assert desk.scan().counts.scanned == 0


def test_a_file_beyond_the_limit_counts_as_unreadable(desk: Desk) -> None:
    (desk.folder / "big").write_bytes(b"x" * 100)
    scan = desk.scan(max_file_bytes=10)
    assert (scan.counts.unreadable, scan.counts.unreadable_names) == (1, [str(desk.folder / "big")])


def test_a_threat_over_a_window_border_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatkeep_endpoint.engines.yara.WINDOW_BYTES", 4096)
    monkeypatch.setattr("seatkeep_endpoint.engines.yara.OVERLAP_BYTES", 1024)
    config = b'{"pools": [{"url": "stratum+tcp://pool.example:3333"}], "donate-level": 1}'
    (desk.folder / "config.json").write_bytes(b" " * 4060 + config)
    assert desk.scan().counts.detected == 1


def test_excluded_folders_are_left_alone(desk: Desk, eicar: bytes) -> None:
    (desk.folder / "eicar.com").write_bytes(eicar)
    assert desk.scan(str(desk.folder)).counts.scanned == 0


def test_a_cancelled_scan_stops(desk: Desk) -> None:
    (desk.folder / "a").write_bytes(b"a")
    scan = desk.scan()
    scan.cancelled.set()
    assert scan.run() is False


@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        ("/srv/data", "/srv/data/deep/file", True),
        ("/srv/data", "/srv/database", False),
        ("/srv/*.log", "/srv/a.log", True),
        ("/srv/*.log", "/srv/deep/a.log", False),
        ("/srv/**/*.log", "/srv/deep/er/a.log", True),
        ("/home/*/cache", "/home/eve/cache/x", True),
    ],
)
def test_exclusion_patterns(pattern: str, path: str, is_match: bool) -> None:
    assert Exclusions([pattern]).matches(path) is is_match


@given(st.text(min_size=1).filter(lambda text: "*" not in text and "?" not in text))
def test_a_plain_exclusion_matches_only_itself_and_below(name: str) -> None:
    assert Exclusions([f"/x/{name}"]).matches("/y") is False
