"""The data folder: what lies where, and the secrets that the launcher makes once."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from seatkeep_launcher.files import write_private, write_whole
from seatkeep_launcher.postgres import is_reachable_by_others

POSTGRES_ELSEWHERE = Path("/var/lib/seatkeep-postgres")


@dataclass(frozen=True)
class Secrets:
    """Random values of one installation, in `secrets.json` (0600).

    Attributes:
        setup_token: Opens the first-run wizard once, and the page of the console that links it, until it is linked.
        bootstrap_token: Lets the manager's link be approved by the one-MSP wizard.
        oidc_client_id: The console as the hub's OpenID client.
        oidc_client_secret: Its secret.
        hub_password: Role `hub` of the embedded PostgreSQL.
        manager_password: Role `manager`.
        readonly_password: Role `readonly`, for reports of your own.
    """

    setup_token: str
    bootstrap_token: str
    oidc_client_id: str
    oidc_client_secret: str
    hub_password: str
    manager_password: str
    readonly_password: str

    @classmethod
    def generate(cls) -> Secrets:
        """New random values."""
        return cls(
            setup_token=secrets.token_urlsafe(24),
            bootstrap_token=secrets.token_urlsafe(32),
            oidc_client_id="console",
            oidc_client_secret=secrets.token_urlsafe(32),
            hub_password=secrets.token_urlsafe(24),
            manager_password=secrets.token_urlsafe(24),
            readonly_password=secrets.token_urlsafe(24),
        )

    def __repr__(self) -> str:
        return "Secrets(…)"


@dataclass(frozen=True)
class Home:
    """Where everything of one installation lies."""

    data: Path

    @property
    def run(self) -> Path:
        """Lock, pid, state: of no use after a stop."""
        return self.data / "run"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.data / "logs"

    @property
    def secrets_file(self) -> Path:
        """The launcher's own secrets."""
        return self.data / "secrets" / "secrets.json"

    @property
    def hub_keyring(self) -> Path:
        """The hub's key ring."""
        return self.data / "secrets" / "hub.keyring"

    @property
    def manager_keyring(self) -> Path:
        """The manager's key ring; not the hub's, so that a stolen manager opens nothing there."""
        return self.data / "secrets" / "manager.keyring"

    @property
    def nats(self) -> Path:
        """Keys, store and configuration of the broker."""
        return self.data / "nats"

    @property
    def ca(self) -> Path:
        """The own certificate authority."""
        return self.data / "ca"

    @property
    def caddy(self) -> Path:
        """Configuration and storage of the front door."""
        return self.data / "caddy"

    @property
    def backups(self) -> Path:
        """Where `seatkeep backup` writes unless told otherwise."""
        return self.data / "backups"

    def make(self) -> None:
        """Make the folders, private to the owner. Idempotent."""
        self.data.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self.data.chmod(0o711)  # PostgreSQL's user must pass, not look.
        for folder in (self.run, self.logs, self.data / "secrets", self.nats, self.ca, self.caddy, self.backups):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)

    def secrets(self) -> Secrets:
        """The secrets, made at the first call."""
        if not self.secrets_file.exists():
            write_private(self.secrets_file, json.dumps(asdict(Secrets.generate()), indent=1))
        return Secrets(**json.loads(self.secrets_file.read_text()))

    def postgres(self) -> Path:
        """Folder of the embedded PostgreSQL.

        Root's PostgreSQL runs as an unprivileged user, who must be able to pass every folder above. Where it cannot
        (a data folder under /root, say), the cluster lies under /var/lib; `is_postgres_elsewhere` tells.
        """
        if not self.is_postgres_elsewhere():
            return self.data / "postgres"
        name = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
        POSTGRES_ELSEWHERE.mkdir(mode=0o711, exist_ok=True)
        folder = POSTGRES_ELSEWHERE / name
        if not (self.data / "postgres.location").exists():
            write_whole(self.data / "postgres.location", f"{folder}\n")
        return folder

    def is_postgres_elsewhere(self) -> bool:
        """Whether the cluster cannot lie inside the data folder."""
        return os.geteuid() == 0 and not is_reachable_by_others(self.data)
