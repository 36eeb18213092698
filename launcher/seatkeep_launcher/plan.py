"""Which processes run, with which environment, and how each shows that it is well (wire.md §2)."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import psycopg

from seatkeep_launcher.broker import Broker, BrokerTls
from seatkeep_launcher.certificates import CertificateAuthority
from seatkeep_launcher.frontdoor import FrontDoor
from seatkeep_launcher.home import Home
from seatkeep_launcher.postgres import Postgres, run_as
from seatkeep_launcher.settings import Addresses, Settings, TlsMode

Health = Callable[[], bool]
DEVICE_URLS = "SEATKEEP_NATS_DEVICE_URLS"
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY")


def always_well() -> bool:
    """The health of a process that has nothing to ask: it runs."""
    return True


@dataclass(frozen=True)
class Service:
    """One process to keep running.

    Attributes:
        name: As in `seatkeep status` and `seatkeep logs`.
        command: Program and arguments.
        environment: The whole environment.
        is_well: Asked at start and every ten seconds.
        user: Run as this user; None = as the launcher.
        stop_signal: What asks it to end.
        start_seconds: How long a start may take.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_well: Health = always_well
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: float = 60


@dataclass(frozen=True)
class Installation:
    """Settings and folder together: all parts of one installation."""

    settings: Settings
    home: Home

    @property
    def authority(self) -> CertificateAuthority:
        """The own CA."""
        return CertificateAuthority(self.home.ca)

    @property
    def postgres(self) -> Postgres:
        """The embedded PostgreSQL (unused with a database URL)."""
        return Postgres(self.home.postgres(), self.settings.ports.postgres)

    @property
    def broker(self) -> Broker:
        """The embedded broker (unused with a NATS URL)."""
        ports, addresses = self.settings.ports, self.settings.addresses
        return Broker(
            self.home.nats,
            ports.nats,
            websocket_port=ports.nats_websocket,
            monitor_port=ports.nats_monitor,
            tls=BrokerTls(self._certificates()),
            host="127.0.0.1" if addresses.tls is TlsMode.LOCAL else "0.0.0.0",  # noqa: S104  # Devices connect here.
        )

    @property
    def front_door(self) -> FrontDoor:
        """Caddy."""
        external = self.settings.broker
        websocket = external.websocket if external else f"127.0.0.1:{self.settings.ports.nats_websocket}"
        return FrontDoor(self.home.caddy, self.settings.addresses, self.settings.ports, self.authority, websocket)

    def certificates_ensure(self, *, now: datetime) -> None:
        """Make the own CA and the broker's certificate where missing or near their end."""
        self.authority.ensure(now=now)
        names = ("localhost", self.settings.addresses.console_host, "127.0.0.1")
        self.authority.server_ensure(self.home.nats / "tls", names, now=now)

    def _certificates(self) -> tuple[tuple[Path, Path], ...]:
        own = (self.home.nats / "tls/server.crt", self.home.nats / "tls/server.key")
        public = public_certificate(self.settings.addresses, self.home.caddy / "storage")
        return (public, own) if public else (own,)

    def database_url(self, program: str) -> str:
        """Connection URL of `hub` or `manager`."""
        if self.settings.database_url:
            address, mark, options = self.settings.database_url.partition("?")
            return f"{'/'.join(address.split('/')[:3])}/seatkeep_{program}{mark}{options}"
        secrets = self.home.secrets()
        password = secrets.hub_password if program == "hub" else secrets.manager_password
        return f"postgresql://{program}:{password}@127.0.0.1:{self.settings.ports.postgres}/{program}"

    def environment(self, program: str) -> dict[str, str]:
        """The environment of a process of `hub` or `manager`: its own database and key ring, not the other's."""
        secrets, addresses = self.home.secrets(), self.settings.addresses
        shared = {
            "SEATKEEP_DATA": str(self.home.data),
            "SEATKEEP_LICENSING_URL": addresses.licensing_url,
            "SEATKEEP_CONSOLE_URL": addresses.console_url,
            "SEATKEEP_LICENSING_DEVICE_URL": addresses.licensing_device_url,
            "SEATKEEP_CONSOLE_DEVICE_URL": addresses.console_device_url,
            "SEATKEEP_BOOTSTRAP_TOKEN": secrets.bootstrap_token,
            "SEATKEEP_SETUP_TOKEN": secrets.setup_token,
            "SEATKEEP_OIDC_CLIENT_ID": secrets.oidc_client_id,
            "SEATKEEP_OIDC_CLIENT_SECRET": secrets.oidc_client_secret,
            f"SEATKEEP_{program.upper()}_DATABASE_URL": self.database_url(program),
            "PYTHONUNBUFFERED": "1",
        }
        if addresses.has_own_ca:
            shared["SEATKEEP_DEVICE_CA"] = str(self.authority.certificate)
        if checkout_bundle().is_dir():
            shared["SEATKEEP_BUNDLE_DIR"] = str(checkout_bundle())
        own = self._hub_only() if program == "hub" else self._manager_only()
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {**inherited, **shared, **self.settings.passed_on, **own}

    def _hub_only(self) -> dict[str, str]:
        # For tests of months; the hub refuses it where an address is not of this machine.
        test_clock = {"SEATKEEP_TEST_CLOCK": "1"} if os.environ.get("SEATKEEP_TEST_CLOCK") == "1" else {}
        return {
            **test_clock,
            "SEATKEEP_KEYRING": str(self.home.hub_keyring),
            "DJANGO_SETTINGS_MODULE": "seatkeep_hub.project.settings",
        }

    def _manager_only(self) -> dict[str, str]:
        values = {
            "SEATKEEP_KEYRING": str(self.home.manager_keyring),
            "SEATKEEP_NATS_DEVICE_URLS": self.settings.passed_on.get(DEVICE_URLS) or self._device_broker_urls(),
            "DJANGO_SETTINGS_MODULE": "seatkeep_manager.project.settings",
        }
        external = self.settings.broker
        if external:
            return values | {
                "SEATKEEP_NATS_URL": external.url,
                "SEATKEEP_NATS_MANAGER_CREDS": str(external.manager_creds),
                "SEATKEEP_NATS_EDGE_SIGNING_SEED": str(external.edge_signing_seed),
                "SEATKEEP_NATS_EDGE_ACCOUNT": external.edge_account,
            }
        return values | {
            "SEATKEEP_NATS_URL": f"tls://localhost:{self.settings.ports.nats}",
            "SEATKEEP_NATS_CA": str(self.authority.certificate),
            "SEATKEEP_NATS_MANAGER_CREDS": str(self.broker.manager_creds),
            "SEATKEEP_NATS_EDGE_SIGNING_SEED": str(self.broker.edge_signing_seed),
            "SEATKEEP_NATS_EDGE_ACCOUNT": self.broker.edge_account,
            "SEATKEEP_NATS_REVOCATIONS": str(self.broker.revocations_file),
        }

    def _device_broker_urls(self) -> str:
        addresses = self.settings.addresses
        native = f"tls://{addresses.console_host}:{self.settings.ports.nats}"
        websocket = addresses.console_device_url.replace("https://", "wss://", 1) + "/agent"
        if self.settings.broker is not None:
            return websocket  # The native port is the own broker's.
        return f"{native},{websocket}"

    def services(self) -> dict[str, Service]:
        """Every service by name, in start order."""
        made: list[Service] = []
        if self.settings.database_url is None:
            made.append(self._postgres_service())
        if self.settings.broker is None:
            made.append(self._broker_service())
        made += [*self._hub_services(), *self._manager_services()]
        made.append(Service("front-door", self.front_door.command(), self._plain(), self._front_door_is_well))
        return {service.name: service for service in made}

    def _postgres_service(self) -> Service:
        postgres = self.postgres
        return Service(
            "postgres", postgres.command(), self._plain(), lambda: can_query(postgres.url()),
            user=run_as(), stop_signal=signal.SIGINT,
        )  # fmt: skip

    def _broker_service(self) -> Service:
        broker = self.broker
        return Service("nats", broker.command(), self._plain(), broker.is_healthy)

    def _hub_services(self) -> list[Service]:
        environment, ports = self.environment("hub"), self.settings.ports
        host = self.settings.addresses.licensing_host
        wsgi, rsgi = "seatkeep_hub.project.wsgi:application", "seatkeep_hub.fast.app:app"
        return [
            Service("hub-web", _granian("wsgi", wsgi, ports.hub_web), environment, http_health(ports.hub_web, host)),
            Service("hub-fast", _granian("rsgi", rsgi, ports.hub_fast), environment, http_health(ports.hub_fast, host)),
            Service("hub-worker", _module("seatkeep_hub", "worker"), environment),
        ]

    def _manager_services(self) -> list[Service]:
        environment, port = self.environment("manager"), self.settings.ports.manager_web
        wsgi = _granian("wsgi", "seatkeep_manager.project.wsgi:application", port)
        host = self.settings.addresses.console_host
        return [
            Service("manager-web", wsgi, environment, http_health(port, host)),
            *(
                Service(f"manager-{name}", _module("seatkeep_manager", name), environment)
                for name in ("ingest", "publisher", "hublink", "worker")
            ),
        ]

    def _plain(self) -> dict[str, str]:
        return {name: os.environ[name] for name in INHERITED if name in os.environ}

    def _front_door_is_well(self) -> bool:
        return all(is_listening(port) for port in (self.settings.ports.http, self.settings.ports.https))


