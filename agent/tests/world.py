"""A small world for agent tests: a real broker with TLS, and a console and a hub that answer HTTPS by the book."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import ssl
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nats
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from nats.aio.client import Client
from nats.js.api import RetentionPolicy, StreamConfig
from nats.js.errors import NotFoundError
from seatkeep_launcher.broker import Broker, BrokerKeys, BrokerTls, user_jwt_mint
from seatkeep_launcher.ports import find_free_port
from seatkeep_license.keys import KeySet, SigningKey
from seatkeep_license.leases import Confirmation, LapsePolicy, Lease, LeaseMode, lease_sign
from seatkeep_license.requests import activate_verify, release_verify, renew_verify
from seatkeep_license.tickets import Ticket, ticket_sign, ticket_verify
from seatkeep_protocol.documents import (
    ChainLink,
    DeviceDocument,
    Document,
    DocumentTask,
    GroupDocument,
    KeysDocument,
    LicenseAssignment,
    RetireOrder,
    audience_of_company,
    audience_of_device,
    audience_of_instance,
    document_sign,
)
from seatkeep_protocol.enrollment import enroll_verify
from seatkeep_protocol.ids import part_of
from seatkeep_protocol.messages import Body, body_decode, envelope_decode
from seatkeep_protocol.policy import ChainNode, NodeKind, Policy, PolicySetting
from seatkeep_protocol.subjects import device_key, group_key, kv_subject, up_subject_parse

PRODUCT = "endpoint-server"
PUBLIC_ID = "ABC-DEF-GHJ"
DEPLOYMENT_KEY = "DK-TEST"
FAR = "console.example.test"
"""A name of this world that only a proxy can resolve."""


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed authority for localhost: (certificate, key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    names = [x509.DNSName("localhost"), x509.DNSName("console.localhost"), x509.DNSName(FAR)]
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - dt.timedelta(days=60)).not_valid_after(now() + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate_file, key_file = folder / "ca.pem", folder / "ca.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


@dataclass
class World:
    """Console, hub and broker of one instance, and the documents that a publisher would sign."""

    folder: Path
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)
    company: str = field(default_factory=lambda: uuid.uuid4().hex)
    group: str = field(default_factory=lambda: uuid.uuid4().hex)
    device: str = field(default_factory=lambda: uuid.uuid4().hex)
    root_key: SigningKey = field(default_factory=SigningKey.generate)
    state_key: SigningKey = field(default_factory=SigningKey.generate)
    instance_key: SigningKey = field(default_factory=SigningKey.generate)
    lease_key: SigningKey = field(default_factory=SigningKey.generate)
    is_approving: bool = True
    is_hub_down: bool = False
    is_forgetful: bool = False
    busy: int = 0
    refusal: str = ""
    lapse: LapsePolicy = LapsePolicy.KEEP_PROTECTING
    requests: list[str] = field(default_factory=list)
    progress: list[dict[str, Any]] = field(default_factory=list)
    device_changes: dict[str, Any] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    seen: list[Body] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    client: Client | None = None
    nats_urls: list[str] = field(default_factory=list)
    _version: int = 0

    def start(self) -> None:
        self.ca_file, key_file = make_certificate(self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, key_file)
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.answer(*world.post(self.path, body))

            def do_GET(self) -> None:
                self.answer(200, KeySet([world.lease_key.verify_key]).to_jwks())

            def answer(self, status: int, content: Any) -> None:
                raw = json.dumps(content).encode() if not isinstance(content, bytes) else content
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *arguments: object) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"https://console.localhost:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.broker = Broker(
            folder=self.folder / "nats",
            port=find_free_port(),
            websocket_port=find_free_port(),
            tls=BrokerTls(((self.ca_file, key_file),)),
        )
        self.broker.start(now=now())

    def stop(self) -> None:
        self.broker.stop()
        self.http.shutdown()
        self.http.server_close()

    # Console and hub

    def post(self, path: str, body: bytes) -> tuple[int, Any]:
        self.requests.append(path)
        if path == "/agent/v1/progress":
            self.progress.append(json.loads(body))
            return 204, b""
        if path == "/agent/v1/enroll":
            return self.enroll(json.loads(body))
        if path == "/agent/v1/jwt":
            return self.next_jwt()
        if path == "/agent/v1/return":
            return self.take_back(json.loads(body))
        if self.is_hub_down and not path.startswith("/agent/v1/relay"):
            return 503, {"code": "busy", "detail": "the hub is down"}
        if self.refusal:
            return 409, {"code": self.refusal, "detail": "as the test wishes"}
        return self.license_request(path.rsplit("/", 1)[-1], body)

    def move(self) -> None:
        """Put the device into a group of another company, as a technician does; its JWTs so far still count."""
        self.company, self.group = uuid.uuid4().hex, uuid.uuid4().hex
        self.moved_at = int(now().timestamp())
        self.jwt = self.mint(self.nkey, now() + dt.timedelta(seconds=1))

    def revoke(self) -> None:
        """End every JWT that the device had before it moved, as manager and launcher do."""
        users = {self.nkey: self.moved_at}
        self.broker.revocations_file.write_text(json.dumps({"version": 1, "users": users}))
        self.broker.reload(now=now())

    def mint(self, nkey: str, issued_at: dt.datetime) -> str:
        keys = BrokerKeys.load(self.broker.folder / "keys")
        return user_jwt_mint(
            signing_key=keys.edge_signing, edge_account=self.broker.edge_account, nkey=nkey,
            device=self.device, part=part_of(self.device), company=self.company, now=issued_at,
        )  # fmt: skip

    def next_jwt(self) -> tuple[int, Any]:
        if self.busy:
            self.busy -= 1
            return 503, {"code": "busy", "detail": "as the test wishes"}
        if self.is_forgetful:
            return 403, {"code": "device_unknown", "detail": "it was restored"}
        return 200, {"jwt": self.jwt}

    def take_back(self, body: dict[str, str]) -> tuple[int, Any]:
        if body["jwt"] != self.jwt:
            return 403, {"code": "device_unknown", "detail": "not that JWT"}
        self.is_forgetful = False
        return self.enroll({"key": DEPLOYMENT_KEY, "request": body["request"]})

    def enroll(self, body: dict[str, str]) -> tuple[int, Any]:
        if body["key"] != DEPLOYMENT_KEY:
            return 403, {"code": "key_unknown", "detail": "no such key"}
        proven = enroll_verify(body["request"], audience=self.url, now=now())
        if not self.is_approving:
            return 202, {"status": "waiting", "retry_after_seconds": 1}
        self.nkey = proven.claims.nkey
        self.jwt = self.mint(self.nkey, now())
        return 200, {
            "status": "enrolled", "device": self.device, "company": self.company, "instance": self.instance,
            "nats": {"jwt": self.jwt, "urls": self.nats_urls or [f"tls://localhost:{self.broker.port}"]},
            "root_key": self.root_key.verify_key.jwk, "min_version": 1,
            "addresses": {"console": [self.url], "licensing": [self.url]}, "ca_pem": self.ca_file.read_text(),
        }  # fmt: skip

    def license_request(self, verb: str, body: bytes) -> tuple[int, Any]:
        if verb == "release":
            self.released.append(release_verify(body, audience=self.url, now=now()).claims.seat)
            return 200, {"released": True}
        if verb == "renew":
            renewal = renew_verify(body, audience=self.url, now=now())
            return 200, self.lease(renewal.key.kid, "00" * 16, renewal.claims.seq + 1)
        proven = activate_verify(body, audience=self.url, now=now())
        ticket_verify(
            proven.claims.ticket or "", keys=self.instance_key.verify_key, audience=self.url, now=now(),
            device_key=proven.key, product=proven.claims.product,
        )  # fmt: skip
        return 201, self.lease(proven.key.kid, proven.claims.fp, 1)

    def lease(self, jkt: str, fingerprint: str, seq: int) -> dict[str, Any]:
        issued = int(now().timestamp())
        lease = Lease(
            iss=self.url, sub="seat-1", license=PUBLIC_ID, license_id=uuid.uuid4().hex, node="node-1",
            company=self.company, product=PRODUCT, cnf=Confirmation(jkt), fp=fingerprint, seq=seq, seat_epoch=0,
            node_epoch=0, iat=issued, soft=issued + 259_200, exp=issued + 2_592_000, renew_after_seconds=21_600,
            mode=LeaseMode.NORMAL, lapse=self.lapse, lapse_days=0, jti=uuid.uuid4().hex,
        )  # fmt: skip
        token = lease_sign(lease, self.lease_key)
        return {"lease": token, "seat": "seat-1", "server_time_us": issued * 1_000_000}

    def assignment(self, jkt: str, *, is_stopped: bool = False) -> LicenseAssignment:
        issued = int(now().timestamp())
        ticket = Ticket(
            iss=self.instance, aud=self.url, license=PUBLIC_ID, product=PRODUCT, company=self.company,
            cnf=Confirmation(jkt), task=uuid.uuid4().hex, iat=issued, exp=issued + 86_400, jti=uuid.uuid4().hex,
        )  # fmt: skip
        return LicenseAssignment(
            public_id=PUBLIC_ID, product=PRODUCT, licensing_url=self.url,
            ticket=ticket_sign(ticket, self.instance_key), is_stopped=is_stopped,
        )  # fmt: skip

    # Documents

    def next_version(self) -> int:
        self._version = max(self._version + 1, int(now().timestamp() * 1_000_000))
        return self._version

    def keys_document(self) -> KeysDocument:
        version = self.next_version()
        return KeysDocument(
            instance=self.instance, key="keys", audience=audience_of_instance(self.instance), version=version,
            issued_at_us=version, state_keys=[self.state_key.verify_key.jwk],
        )  # fmt: skip

    def group_document(self) -> GroupDocument:
        version = self.next_version()
        node = ChainNode(kind=NodeKind.STATIC, node=self.group, name="Servers", policies=self.policies)
        return GroupDocument(
            instance=self.instance, key=group_key(self.company, self.group),
            audience=audience_of_company(self.company), version=version, issued_at_us=version, group=self.group,
            nodes=(node,),
        )  # fmt: skip

    def device_document(self, **changes: Any) -> DeviceDocument:
        version = self.next_version()
        self.device_changes.update(changes)
        fields: dict[str, Any] = {
            "instance": self.instance, "key": device_key(self.device), "audience": audience_of_device(self.device),
            "version": version, "issued_at_us": version, "device": self.device, "name": "test",
            "company": self.company, "group": self.group, "restore_id": "first",
            "chain": (ChainLink(group_key(self.company, self.group), 1),),
        }  # fmt: skip
        return DeviceDocument(**{**fields, **self.device_changes})

    async def connect(self) -> None:
        """Connect as the manager, make streams and bucket, and collect what comes up."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        self.client = await nats.connect(
            self.broker.url, user_credentials=str(self.broker.manager_creds), tls=context, tls_handshake_first=True
        )
        self.stream = self.client.jetstream()
        for name in ("EVT", "TEL"):
            await self.ensure_stream(
                StreamConfig(name=name, subjects=[f"sk.v1.{name.lower()}.>"], retention=RetentionPolicy.LIMITS)
            )
        await self.ensure_stream(
            StreamConfig(
                name="KV_state",
                subjects=["$KV.state.>"],
                max_msgs_per_subject=1,
                allow_direct=True,
                allow_rollup_hdrs=True,
                deny_delete=True,
            )
        )
        await self.client.subscribe("sk.v1.>", cb=self.collect)
        await self.collect_stored()

    def move_far(self) -> None:
        """From now on console and hub go by the name that only a proxy can resolve."""
        self.url = f"https://{FAR}:{self.http.server_port}"

    async def open_front_door(self) -> asyncio.Server:
        """TLS in front of the broker's plain WebSocket, as the front door does it; by the console's name."""

        async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inner = await asyncio.open_connection("127.0.0.1", self.broker.websocket_port)
            await asyncio.gather(copy(reader, inner[1]), copy(inner[0], writer), return_exceptions=True)

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, self.folder / "ca.key")
        server = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
        host = urlsplit(self.url).hostname
        self.nats_urls = [f"wss://{host}:{server.sockets[0].getsockname()[1]}/agent"]
        return server

    async def disconnect(self) -> None:
        if self.client is not None and not self.client.is_closed:
            await self.client.close()

    async def collect_stored(self) -> None:
        """What the stream took while nobody of this test listened."""
        state = (await self.stream.stream_info("EVT")).state
        for number in range(max(1, state.first_seq), state.last_seq + 1):
            await self.collect(await self.stream.get_msg("EVT", number))

    async def ensure_stream(self, config: StreamConfig) -> None:
        try:
            await self.stream.stream_info(config.name or "")
        except NotFoundError:
            await self.stream.add_stream(config)

    async def collect(self, message: Any) -> None:
        self.seen.append(body_decode(envelope_decode(message.data, up_subject_parse(message.subject))))

    async def put(self, document: Document, key: SigningKey | None = None, at: str | None = None) -> None:
        signer = key or (self.root_key if isinstance(document, KeysDocument) else self.state_key)
        await self.put_raw(at or document.key, document_sign(document, signer))

    async def put_raw(self, key: str, raw: bytes) -> None:
        await self.stream.publish(kv_subject(key), raw)

    async def put_all(self) -> None:
        for document in (self.keys_document(), self.group_document(), self.device_document()):
            await self.put(document)

    def task(self, kind: str, **params: Any) -> DocumentTask:
        issued = int(now().timestamp() * 1_000_000)
        return DocumentTask(
            run=uuid.uuid4(), task=uuid.uuid4(), kind=kind, params=params, issued_at_us=issued,
            expires_at_us=issued + 3_600_000_000,
        )  # fmt: skip

    def policy(self, **settings: Any) -> Policy:
        values = {name.replace("__", "."): PolicySetting(value) for name, value in settings.items()}
        return Policy(policy=uuid.uuid4().hex, name="test", product="endpoint", settings=values)

    def retire_order(self, **changes: Any) -> RetireOrder:
        issued = int(now().timestamp() * 1_000_000)
        return RetireOrder(order=uuid.uuid4(), issued_at_us=issued, valid_until_us=issued + 3_600_000_000, **changes)
