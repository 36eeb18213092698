"""The machine that the tests run on: Linux here, Windows when `test_under_wine` runs this very file there."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest
from machine_contract import MachineContract
from seatkeep_machine import machine
from seatkeep_machine.base import Machine
from seatkeep_machine.files import file_replace

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and users are posix")
on_windows = pytest.mark.skipif(sys.platform != "win32", reason="access lists are Windows'")


class TestThisMachine(MachineContract):
    @pytest.fixture
    def here(self) -> Machine:
        return machine()


@on_posix
def test_a_private_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o755)
    machine().guard_folder(tmp_path / "var", is_private=True)
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


@on_posix
async def test_the_socket_is_for_its_owner_only(tmp_path: Path) -> None:
    server = await machine().serve_local(tmp_path / "a.sock", lambda reader, writer: None)  # type: ignore[arg-type,return-value]
    assert (tmp_path / "a.sock").stat().st_mode & 0o777 == 0o600
    server.close()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    for content in (b"old", b"new"):
        file_replace(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_although_somebody_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    file_replace(path, b"old")
    reading = path.open("rb")
    timer = threading.Timer(0.3, reading.close)
    timer.start()
    file_replace(path, b"new")
    timer.join()
    assert path.read_bytes() == b"new"


@on_windows
def test_access_lists_name_the_system_the_administrators_and_the_owner() -> None:
    from seatkeep_machine.windows.security import access_list, owner_sid

    private = access_list(is_private=True)
    assert private.startswith("D:P")
    assert all(f";FA;;;{sid})" in private for sid in ("S-1-5-18", "S-1-5-32-544", owner_sid()))
    assert "S-1-5-32-545" not in private
    assert "(A;;0x1200a9;;;S-1-5-32-545)" in access_list(is_private=False)


@on_windows
def test_a_folder_gets_our_access_list(tmp_path: Path) -> None:
    import win32security

    folder = tmp_path / "var"
    folder.mkdir()
    machine().guard_folder(folder, is_private=True)
    found = win32security.GetFileSecurity(str(folder), win32security.DACL_SECURITY_INFORMATION)
    sids = {
        win32security.ConvertSidToStringSid(found.GetSecurityDescriptorDacl().GetAce(at)[2])
        for at in range(found.GetSecurityDescriptorDacl().GetAceCount())
    }
    assert "S-1-1-0" not in sids
    assert "S-1-5-18" in sids


@on_windows
def test_a_folder_that_a_stranger_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seatkeep_machine.errors import FolderForeignError
    from seatkeep_machine.windows import security

    (tmp_path / "Seatkeep").mkdir()
    monkeypatch.setattr(security, "is_trusted", lambda sid: False)
    with pytest.raises(FolderForeignError):
        machine().guard_folder(tmp_path / "Seatkeep", is_private=False)


@on_windows
async def test_a_pipe_that_a_stranger_made_is_not_talked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seatkeep_machine.errors import PeerStrangeError
    from seatkeep_machine.windows import pipes

    server = await machine().serve_local(tmp_path / "a.sock", lambda reader, writer: None)  # type: ignore[arg-type,return-value]
    monkeypatch.setattr(pipes, "is_trusted", lambda sid: False)
    with pytest.raises(PeerStrangeError):
        await machine().connect_local(tmp_path / "a.sock")
    server.close()


@on_windows
def test_a_pipe_is_named_after_the_root_however_it_is_spelled(tmp_path: Path) -> None:
    from seatkeep_machine.windows.pipes import pipe_name

    assert pipe_name(tmp_path / "a.sock") == pipe_name(Path(str(tmp_path).upper()) / "x" / ".." / "A.sock")
    assert pipe_name(tmp_path / "a.sock") != pipe_name(tmp_path / "b.sock")
    assert len(pipe_name(Path(os.sep) / ("x" * 300))) < 100
