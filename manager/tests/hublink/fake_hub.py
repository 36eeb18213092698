"""A hub on a real port that says what a test wants, and misbehaves on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4


@dataclass
class FakeHub:
    """What the hub knows, what it was asked, and how it behaves.

    `mood` is "right", "silent" (accepts, never answers), "nonsense" (HTML instead of JSON), "error" (500),
    "endless" (dribbles for ever), "huge" or "loop" (the same page for ever).
    """

    items: list[dict[str, Any]] = field(default_factory=list)
    mood: str = "right"
    page_size: int = 2
    is_cursor_known: bool = True
    link_answer: dict[str, Any] = field(default_factory=lambda: {"status": "pending"})
    link_status: int = 202
    job_state: str = "FINISHED"
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    protocol: int = 1
    total: int | None = None
    fails_after: int | None = None
    """How many pages of the feed it gives before it fails."""
    people: list[dict[str, Any]] = field(default_factory=list)
    people_status: int = 200
    offboards: dict[str, str] = field(default_factory=dict)

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        """Status and body of one request."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/v1/sync":
            return self._sync(query)
        if parts.path == "/api/v1/announce":
            return 200, {"changed": int(query["cursor"]) < len(self.items)}
        if parts.path == "/api/v1/link":
            return 201, {
                "device_code": "dc", "user_code": "WDJB-MJHT", "verification_uri": f"{self.url}/link",
                "verification_uri_complete": f"{self.url}/link?code=WDJB-MJHT", "interval_seconds": 5,
                "expires_in_seconds": 900,
            }  # fmt: skip
        if parts.path == "/api/v1/link/poll":
            return self.link_status, self.link_answer
        if parts.path == "/api/v1/instance/people":
            asked = json.loads(self.asked[-1][3])["people"]
            return self.people_status, [one for one in self.people if one["sub"] in asked]
        if parts.path.endswith("/offboard"):
            key = f"{parts.path} {self.asked[-1][2].get('Idempotency-Key')}"
            return 202, {"job": self.offboards.setdefault(key, str(uuid4()))}
        if parts.path.startswith("/api/v1/jobs/"):
            return 200, {"state": self.job_state, "done": 1, "total": 1}
        if parts.path.endswith("/restore"):
            return 200, {}
        if parts.path.endswith("/credentials"):
            return 200, {"username": "u", "secret": "s3cret"}
        return 404, {"code": "not_found", "detail": "No such thing."}

    def _sync(self, query: dict[str, str]) -> tuple[int, Any]:
        if self.fails_after is not None:
            self.fails_after -= 1
            if self.fails_after < 0:
                return 500, {}
        cursor = query.get("cursor", "")
        if cursor and not self.is_cursor_known:
            return 410, {"code": "cursor_gone"}
        start = 0 if self.mood == "loop" else int(cursor or 0)
        page = self.items[start : start + self.page_size]
        end = start + len(page)
        more = end < len(self.items) or self.mood == "loop"
        return 200, {"feed": "f1", "cursor": str(end), "more": more, "protocol": self.protocol, "items": page} | (
            {"total": self.total} if self.total else {}
        )


def company(name: str, *, parent: UUID | None = None, hub_id: UUID | None = None, **fields: Any) -> dict[str, Any]:
    """A company item of the feed."""
    return {
        "kind": "company", "id": str(hub_id or uuid4()), "deleted": False, "name": name,
        "parent_id": str(parent) if parent else None, "company_kind": "CUSTOMER", "state": "ACTIVE",
        "custom_identifier": "", "tags": [],
    } | fields  # fmt: skip


def license_item(hub_id: UUID, **fields: Any) -> dict[str, Any]:
    """A license item of the feed."""
    return {
        "kind": "license", "id": str(hub_id), "deleted": False, "public_id": "ABC-DEF-GHJ", "owner_id": str(uuid4()),
        "license_kind": "MSP", "state": "OK", "quantity": 10, "overuse": "BLOCK", "lapse": "KEEP_PROTECTING",
        "expires_at_us": None, "bundle": {"code": "core", "name": "Core"},
        "products": [{"code": "endpoint", "name": "Endpoint", "category": "workstation", "limit": 10}],
    } | fields  # fmt: skip


def node_item(license_id: UUID, company_id: UUID, **fields: Any) -> dict[str, Any]:
    """A customer's seats as a feed item."""
    return {
        "kind": "node", "id": str(uuid4()), "deleted": False, "license_id": str(license_id),
        "company_id": str(company_id), "product": "endpoint", "used": 1, "hard_limit": 5, "suspended": False,
        "agreement": {"public_id": "AGR-AAA-AAA", "mode": "FIXED", "quantity": 5, "warn_above": None, "stop_above": 5},
    } | fields  # fmt: skip


@contextmanager
def serve(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve the hub on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.mood = "gone"
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers for `hub`, which `serve` sets."""

    hub: FakeHub

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.asked.append((method, self.path, dict(self.headers), body))
        if self.hub.mood == "silent":
            _until_gone(self.hub)
            return
        if self.hub.mood in ("endless", "huge"):
            self._dribble()
            return
        status, answer = (500, {}) if self.hub.mood == "error" else self.hub.answer(method, self.path)
        raw = b"<html>maintenance</html>" if self.hub.mood == "nonsense" else json.dumps(answer).encode()
        self._send(status, raw)

    def _send(self, status: int, raw: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _dribble(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while self.hub.mood in ("endless", "huge"):
                self.wfile.write(b" " * (4_000_000 if self.hub.mood == "huge" else 1))
                self.wfile.flush()
                if self.hub.mood == "endless":
                    time.sleep(0.05)
        except OSError:
            pass  # The client has hung up, as it should.

    def log_message(self, *args: object) -> None:
        pass


def _until_gone(hub: FakeHub) -> None:
    while hub.mood == "silent":
        time.sleep(0.02)
