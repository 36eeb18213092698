"""The front door: a Caddyfile for two host names, the devices' port, and what an unknown host gets.

Security headers are Django's; Caddy adds none, so that there is one place for them.

Source: wire.md §1.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from seatkeep_launcher.certificates import CertificateAuthority
from seatkeep_launcher.settings import Addresses, Ports, TlsMode

FAST_PATHS = "/activate/* /api/v1/announce /.well-known/seatkeep-keys.json"
FAST_CONNECTIONS_KEPT = 1024
UPLOAD_LIMIT = "2MB"
"""What Django takes at most. Refused here: a program that answers before it has read all looks dead to Caddy."""
ANNOUNCED_TOO_LARGE = r"^(\d{8,}|[3-9]\d{6}|2[1-9]\d{5})$"
"""A Content-Length of 2.1 MB and more: answered before a byte of it goes further. `max_size` holds for chunks."""
DEVICE_LIMIT = "48KB"
"""Above every limit of the programs for what devices send, below what a socket buffers."""
STARTING = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<title>Seatkeep is starting</title>
<body style="font:16px/1.5 system-ui;margin:15vh auto;max-width:32rem;padding:0 1rem">
<h1 style="font-size:1.5rem">Seatkeep is starting</h1>
<p>This part is not ready yet. The page tries again by itself every three seconds.</p></body></html>"""


@dataclass(frozen=True)
class FrontDoor:
    """What the Caddyfile is made of.

    Attributes:
        folder: Caddy's storage and its admin socket.
        addresses: Names and kind of certificates.
        ports: Where to listen, and where the programs listen.
        authority: The own CA; Caddy's internal issuer signs with it.
        websocket: `host:port` of the broker's WebSocket; None = `/agent` is not served.
    """

    folder: Path
    addresses: Addresses
    ports: Ports
    authority: CertificateAuthority
    websocket: str | None

    @property
    def config(self) -> Path:
        """Where the Caddyfile is written."""
        return self.folder / "Caddyfile"

    def command(self) -> list[str]:
        """Caddy's command line."""
        caddy = Path(sys.executable).with_name("caddy")
        program = str(caddy) if caddy.exists() else "caddy"
        return [program, "run", "--config", str(self.config), "--adapter", "caddyfile"]

    def reload_command(self) -> list[str]:
        """Make a running Caddy read its certificate files anew, with no connection lost."""
        program, _, *config = self.command()
        return [program, "reload", "--force", "--address", f"unix//{self.folder / 'admin.sock'}", *config]

    def caddyfile(self) -> str:
        """The whole Caddyfile."""
        return "\n\n".join([self._globals(), *self._snippets(), *self._sites(), self._unknown_host()]) + "\n"

    def _globals(self) -> str:
        email = self.addresses.acme_email
        return _block(
            "",
            f"admin unix//{self.folder / 'admin.sock'}|0600",
            "persist_config off",
            "skip_install_trust",
            "grace_period 3s",
            f'storage file_system "{self.folder / "storage"}"',
            f"http_port {self.ports.http}",
            f"https_port {self.ports.https}",
            *([f"email {email}"] if email else []),
            *(["auto_https disable_redirects"] if self.addresses.tls is TlsMode.LOCAL else []),
            _block(
                "pki",
                _block(
                    "ca local",
                    'name "Seatkeep own CA"',
                    _block("root", f'cert "{self.authority.certificate}"', f'key "{self.authority.key}"'),
                ),
            ),
        )

    def _snippets(self) -> list[str]:
        return [
            _block("(errors)", *_error_lines()),
            _block("(console)", *self._console_lines()),
            _block("(licensing)", *self._licensing_lines()),
        ]

    def _console_lines(self) -> list[str]:
        devices = _block("handle @devices", _limit(DEVICE_LIMIT), f"reverse_proxy 127.0.0.1:{self.ports.manager_web}")
        console = _handle(self.ports.manager_web)
        return [
            *_large_lines(),
            *self._agent_lines(),
            "@devices path /agent/v1/*",
            devices,
            console,
            "import errors",
        ]

    def _agent_lines(self) -> list[str]:
        if self.websocket is None:
            return []
        proxy = _block(f"reverse_proxy {self.websocket}", "stream_close_delay 5m")
        return ["@agent path /agent", _block("handle @agent", "rewrite * /", proxy)]

    def _licensing_lines(self) -> list[str]:
        fast = _block("handle @fast", _limit(DEVICE_LIMIT), self._fast_proxy())
        return [*_large_lines(), f"@fast path {FAST_PATHS}", fast, _handle(self.ports.hub_web), "import errors"]

    def _fast_proxy(self) -> str:
        """To the hub's fast path, with connections kept: Caddy keeps 32 unless told, and every further request of a
        busy moment would make a new one.
        """
        kept = _block("transport http", f"keepalive_idle_conns_per_host {FAST_CONNECTIONS_KEPT}")
        return _block(f"reverse_proxy 127.0.0.1:{self.ports.hub_fast}", kept)

    def _sites(self) -> list[str]:
        hosts = (("console", self.addresses.console_host), ("licensing", self.addresses.licensing_host))
        if self.addresses.tls is TlsMode.LOCAL:
            plain = [self._site(f"http://{host}:{self.ports.http}", name) for name, host in hosts]
        else:
            plain = [self._to_https(url) for url in (self.addresses.console_url, self.addresses.licensing_url)]
        return plain + [
            self._site(f"https://{host}:{self.ports.https}", name, *self._tls_lines()) for name, host in hosts
        ]

    def _to_https(self, url: str) -> str:
        """Caddy's own redirect would come after the page for unknown hosts."""
        return _block(f"http://{urlsplit(url).hostname}:{self.ports.http}", f"redir {url}{{uri}} 308")

    def _tls_lines(self) -> list[str]:
        if self.addresses.tls is TlsMode.FILES:
            return [f'tls "{self.addresses.certificate}" "{self.addresses.certificate_key}"']
        return ["tls internal"] if self.addresses.has_own_ca else []

    def _site(self, address: str, snippet: str, *tls: str) -> str:
        return _block(address, *self._bind_lines(), *tls, f"import {snippet}")

    def _bind_lines(self) -> list[str]:
        return ["bind 127.0.0.1 [::1]"] if self.addresses.tls is TlsMode.LOCAL else []

    def _unknown_host(self) -> str:
        """A bare IP or an unknown name: a page with the two names; on this machine devices get through as well."""
        devices = self._device_lines() if self.addresses.tls is TlsMode.LOCAL else []
        return _block(
            f"http://:{self.ports.http}",
            *self._bind_lines(),
            *devices,
            _block("handle", *self._two_names_lines()),
            "import errors",
        )

    def _device_lines(self) -> list[str]:
        return [
            *self._agent_lines(),
            "@console path /agent/* /install/*",
            _block("handle @console", _limit(DEVICE_LIMIT), f"reverse_proxy 127.0.0.1:{self.ports.manager_web}"),
            "@fast path /activate/* /.well-known/seatkeep-keys.json",
            _block("handle @fast", _limit(DEVICE_LIMIT), self._fast_proxy()),
        ]

    def _two_names_lines(self) -> list[str]:
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Seatkeep</title>'
            '<body style="font:16px/1.5 system-ui;margin:15vh auto;max-width:32rem;padding:0 1rem">'
            '<h1 style="font-size:1.5rem">Seatkeep has two addresses</h1>'
            f'<p><a href="{self.addresses.console_url}">Console</a>: devices, policies, problems</p>'
            f'<p><a href="{self.addresses.licensing_url}">Licensing</a>: companies, licenses, bills</p></body></html>'
        )
        return ["header Content-Type text/html", f"respond `{page}` 404"]


