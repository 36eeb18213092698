"""Where the agent keeps its things, all below one root that the installer chose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seatkeep_machine import machine


@dataclass(frozen=True)
class Layout:
    """Files and folders of the agent below `root`."""

    root: Path

    @property
    def database(self) -> Path:
        """Facts, spool, documents, journal."""
        return self.root / "var" / "agent.db"

    @property
    def reserve(self) -> Path:
        """A megabyte that is given up when the disk is full, so that events still fit."""
        return self.root / "var" / "reserve"

    @property
    def keys(self) -> Path:
        """The agent's secret keys (0600)."""
        return self.root / "var" / "agent-keys.json"

    @property
    def config(self) -> Path:
        """What set-up wrote: the console's address and the like; no secrets."""
        return self.root / "etc" / "agent.json"

    @property
    def ca_file(self) -> Path:
        """The instance's own certificate authority, when it has one."""
        return self.root / "etc" / "ca.pem"

    @property
    def machine_id(self) -> Path:
        """Identity of a machine that shares its hardware with others (a container); usually absent."""
        return self.root / "etc" / "machine-id"

    @property
    def endpoint_socket(self) -> Path:
        """Where the endpoint listens."""
        return self.root / "run" / "endpoint.sock"

    @property
    def pid_file(self) -> Path:
        """The agent's process id while it runs; locked by it."""
        return self.root / "run" / "agent.pid"

    @property
    def status_file(self) -> Path:
        """The agent's own view of itself, for `seatkeep-agent status`; no secrets."""
        return self.root / "run" / "agent-status.json"

    @property
    def log_file(self) -> Path:
        """Where the background process writes when no service manager keeps its output."""
        return self.root / "var" / "agent.log"

    @property
    def board(self) -> Path:
        """Where people at this machine may leave an answer."""
        return self.root / "notice"

    def prepare(self) -> None:
        """Make the folders: users may read `etc`, and see nothing of var and run.

        Raises:
            OSError: Not allowed, or somebody else's folder is there.
        """
        guard_folder = machine().guard_folder
        for folder in (self.root, self.root / "etc"):
            guard_folder(folder, is_private=False)
        for folder in (self.root / "var", self.root / "run"):
            guard_folder(folder, is_private=True)
