"""What the agent asks of an operating system, beyond what every machine answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from seatkeep_machine.base import Machine
from seatkeep_protocol.messages import Hardware, OsInfo, Software
from seatkeep_protocol.vocabulary import DeviceKind


class Services(Protocol):
    """The agent as a service, or as a background process where there is no service manager."""

    def has_service_manager(self) -> bool:
        """Whether a service can be installed that survives a reboot (and we may do so)."""

    def service_install(self, root: Path, program: list[str]) -> None:
        """Install and start the agent as a service; an older one of the same root is replaced.

        Args:
            root: The installation.
            program: How the agent is started; the verb and the root are added as this system needs them.

        Raises:
            LocalFailureError: The service manager refused.
        """

    def service_remove(self, root: Path) -> None:
        """Stop and remove the service. Idempotent; may end the calling process when it is that service."""

    def service_state(self, root: Path) -> str:
        """In words: "service active", "background process 4711", "not running"."""

    def service_run(self, root: Path, run: Callable[[], int]) -> int:
        """Be the service that the service manager has started; returns when it is over.

        Args:
            root: The installation.
            run: Serves until it is asked to stop; another code than 0 is a failure that the manager repairs.

        Raises:
            LocalFailureError: Nobody but a service manager may do that here.
        """

    def start_background(self, root: Path, command: list[str], log_file: Path) -> None:
        """Start the agent as a background process that outlives the caller.

        Raises:
            LocalFailureError: It ended at once.
        """

    def stop_background(self, pid_file: Path) -> bool:
        """End the background process of a root; True when one was running."""

    def service_log(self, root: Path) -> bytes:
        """The end of what the service manager keeps of the agent's output, empty where it keeps none."""


class MachineFacts(Protocol):
    """What the console shows of a computer."""

    def hostname(self) -> str:
        """The machine's name."""

    def domain(self) -> str:
        """The domain or workgroup that it is joined to, or ""."""

    def kind(self) -> DeviceKind:
        """Workstation or server."""

    def os_info(self) -> OsInfo:
        """The operating system."""

    def hardware(self) -> Hardware:
        """What the machine is made of."""

    def software(self) -> list[Software]:
        """Installed packages, by name."""

    def addresses(self) -> list[str]:
        """IP addresses of the machine, without loopback and link-local ones."""

    def user(self) -> str:
        """Who is signed in, or ""."""

    def last_user(self) -> str:
        """Who is signed in, or was last, or ""."""

    def needs_restart(self) -> bool:
        """Whether the system says that it has to be restarted, after an update for instance."""


class People(Protocol):
    """What reaches those who sit before the machine."""

    def message_user(self, text: str) -> bool:
        """Show a message to whoever is signed in; False when nobody could be told."""

    def offer_later(self, text: str, answer: Path, minutes: int) -> None:
        """Tell whoever is signed in what will happen in some minutes, and how to say "not now".

        Args:
            text: What will happen.
            answer: A file that anybody may write to; content in it means "not now".
            minutes: How long the answer counts.
        """

    def restart(self, delay_minutes: int) -> None:
        """Restart the machine after a delay.

        Raises:
            LocalFailureError: Not allowed.
        """

    def shut_down(self, delay_minutes: int) -> None:
        """Turn the machine off after a delay.

        Raises:
            LocalFailureError: Not allowed.
        """


class Platform(Machine, Services, MachineFacts, People, Protocol):
    """Everything that differs by operating system, so that no other module has to know one."""
