"""What the installer's steps need of Windows, as one protocol, so that they can be tested anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seatkeep_msi.settings import Settings


@dataclass(frozen=True)
class Program:
    """One version on the disk; several lie side by side while one follows the other.

    Attributes:
        folder: Where pythonw.exe is.
        version: Of the package.
        edition: "agent" or "endpoint".
    """

    folder: Path
    version: str
    edition: str


class InstallerMachine(Protocol):
    """The machine that is being installed on."""

    def settings_kept(self) -> Settings:
        """What an earlier run kept, without secrets."""

    def settings_keep(self, settings: Settings) -> None:
        """Keep what is no secret, for whoever looks (an RMM) and for the next upgrade."""

    def settings_forget(self) -> None:
        """Remove what was kept. Idempotent."""

    def program_named(self, *, is_former: bool = False) -> Program | None:
        """The version that the registry names as installed; with `is_former` the one that it followed."""

    def program_follow(self, former: Program | None) -> None:
        """Keep which version serves until now, in case the next one has to be undone."""

    def program_name(self, program: Program) -> None:
        """Name what is installed, for inventories and detection rules, and who speaks in the event log."""

    def program_forget(self) -> None:
        """Name nothing any more. Idempotent."""

    def service_folder(self) -> Path | None:
        """The folder whose program the service starts; None without a service."""

    def service_point(self, folder: Path, root: Path) -> None:
        """Have the service start the program of a folder, and Windows start it again whenever it fails.

        One write, on the disk when this returns, after the program's own files: a power cut leaves the one program or
        the other. A running service goes on with what it runs.

        Args:
            folder: The program.
            root: The folder of the data.

        Raises:
            StepError: Windows refuses.
        """

    def service_start(self) -> None:
        """Start the service, which has to answer the service manager, not yet anybody else.

        Raises:
            StepError: It does not start.
        """

    def service_stop(self) -> None:
        """Stop the service and wait until it has ended. Idempotent."""

    def service_remove(self) -> None:
        """Remove the service. Idempotent."""

    def event(self, text: str, *, is_error: bool) -> None:
        """Tell the event log."""