def _handle(port: int) -> str:
    return _block("handle", "encode zstd gzip", _limit(UPLOAD_LIMIT), f"reverse_proxy 127.0.0.1:{port}")


def _large_lines() -> list[str]:
    matcher = f"@large header_regexp Content-Length `{ANNOUNCED_TOO_LARGE}`"
    return [matcher, _block("handle @large", *_too_large_lines())]


def _limit(size: str) -> str:
    return _block("request_body", f"max_size {size}")


def _too_large_lines() -> list[str]:
    problem = '{"type":"about:blank","title":"This is larger than what is taken here","status":413,"code":"too_large"}'
    return ["header Content-Type application/problem+json", f"respond `{problem}` 413"]


def _error_lines() -> list[str]:
    html = ["header Content-Type text/html", f"respond `{STARTING}` 503"]
    problem = '{"type":"about:blank","title":"This part of Seatkeep is not ready","status":503,"code":"busy"}'
    json = ["header Content-Type application/problem+json", f"respond `{problem}` 503"]
    return [
        _block("handle_errors 413", *_too_large_lines()),
        _block(
            "handle_errors 502 503 504",
            "header Retry-After 2",
            "@page header Accept *text/html*",
            _block("handle @page", *html),
            _block("handle", *json),
        ),
    ]


def _block(head: str, *lines: str) -> str:
    body = "\n".join(_indent(line) for line in lines)
    return f"{head} {{\n{body}\n}}".lstrip()


def _indent(text: str) -> str:
    if "`" in text:  # A literal between backticks keeps its lines as they are.
        head, *rest = text.split("\n")
        return "\n".join([f"\t{head}", *rest])
    return "\n".join(f"\t{line}" for line in text.split("\n"))
