"""Leaving a machine."""

from __future__ import annotations

import asyncio
import logging
import shutil
from contextlib import suppress
from pathlib import Path

from seatkeep_machine.errors import FirewallError, MachineUnsupportedError
from seatkeep_machine.firewall import firewall
from seatkeep_protocol.local import Event, Hello, Op, RetireArgs

from seatkeep_agent.endpoint_client import EndpointClient
from seatkeep_agent.errors import AgentError
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms.base import Platform

log = logging.getLogger(__name__)
OWN_FOLDERS = ("bin", "lib", "etc", "run", "var", "log", "notice")
CONNECT_SECONDS = 20.0
"""An endpoint that is just starting, after an upgrade or a restart of the machine, still gets to give its seat back."""
RELEASE_SECONDS = 30.0


async def seat_release(layout: Layout, platform: Platform) -> bool:
    """Ask a running endpoint to give its seat back; False when it could not be asked or the hub did not answer."""
    connected = asyncio.Event()

    async def ignore(event: Event) -> None:
        return None

    async def greet(hello: Hello) -> None:
        connected.set()

    client = EndpointClient(platform, layout.endpoint_socket, on_event=ignore, on_connect=greet, seen=0)
    session = asyncio.create_task(client.run())
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await connected.wait()
        async with asyncio.timeout(RELEASE_SECONDS):
            await client.ask(Op.RETIRE, RetireArgs())
    except (TimeoutError, AgentError):
        return False
    finally:
        session.cancel()
    return True


def uninstall(layout: Layout, platform: Platform) -> bool:
    """Give the seat back, stop everything, remove what is ours; True when the hub confirmed the seat's return."""
    is_released = asyncio.run(seat_release(layout, platform))
    platform.service_remove(layout.root)
    platform.stop_background(layout.pid_file)
    isolation_end(layout.root)
    files_remove(layout.root)
    return is_released


def isolation_end(root: Path) -> None:
    """Let a machine back to the network that nobody will look after any more."""
    try:
        found = firewall(root)
        if found.is_cut():
            found.open()
    except (FirewallError, MachineUnsupportedError) as error:
        log.warning("the isolation could not be ended: %s", error)


def files_remove(root: Path) -> None:
    """Remove our folders below the root, and the root when nothing else is in it."""
    for name in OWN_FOLDERS:
        folder = root / name
        if folder.is_symlink():
            folder.unlink()
        else:
            shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        root.rmdir()
