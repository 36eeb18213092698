"""The operating system that the tests run on: Linux here, Windows when `test_under_wine` runs this very file there."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import pytest
from endpoint_platform_contract import PlatformContract
from seatkeep_endpoint.errors import RestorePathChangedError
from seatkeep_endpoint.platforms import platform
from seatkeep_endpoint.platforms.base import Platform
from seatkeep_endpoint.scanning.exclusions import Exclusions

IS_WINDOWS = sys.platform == "win32"
on_windows = pytest.mark.skipif(not IS_WINDOWS, reason="paths of Windows")
IS_WINE = IS_WINDOWS and hasattr(getattr(ctypes, "WinDLL", str)("ntdll"), "wine_get_version")
ANYWHERE = ("-rf", "ünï\u202egnp.exe", "a" * 100)
POSIX = ("new\nline", "\udcff\udcfe bytes", "back\\slash", "a" * 255)
WINDOWS = ("CON", "aux.txt", "NUL", "COM1.log")
NOT_WINE = ("dot.", "blank ", "lone \ud800 surrogate")
"""Wine 8 leaves dots and blanks out of final paths, and its disk is UTF-8."""


class TestThisPlatform(PlatformContract):
    hostile_names = ANYWHERE + (WINDOWS if IS_WINDOWS else POSIX) + (NOT_WINE if IS_WINDOWS and not IS_WINE else ())

    @pytest.fixture
    def here(self) -> Platform:
        return platform()

    def literal(self, path: Path) -> str:
        return f"\\\\?\\{path}" if IS_WINDOWS else str(path)


def test_the_default_targets_are_absolute() -> None:
    assert all(Path(target).is_absolute() for target in platform().default_settings().get("scan.targets", ["/home"]))


@on_windows
@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        (r"C:\Data", r"c:\data\Deep\File", True),
        (r"C:\Data", r"C:\Database", False),
        (r"C:\Users\*\AppData", r"C:\Users\Eve\AppData\x", True),
        (r"C:\**\*.iso", r"C:\a\b\C.ISO", True),
        ("C:/Data/", r"C:\Data\x", True),
    ],
)
def test_exclusions_compare_as_windows_does(pattern: str, path: str, is_match: bool) -> None:
    assert Exclusions([pattern], platform().files.comparable).matches(path) is is_match


@on_windows
@pytest.mark.parametrize("hidden", ["a.txt:evil", "a.txt::$DATA", "a.txt:evil:$DATA", ":evil"])
def test_a_stream_of_a_file_is_neither_opened_nor_restored(tmp_path: Path, hidden: str) -> None:
    """Restoring into one would change the file that carries it."""
    carrier = tmp_path.resolve() / "a.txt"
    carrier.write_bytes(b"carrier")
    files = platform().files
    (found,) = files.single(str(carrier))
    descriptor = found.open()
    stamp = files.stamp(descriptor)
    os.close(descriptor)
    path = f"{tmp_path.resolve()}\\{hidden}"

    (stream,) = files.single(path)
    with pytest.raises(OSError, match="stream"):
        stream.open()
    with pytest.raises(RestorePathChangedError), files.restore(os.fsencode(path), stamp):
        pass
    assert carrier.read_bytes() == b"carrier"


@on_windows
def test_a_file_that_a_link_leads_to_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wine makes no links, so the file says that it is elsewhere."""
    from seatkeep_endpoint.platforms import windows_files

    (tmp_path / "file").write_bytes(b"x")
    monkeypatch.setattr(windows_files, "is_at", lambda handle, path: False)
    (found,) = platform().files.below(str(tmp_path.resolve()), lambda path: False, lambda path: None)
    with pytest.raises(OSError, match="reached by a link"):
        found.open()


@on_windows
def test_where_a_file_is_on_its_volume(tmp_path: Path) -> None:
    """For the volumes whose files have no final path: neither another path nor another volume passes."""
    from seatkeep_endpoint.platforms.windows_places import is_on_volume_at

    path = tmp_path.resolve() / "file"
    with path.open("w") as file:
        handle = getattr(__import__("msvcrt"), "get_osfhandle")(file.fileno())  # noqa: B009
        assert is_on_volume_at(handle, str(path))
        assert not is_on_volume_at(handle, str(path.with_name("another")))
        assert not is_on_volume_at(handle, f"Q:{path.as_posix()[2:]}".replace("/", "\\"))


@on_windows
@pytest.mark.parametrize(
    ("path", "literal"),
    [
        (r"C:\a", "\\\\?\\C:\\a"),
        (r"\\server\share\a", r"\\?\UNC\server\share\a"),
        (r"\\?\C:\a", r"\\?\C:\a"),
    ],
)
def test_literal_paths(path: str, literal: str) -> None:
    from seatkeep_endpoint.platforms.windows_places import extended, plain

    assert extended(path) == literal
    assert plain(literal) == path.removeprefix("\\\\?\\")
