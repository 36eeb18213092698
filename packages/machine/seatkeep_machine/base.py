"""What agent and endpoint ask of an operating system."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

ConnectionHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LocalServer(Protocol):
    """A local channel that is being listened on."""

    def close(self) -> None:
        """Stop listening."""


class Machine(Protocol):
    """Everything that differs by operating system and that both programs need."""

    def default_root(self) -> Path:
        """Where an installation keeps its data unless the caller says otherwise."""

    def guard_folder(self, folder: Path, *, is_private: bool) -> None:
        """Make a folder, and let nobody but its owner and the system write into it. Idempotent.

        Args:
            folder: Made with its parents when missing.
            is_private: Whether others may not read it either.

        Raises:
            FolderForeignError: It exists and belongs to somebody else.
        """

    def hold(self, path: Path) -> int | None:
        """Write our process id into a file and hold it for the life of this process; None when another one holds it."""

    def holder(self, path: Path) -> int | None:
        """The process that holds a file; a stale file counts as nobody, whoever has the number now."""

    def stop_requests(self, on_stop: Callable[[], object], *, is_with_input: bool) -> AbstractContextManager[None]:
        """Within: call `on_stop`, on the running loop, when this process is asked to end.

        Args:
            on_stop: May be called more than once.
            is_with_input: The end of standard input counts as such a request too: whoever started us has gone.
        """

    def ask_to_end(self, pid: int) -> None:
        """Ask a process of ours to end in order; one that is not there, or cannot be asked, is passed over."""

    def kill(self, pid: int) -> None:
        """End a process at once; one that is not there is passed over."""

    async def serve_local(self, path: Path, handler: ConnectionHandler) -> LocalServer:
        """Listen where only this user and the system can connect.

        Args:
            path: Names the channel: the socket's path, where the system has such.
            handler: Called for each connection.

        Raises:
            OSError: Another program holds that name.
        """

    async def connect_local(self, path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a local channel; only one of this user or the system is accepted.

        Raises:
            PeerAbsentError: Nobody listens, or (`PeerStrangeError`) somebody else does.
        """

    def fingerprint_components(self) -> dict[str, str]:
        """Raw hardware identity by component; empty ones are left out. Digested before it leaves the machine."""