def checkout_bundle() -> Path:
    """Where `make bundle` puts the installer's payload, beside the virtual environment of a checkout."""
    return Path(sys.prefix).parent / "build" / "bundle"


def public_certificate(addresses: Addresses, storage: Path) -> tuple[Path, Path] | None:
    """Certificate and key for the public name on the broker's port: your own, or what Caddy got by ACME so far."""
    if addresses.certificate and addresses.certificate_key:
        return addresses.certificate, addresses.certificate_key
    if addresses.tls is not TlsMode.ACME:
        return None
    host = addresses.console_host
    found = sorted(storage.glob(f"certificates/*/{host}/{host}.crt"))
    return (found[0], found[0].with_suffix(".key")) if found else None


def can_query(url: str) -> bool:
    """Whether PostgreSQL answers."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something accepts connections on a TCP port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def http_health(port: int, host: str) -> Health:
    """`GET /healthz` on 127.0.0.1, asked under the public host name, answers 200."""

    def is_well() -> bool:
        try:
            address = f"http://127.0.0.1:{port}/healthz"
            answer = httpx.get(address, headers={"Host": host}, timeout=3, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    return is_well


def _module(package: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", package, *arguments]


def _granian(interface: str, target: str, port: int) -> list[str]:
    way = ["--blocking-threads", "8"] if interface == "wsgi" else ["--loop", "uvloop"]
    return [
        sys.executable, "-m", "granian", "--interface", interface, "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", *way, "--no-ws", "--respawn-failed-workers", "--log-level", "warning", target,
    ]  # fmt: skip
