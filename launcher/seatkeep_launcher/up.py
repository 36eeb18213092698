"""`seatkeep up`: from settings to running processes, in order, with a clear word where something is wrong."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from seatkeep_launcher.backup import kit_key
from seatkeep_launcher.databases import databases_ensure
from seatkeep_launcher.files import write_whole
from seatkeep_launcher.plan import Installation, public_certificate
from seatkeep_launcher.ports import taken_ports
from seatkeep_launcher.settings import TlsMode
from seatkeep_launcher.supervisor import Supervisor, end_leftovers, last_lines

Progress = Callable[[str], None]
INFRASTRUCTURE = ("postgres", "nats")


class UpError(Exception):
    """Seatkeep cannot start; the message says why and what to do."""


def silent(_: str) -> None:
    """Progress for nobody."""


@dataclass
class Stack:
    """One running installation, from `start` to `stop`."""

    installation: Installation
    progress: Progress = silent
    supervisor: Supervisor = field(init=False)
    _certificate_mtime: float = 0.0
    _revocations_mtime_ns: int = 0

    def __post_init__(self) -> None:
        home = self.installation.home
        self.supervisor = Supervisor(home.logs, home.run / "state.json")

    def start(self) -> None:
        """Start all parts and wait until each is well.

        Raises:
            UpError: A port is taken.
            SupervisorError: A process does not start.
            DatabaseError: The databases cannot be made ready.
        """
        self._prepare()
        services = self.installation.services()
        infrastructure = [service for name, service in services.items() if name in INFRASTRUCTURE]
        if infrastructure:
            self.progress("starting " + " and ".join(service.name for service in infrastructure))
        self.supervisor.start(infrastructure)
        self.progress("preparing databases")
        databases_ensure(self.installation)
        self._migrate()
        self.progress("starting hub, manager and front door")
        self.supervisor.start(service for name, service in services.items() if name not in INFRASTRUCTURE)

    def run(self) -> None:
        """Keep all running until a stop is asked for."""
        self.supervisor.run(self._refresh_certificates, often=self._refresh_revocations)

    def stop(self) -> None:
        """Stop all, in order."""
        self.supervisor.stop()

    def _prepare(self) -> None:
        installation, now = self.installation, datetime.now(UTC)
        installation.home.make()
        left = end_leftovers(installation.home.run / "state.json")
        if left:
            self.progress(f"ended what an earlier run left behind: {', '.join(left)}")
        refuse_taken_ports(installation)
        kit_key(installation.home)
        installation.certificates_ensure(now=now)
        if installation.settings.broker is None:
            installation.broker.prepare(now=now)
        if installation.settings.database_url is None:
            self._prepare_postgres()
        write_whole(installation.front_door.config, installation.front_door.caddyfile(), mode=0o600)

    def _prepare_postgres(self) -> None:
        home = self.installation.home
        if home.is_postgres_elsewhere():
            self.progress(
                f"PostgreSQL's user cannot pass into {home.data}, so its data lies in {home.postgres()} "
                "(choose another folder by --data to change that)"
            )
        self.installation.postgres.initialize()

    def _migrate(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(self._command, program, "migrate", "--noinput") for program in ("hub", "manager")]
            for job in jobs:
                job.result()
        self._command("hub", "ensure_console_client")

    def _command(self, program: str, *arguments: str) -> None:
        self.progress(f"{program}: {arguments[0]}")
        log = self.installation.home.logs / f"{program}-{arguments[0]}.log"
        with log.open("wb") as output:
            code = subprocess.run(
                [sys.executable, "-m", f"seatkeep_{program}", *arguments],
                env=self.installation.environment(program), cwd="/", stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, check=False,
            ).returncode  # fmt: skip
        if code != 0:
            raise UpError(f"{program}: {arguments[0]} failed (all of it in {log})\n{last_lines(log)}")

    def _refresh_certificates(self) -> None:
        """Renew the broker's own certificate near its end, and take over one that Caddy got or renewed."""
        installation = self.installation
        installation.certificates_ensure(now=datetime.now(UTC))
        public = public_certificate(installation.settings.addresses, installation.home.caddy / "storage")
        watched = [installation.home.nats / "tls/server.crt", *(public or ())]
        newest = max(path.stat().st_mtime for path in watched if path.exists())
        if self._certificate_mtime and newest > self._certificate_mtime:
            self._reload_broker()
            self._reload_front_door()
        self._certificate_mtime = newest

    def _refresh_revocations(self) -> None:
        """Sign the agents' account anew when the manager revoked somebody, and let the broker act upon it."""
        if self.installation.settings.broker is not None:
            return
        try:
            changed = self.installation.broker.revocations_file.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed != self._revocations_mtime_ns:
            self._revocations_mtime_ns = changed
            self._reload_broker()

    def _reload_front_door(self) -> None:
        """Caddy renews what it got itself; your own files it reads when told to."""
        if self.installation.settings.addresses.tls is TlsMode.FILES:
            subprocess.run(self.installation.front_door.reload_command(), capture_output=True, check=False)

    def _reload_broker(self) -> None:
        if self.installation.settings.broker is not None:
            return
        self.installation.broker.prepare(now=datetime.now(UTC))
        self.supervisor.signal("nats", signal.SIGHUP)


def refuse_taken_ports(installation: Installation) -> None:
    """Check every port before anything starts.

    Raises:
        UpError: Names each taken port, its holder, and the variable that chooses another.
    """
    try:
        taken = taken_ports(wanted_ports(installation))
    except PermissionError as error:
        raise UpError(
            "ports below 1024 are for root: run as root, or give Caddy the right by "
            "`setcap cap_net_bind_service=+ep`, or set SEATKEEP_HTTP_PORT and SEATKEEP_HTTPS_PORT"
        ) from error
    if taken:
        raise UpError("\n".join(str(port) for port in taken))


def wanted_ports(installation: Installation) -> dict[int, str]:
    """Every port of this installation and the variable that sets it."""
    ports, settings = installation.settings.ports, installation.settings
    wanted = {ports.http: "SEATKEEP_HTTP_PORT", ports.https: "SEATKEEP_HTTPS_PORT"}
    internal = [ports.hub_web, ports.hub_fast, ports.manager_web]
    if settings.broker is None:
        wanted[ports.nats] = "SEATKEEP_NATS_PORT"
        internal += [ports.nats_websocket, ports.nats_monitor]
    if settings.database_url is None:
        internal.append(ports.postgres)
    return wanted | dict.fromkeys(internal, "SEATKEEP_INTERNAL_PORT")


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    """Hold the lock of an installation; the pid file beside it says who does.

    Raises:
        UpError: It runs already.
    """
    run.mkdir(parents=True, exist_ok=True)
    with (run / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UpError(f"it runs already (pid {running_pid(run)}): `seatkeep status`, `seatkeep down`") from error
        write_whole(run / "seatkeep.pid", f"{os.getpid()}\n")
        try:
            yield
        finally:
            (run / "seatkeep.pid").unlink(missing_ok=True)


def is_up(run: Path) -> bool:
    """Whether a launcher holds the lock of this installation."""
    if not (run / "lock").exists():
        return False
    with (run / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def running_pid(run: Path) -> int | None:
    """The pid of the running launcher."""
    try:
        return int((run / "seatkeep.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None


def notify_systemd(message: str) -> None:
    """Tell systemd (`READY=1`, `STOPPING=1`); does nothing elsewhere.

    Source: sd_notify(3).
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        channel.send(message.encode())
