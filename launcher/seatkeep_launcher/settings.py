"""The launcher's settings: environment variables, the file `settings.env` of the data folder, command-line options.

Every wrong value is refused at start, all at once, each with its name and the reason (DESIGN §2, wire.md §2).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from seatkeep_launcher.files import write_private

SETTINGS_FILE = "settings.env"
LOCAL_HOSTS = ("licensing.localhost", "console.localhost")


class TlsMode(Enum):
    """Where the front door's certificates come from."""

    LOCAL = "local"
    """Names under .localhost: plain HTTP for people on this machine, the own CA for devices."""
    ACME = "acme"
    """Public names: Let's Encrypt or ZeroSSL, by Caddy itself."""
    FILES = "files"
    """Public names with a certificate of your own (SEATKEEP_TLS_CERT, SEATKEEP_TLS_KEY)."""
    OWN_CA = "own-ca"
    """Names of a private network: the own CA, which people's browsers must be told to trust."""


class SettingsError(Exception):
    """One or more settings are wrong; nothing was started.

    Attributes:
        problems: (variable, reason) of each.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in problems))


@dataclass(frozen=True)
class Ports:
    """TCP ports. `internal` is the first of ten on 127.0.0.1 that only the front door and the programs use."""

    http: int = 8080
    https: int = 8443
    nats: int = 2222
    internal: int = 8300

    @property
    def hub_web(self) -> int:
        """Hub, pages and API."""
        return self.internal

    @property
    def hub_fast(self) -> int:
        """Hub, activation."""
        return self.internal + 1

    @property
    def manager_web(self) -> int:
        """Manager, pages and API."""
        return self.internal + 2

    @property
    def nats_websocket(self) -> int:
        """Broker, WebSocket behind the front door."""
        return self.internal + 3

    @property
    def nats_monitor(self) -> int:
        """Broker, health."""
        return self.internal + 4

    @property
    def postgres(self) -> int:
        """Embedded PostgreSQL."""
        return self.internal + 5


@dataclass(frozen=True)
class Addresses:
    """The four addresses of wire.md §1 and how the front door gets its certificates."""

    licensing_url: str = "http://licensing.localhost:8080"
    console_url: str = "http://console.localhost:8080"
    licensing_device_url: str = "https://licensing.localhost:8443"
    console_device_url: str = "https://console.localhost:8443"
    tls: TlsMode = TlsMode.LOCAL
    certificate: Path | None = None
    certificate_key: Path | None = None
    acme_email: str | None = None

    @property
    def licensing_host(self) -> str:
        """Host name of the hub."""
        return urlsplit(self.licensing_url).hostname or ""

    @property
    def console_host(self) -> str:
        """Host name of the manager."""
        return urlsplit(self.console_url).hostname or ""

    @property
    def has_own_ca(self) -> bool:
        """Whether devices must be told whom to trust."""
        return self.tls in {TlsMode.LOCAL, TlsMode.OWN_CA}


@dataclass(frozen=True)
class ExternalBroker:
    """A NATS of your own instead of the embedded one.

    Attributes:
        url: What the manager connects to.
        manager_creds: Claim and seed of the manager's user in `core`.
        edge_signing_seed: Seed of the scoped signing key of `edge`.
        edge_account: Public key of `edge`.
        websocket: `host:port` of its WebSocket without TLS, for the front door; None = devices use native TLS only.
    """

    url: str
    manager_creds: Path
    edge_signing_seed: Path
    edge_account: str
    websocket: str | None


@dataclass(frozen=True)
class Settings:
    """All that the launcher must know before it starts anything.

    Attributes:
        data: The folder that holds everything.
        database_url: A PostgreSQL server of your own; `seatkeep_hub` and `seatkeep_manager` are made on it.
        passed_on: Variables handed to hub and manager as they are.
    """

    data: Path
    ports: Ports = field(default_factory=Ports)
    addresses: Addresses = field(default_factory=Addresses)
    database_url: str | None = None
    broker: ExternalBroker | None = None
    passed_on: Mapping[str, str] = field(default_factory=dict)


PASSED_ON = (
    "SEATKEEP_SMTP_URL", "SEATKEEP_MAIL_FROM", "SEATKEEP_PAPER_FONT", "SEATKEEP_BUNDLE_DIR", "SEATKEEP_TIME_ZONE",
    "SEATKEEP_DEBUG", "SEATKEEP_NATS_CA", "SEATKEEP_NATS_DEVICE_URLS",
)  # fmt: skip


def default_data_folder(environment: Mapping[str, str], *, is_root: bool) -> Path:
    """`/var/lib/seatkeep` for root, else the user's data folder (XDG base directories)."""
    if is_root:
        return Path("/var/lib/seatkeep")
    home = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".local/share")
    return Path(home) / "seatkeep"


