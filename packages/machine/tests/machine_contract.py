"""What every machine keeps to, whatever its operating system."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from seatkeep_machine.base import Machine
from seatkeep_machine.errors import PeerAbsentError

HOLDER = """
import sys
from pathlib import Path
from seatkeep_machine import machine
print(machine().hold(Path(sys.argv[1])) is not None, flush=True)
sys.stdin.read()
"""
STOPPABLE = """
import asyncio
from seatkeep_machine import machine

async def main():
    asked = asyncio.Event()
    with machine().stop_requests(asked.set, is_with_input=True):
        print("ready", flush=True)
        await asked.wait()
    print("ended in order", flush=True)

asyncio.run(main())
"""


def child(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Another process of this Python, with pipes at both ends."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def line(process: subprocess.Popen[bytes]) -> str:
    """What it says next."""
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


async def connect_patiently(here: Machine, path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as the agent does: again, when nobody is free for a moment."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await here.connect_local(path)
            except PeerAbsentError:
                await asyncio.sleep(0.01)


class MachineContract:
    """Inherit this and give `here`, and every test of it runs against that adapter."""

    @pytest.fixture
    def here(self) -> Machine:
        """The adapter under test."""
        raise NotImplementedError

    def test_only_one_process_holds_a_file_and_others_see_which(self, here: Machine, tmp_path: Path) -> None:
        held = tmp_path / "agent.pid"
        with child(HOLDER, str(held)) as other:
            assert line(other) == "True"
            assert (here.hold(held), here.holder(held)) == (None, other.pid)
            other.communicate()
        assert here.holder(held) is None
        descriptor = here.hold(held)
        assert descriptor is not None
        os.close(descriptor)

    def test_a_file_that_nobody_made_is_held_by_nobody(self, here: Machine, tmp_path: Path) -> None:
        assert here.holder(tmp_path / "absent") is None

    def test_a_process_that_is_asked_ends_in_order(self, here: Machine) -> None:
        with child(STOPPABLE) as process:
            assert line(process) == "ready"
            here.ask_to_end(process.pid)
            assert line(process) == "ended in order"
            assert process.wait() == 0

    def test_a_process_whose_starter_is_gone_ends_in_order(self) -> None:
        with child(STOPPABLE) as process:
            assert line(process) == "ready"
            assert process.stdin is not None
            process.stdin.close()
            assert line(process) == "ended in order"

    def test_a_process_can_be_killed(self, here: Machine, tmp_path: Path) -> None:
        with child(HOLDER, str(tmp_path / "held")) as process:
            line(process)
            here.kill(process.pid)
            assert process.wait() != 0

    def test_processes_that_are_gone_are_passed_over(self, here: Machine) -> None:
        with child("pass") as process:
            process.wait()
        here.ask_to_end(process.pid)
        here.kill(process.pid)

    async def test_frames_go_both_ways_on_the_local_channel(self, here: Machine, tmp_path: Path) -> None:
        big = os.urandom(300_000)

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(len(big)))
            await writer.drain()
            writer.close()

        server = await here.serve_local(tmp_path / "a.sock", echo)
        reader, writer = await here.connect_local(tmp_path / "a.sock")
        writer.write(big)
        async with asyncio.timeout(20):
            assert await reader.read(-1) == big
        writer.close()
        server.close()

    async def test_several_connections_are_served(self, here: Machine, tmp_path: Path) -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        server = await here.serve_local(tmp_path / "a.sock", greet)
        for _ in range(3):
            reader, writer = await here.connect_local(tmp_path / "a.sock")
            assert await reader.read(-1) == b"hello"
            writer.close()
        server.close()

    async def test_those_who_come_and_go_at_once_keep_nobody_out(self, here: Machine, tmp_path: Path) -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        server = await here.serve_local(tmp_path / "a.sock", greet)
        for _ in range(5):
            _, writer = await connect_patiently(here, tmp_path / "a.sock")
            writer.close()
        reader, writer = await connect_patiently(here, tmp_path / "a.sock")
        assert await reader.read(-1) == b"hello"
        writer.close()
        server.close()

    async def test_nobody_listens(self, here: Machine, tmp_path: Path) -> None:
        with pytest.raises(PeerAbsentError):
            await here.connect_local(tmp_path / "absent.sock")

    async def test_a_closed_channel_is_gone(self, here: Machine, tmp_path: Path) -> None:
        async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await here.serve_local(tmp_path / "a.sock", ignore)
        server.close()
        await asyncio.sleep(0)
        with pytest.raises(PeerAbsentError):
            await here.connect_local(tmp_path / "a.sock")

    async def test_a_long_root_has_a_channel_too(self, here: Machine, tmp_path: Path) -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        deep = tmp_path / ("folder-" * 12) / "run"
        deep.mkdir(parents=True)
        server = await here.serve_local(deep / "endpoint.sock", greet)
        reader, writer = await here.connect_local(deep / "endpoint.sock")
        assert await reader.read(-1) == b"hello"
        writer.close()
        server.close()

    def test_guarding_a_folder_twice_keeps_what_is_in_it(self, here: Machine, tmp_path: Path) -> None:
        for is_private in (True, False):
            folder = tmp_path / f"private-{is_private}"
            here.guard_folder(folder, is_private=is_private)
            (folder / "file").write_text("kept")
            here.guard_folder(folder, is_private=is_private)
            assert (folder / "file").read_text() == "kept"

    def test_this_machine_has_an_identity_that_stays(self, here: Machine) -> None:
        found = here.fingerprint_components()
        assert found
        assert found == here.fingerprint_components()
        assert all(found.values())

    def test_data_lives_in_an_absolute_folder(self, here: Machine) -> None:
        assert here.default_root().is_absolute()
