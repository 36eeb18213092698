"""Where the endpoint keeps its things, all below one root that the installer chose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Files and folders of the endpoint below `root`; made private (0700) by `prepare`."""

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
        """Make the folders; var, run and quarantine are for the owner only."""
        for folder in (self.root / "etc", self.own_rules):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        for folder in (self.root / "var", self.root / "run", self.quarantine):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