def settings_load(options: Mapping[str, str | None], environment: Mapping[str, str]) -> Settings:
    """Read the settings: options win over environment variables, those over `settings.env`.

    Args:
        options: Values from the command line by variable name; None = not given.
        environment: Usually `os.environ`.

    Raises:
        SettingsError: Names every wrong variable and why.
    """
    given = {**environment, **{name: value for name, value in options.items() if value is not None}}
    folder = given.get("SEATKEEP_DATA")
    data = Path(folder).expanduser() if folder else default_data_folder(given, is_root=os.geteuid() == 0)
    return settings_parse(data.absolute(), {**read_settings_file(data / SETTINGS_FILE), **given})


def read_settings_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; `#` begins a comment line; no file = nothing."""
    if not path.exists():
        return {}
    lines = [line.strip() for line in path.read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def settings_remember(data: Path, options: Mapping[str, str | None]) -> None:
    """Keep in `settings.env` what options of the command line chose; other lines stay as they are.

    So `service install`, `backup` and `doctor` mean the same installation without being told again.
    """
    chosen = {name: value for name, value in options.items() if value is not None and name != "SEATKEEP_DATA"}
    path = data / SETTINGS_FILE
    if not chosen or chosen.items() <= read_settings_file(path).items():
        return
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.partition("=")[0].strip() not in chosen]
    write_private(path, "\n".join([*kept, *(f"{name}={value}" for name, value in chosen.items()), ""]))


def settings_for_restore(text: str, *, database_url: str | None) -> str:
    """The settings of a backup for the place where it is restored.

    Which database and broker of your own to use is not taken over, or a trial would work on the real ones: those
    lines become comments.

    Args:
        text: `settings.env` of the backup.
        database_url: Where this restore puts the databases; None = the embedded PostgreSQL.
    """
    lines = [f"# of the backup: {line}" if _is_elsewhere(line) else line for line in text.splitlines()]
    return "\n".join([*lines, *([f"SEATKEEP_DATABASE_URL={database_url}"] if database_url else []), ""])


def _is_elsewhere(line: str) -> bool:
    name = line.partition("=")[0].strip()
    return name == "SEATKEEP_DATABASE_URL" or (name.startswith("SEATKEEP_NATS_") and name != "SEATKEEP_NATS_PORT")


def settings_parse(data: Path, values: Mapping[str, str]) -> Settings:
    """Judge the values; pure.

    Raises:
        SettingsError: Names every wrong variable and why.
    """
    reader = _Reader(values)
    addresses_public = reader.url("SEATKEEP_PUBLIC_URL", {"https"})
    ports = _ports(reader, is_public=addresses_public is not None)
    addresses = _addresses(reader, addresses_public, ports)
    database_url = reader.url("SEATKEEP_DATABASE_URL", {"postgresql", "postgres"})
    broker = _broker(reader)
    _check_passed_on(reader)
    reader.finish()
    passed_on = {name: values[name] for name in PASSED_ON if values.get(name)}
    return Settings(data, ports, addresses, database_url, broker, passed_on)


def _ports(reader: _Reader, *, is_public: bool) -> Ports:
    http, https = (80, 443) if is_public else (Ports.http, Ports.https)
    ports = Ports(
        http=reader.port("SEATKEEP_HTTP_PORT", http),
        https=reader.port("SEATKEEP_HTTPS_PORT", https),
        nats=reader.port("SEATKEEP_NATS_PORT", Ports.nats),
        internal=reader.port("SEATKEEP_INTERNAL_PORT", Ports.internal, last=65_526),
    )
    block = range(ports.internal, ports.internal + 10)
    for name in ("http", "https", "nats"):
        if getattr(ports, name) in block:
            reader.refuse(f"SEATKEEP_{name.upper()}_PORT", f"lies in the internal ports {block[0]}–{block[-1]}")
    if len({ports.http, ports.https, ports.nats}) < 3:
        reader.refuse("SEATKEEP_HTTPS_PORT", "HTTP, HTTPS and NATS need three different ports")
    return ports


def _addresses(reader: _Reader, public_url: str | None, ports: Ports) -> Addresses:
    if public_url is None:
        hub, console = LOCAL_HOSTS
        return Addresses(
            f"http://{hub}:{ports.http}", f"http://{console}:{ports.http}",
            f"https://{hub}:{ports.https}", f"https://{console}:{ports.https}",
        )  # fmt: skip
    host = urlsplit(public_url).hostname or ""
    if _is_ip(host):
        reader.refuse("SEATKEEP_PUBLIC_URL", "must be a name, because licensing and console need a host name each")
    suffix = "" if ports.https == 443 else f":{ports.https}"
    licensing, console = f"https://licensing.{host}{suffix}", f"https://console.{host}{suffix}"
    mode, certificate, key = _tls(reader)
    return Addresses(licensing, console, licensing, console, mode, certificate, key, reader.text("SEATKEEP_ACME_EMAIL"))


def _tls(reader: _Reader) -> tuple[TlsMode, Path | None, Path | None]:
    certificate, key = reader.file("SEATKEEP_TLS_CERT"), reader.file("SEATKEEP_TLS_KEY")
    if (certificate is None) != (key is None):
        reader.refuse("SEATKEEP_TLS_KEY" if key is None else "SEATKEEP_TLS_CERT", "certificate and key come together")
    chosen = reader.text("SEATKEEP_TLS") or ("files" if certificate else "acme")
    if chosen not in {"acme", "files", "own-ca"}:
        reader.refuse("SEATKEEP_TLS", f"is {chosen!r}, must be acme, files or own-ca")
        return TlsMode.ACME, None, None
    return TlsMode(chosen), certificate, key


def _broker(reader: _Reader) -> ExternalBroker | None:
    url = reader.url("SEATKEEP_NATS_URL", {"nats", "tls", "ws", "wss"})
    if url is None:
        return None
    creds = reader.file("SEATKEEP_NATS_MANAGER_CREDS", needed_for="SEATKEEP_NATS_URL")
    seed = reader.file("SEATKEEP_NATS_EDGE_SIGNING_SEED", needed_for="SEATKEEP_NATS_URL")
    account = reader.text("SEATKEEP_NATS_EDGE_ACCOUNT", needed_for="SEATKEEP_NATS_URL")
    websocket = reader.text("SEATKEEP_NATS_WEBSOCKET")
    if websocket is None and reader.text("SEATKEEP_NATS_DEVICE_URLS") is None:
        reader.refuse(
            "SEATKEEP_NATS_WEBSOCKET",
            "or SEATKEEP_NATS_DEVICE_URLS is needed together with SEATKEEP_NATS_URL: devices must reach that broker",
        )
    return ExternalBroker(url, creds or Path(), seed or Path(), account or "", websocket)


def _check_passed_on(reader: _Reader) -> None:
    reader.url("SEATKEEP_SMTP_URL", {"smtp", "smtps"})
    zone = reader.text("SEATKEEP_TIME_ZONE")
    if zone is not None and not _is_zone(zone):
        reader.refuse("SEATKEEP_TIME_ZONE", f"{zone!r} is not a zone of the IANA database, such as Europe/Berlin")
    reader.file("SEATKEEP_NATS_CA")
    folder = reader.text("SEATKEEP_BUNDLE_DIR")
    if folder is not None and not Path(folder).is_dir():
        reader.refuse("SEATKEEP_BUNDLE_DIR", f"{folder} is not a folder")


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


class _Reader:
    """Typed values out of strings; notes what is wrong instead of stopping at the first."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._problems: list[tuple[str, str]] = []

    def refuse(self, name: str, reason: str) -> None:
        self._problems.append((name, reason))

    def finish(self) -> None:
        if self._problems:
            raise SettingsError(self._problems)

    def text(self, name: str, *, needed_for: str | None = None) -> str | None:
        value = self._values.get(name, "").strip()
        if not value and needed_for is not None:
            self.refuse(name, f"is needed together with {needed_for}")
        return value or None

    def file(self, name: str, *, needed_for: str | None = None) -> Path | None:
        value = self.text(name, needed_for=needed_for)
        if value is None:
            return None
        if not Path(value).is_file():
            self.refuse(name, f"there is no file {value}")
        return Path(value)

    def url(self, name: str, schemes: set[str]) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            is_good = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            is_good = False
        if not is_good:
            self.refuse(name, f"must be a URL that begins with {' or '.join(f'{s}://' for s in sorted(schemes))}")
        return value

    def port(self, name: str, default: int, *, last: int = 65_535) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isdecimal() or not 1 <= int(value) <= last:
            self.refuse(name, f"is {value!r}, must be a port between 1 and {last}")
            return default
        return int(value)
