"""Where the endpoint keeps its things, all below one root that the installer chose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seatkeep_machine import machine


@dataclass(frozen=True)
class Layout:
    """Files and folders of the endpoint below `root`; made and guarded by `prepare`."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "var" / "endpoint.db"

    @property
    def device_key(self) -> Path:
        return self.root / "var" / "endpoint.key"

    @property
    def machine_id(self) -> Path:
        return self.root / "etc" / "machine-id"

    @property
    def quarantine(self) -> Path:
        return self.root / "var" / "quarantine"

    @property
    def own_rules(self) -> Path:
        return self.root / "etc" / "rules"

    @property
    def socket(self) -> Path:
        return self.root / "run" / "endpoint.sock"

    @property
    def lock_file(self) -> Path:
        return self.root / "run" / "endpoint.lock"

    @property
    def ca_file(self) -> Path:
        """The servers' own certificate authority, when they have one."""
        return self.root / "var" / "endpoint-ca.pem"

    def prepare(self) -> None:
        """Make the folders: users may read `etc`, and see nothing of var, run and quarantine.

        Raises:
            OSError: Not allowed, or somebody else's folder is there.
        """
        guard_folder = machine().guard_folder
        for folder in (self.root, self.root / "etc", self.own_rules):
            guard_folder(folder, is_private=False)
        for folder in (self.root / "var", self.root / "run", self.quarantine):
            guard_folder(folder, is_private=True)
