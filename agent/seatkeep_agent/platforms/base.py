"""What the agent asks of an operating system."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from seatkeep_protocol.messages import Hardware, OsInfo, Software
from seatkeep_protocol.vocabulary import DeviceKind


class Platform(Protocol):
    """Everything that differs by operating system, so that no other module has to know one."""

    def default_root(self) -> Path:
        """Where an installation goes unless the caller says otherwise."""

    def has_service_manager(self) -> bool:
        """Whether a service can be installed that survives a reboot (and we may do so)."""

    def service_install(self, root: Path, command: list[str]) -> None:
        """Install and start the agent as a service; an older one of the same root is replaced.

        Raises:
            LocalFailureError: The service manager refused.
        """

    def service_remove(self, root: Path) -> None:
        """Stop and remove the service. Idempotent; may end the calling process when it is that service."""

    def service_state(self, root: Path) -> str:
        """In words: "service active", "background process 4711", "not running"."""

    def start_background(self, root: Path, command: list[str], log_file: Path) -> None:
        """Start the agent as a background process that outlives the caller.

        Raises:
            LocalFailureError: It ended at once.
        """

    def stop_background(self, pid_file: Path) -> bool:
        """End the background process of a root; True when one was running."""

    def lock_pid_file(self, pid_file: Path) -> int | None:
        """Write our process id and hold the file; None when another process holds it."""

    async def connect_local(self, path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the endpoint; only a server of the same user (or root) is accepted.

        Raises:
            EndpointAbsentError: Nobody listens, or somebody else does.
        """

    def hostname(self) -> str:
        """The machine's name."""

    def kind(self) -> DeviceKind:
        """Workstation or server."""

    def os_info(self) -> OsInfo:
        """The operating system."""

    def hardware(self) -> Hardware:
        """What the machine is made of."""

    def software(self) -> list[Software]:
        """Installed packages, by name."""

    def fingerprint_components(self) -> dict[str, str]:
        """Raw hardware identity by component; empty ones are left out. Digested before it leaves the machine."""

    def addresses(self) -> list[str]:
        """IP addresses of the machine, without loopback and link-local ones."""

    def user(self) -> str:
        """Who is signed in, or ""."""

    def message_user(self, text: str) -> bool:
        """Show a message to whoever is signed in; False when nobody could be told."""

    def restart(self, delay_minutes: int) -> None:
        """Restart the machine after a delay.

        Raises:
            LocalFailureError: Not allowed.
        """
