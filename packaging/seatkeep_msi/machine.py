"""What the installer's steps need of Windows, as one protocol, so that they can be tested anywhere."""

from __future__ import annotations

from typing import Protocol

from seatkeep_msi.settings import Settings


class InstallerMachine(Protocol):
    """The machine that is being installed on."""

    def settings_kept(self) -> Settings:
        """What an earlier run kept, without secrets."""

    def settings_keep(self, settings: Settings) -> None:
        """Keep what is no secret, for whoever looks (an RMM) and for the next upgrade."""

    def settings_forget(self) -> None:
        """Remove what was kept. Idempotent."""

    def service_harden(self) -> None:
        """Have Windows start the service again whenever it fails.

        Raises:
            StepError: There is no service.
        """

    def event(self, text: str, *, is_error: bool) -> None:
        """Tell the event log."""
