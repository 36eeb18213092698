"""What the endpoint asks of an operating system."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

ConnectionHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Platform(Protocol):
    """Everything that differs by operating system, so that no other module has to know one."""

    def total_ram_bytes(self) -> int:
        """Physical memory, bytes."""

    def fingerprint_components(self) -> dict[str, str]:
        """Raw hardware identity by component; empty ones are left out. Digested before it leaves the machine."""

    def lock(self, path: Path) -> int | None:
        """Hold a file for the life of this process; None when another process holds it."""

    async def serve_local(self, path: Path, handler: ConnectionHandler) -> asyncio.AbstractServer:
        """Listen where only this user (and root) can connect."""
