"""The Caddyfile: what it routes where, and that Caddy itself takes it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from seatkeep_launcher.certificates import CertificateAuthority
from seatkeep_launcher.frontdoor import FrontDoor
from seatkeep_launcher.settings import settings_parse

PUBLIC = {"SEATKEEP_PUBLIC_URL": "https://example.com"}


def _door(folder: Path, values: dict[str, str]) -> FrontDoor:
    authority = CertificateAuthority(folder / "ca")
    authority.ensure(now=datetime(2026, 11, 22, tzinfo=UTC))
    settings = settings_parse(folder, values)
    (folder / "caddy").mkdir()
    return FrontDoor(folder / "caddy", settings.addresses, settings.ports, authority, "127.0.0.1:8303")


def test_first_run_listens_on_loopback_only(tmp_path: Path) -> None:
    text = _door(tmp_path, {}).caddyfile()
    assert text.count("bind 127.0.0.1 [::1]") == 5


def test_public_names_listen_everywhere(tmp_path: Path) -> None:
    text = _door(tmp_path, PUBLIC).caddyfile()
    assert "bind" not in text
    assert "https://console.example.com:443 {" in text
    assert "tls internal" not in text


def test_plain_address_of_a_public_name_leads_to_https(tmp_path: Path) -> None:
    text = _door(tmp_path, {**PUBLIC, "SEATKEEP_HTTPS_PORT": "8443"}).caddyfile()
    assert "http://console.example.com:80 {\n\tredir https://console.example.com:8443{uri} 308" in text


def test_unknown_host_gets_no_device_route_on_a_public_server(tmp_path: Path) -> None:
    unknown = _door(tmp_path, PUBLIC).caddyfile().split("http://:80 {")[1]
    assert "reverse_proxy" not in unknown


def test_admin_interface_is_a_private_socket(tmp_path: Path) -> None:
    text = _door(tmp_path, {}).caddyfile()
    assert f"admin unix//{tmp_path}/caddy/admin.sock|0600" in text
    assert "skip_install_trust" in text


def test_without_a_broker_websocket_the_route_is_left_out(tmp_path: Path) -> None:
    door = _door(tmp_path, {})
    without = FrontDoor(door.folder, door.addresses, door.ports, door.authority, None)
    assert "@agent" not in without.caddyfile()


@pytest.mark.services
@pytest.mark.parametrize("tls", ["local", "acme", "own-ca"])
def test_caddy_takes_the_file(tmp_path: Path, tls: str) -> None:
    values = {} if tls == "local" else {**PUBLIC, "SEATKEEP_TLS": tls, "SEATKEEP_ACME_EMAIL": "ops@example.com"}
    door = _door(tmp_path, values)
    door.config.write_text(door.caddyfile())
    program = door.command()[0]
    done = subprocess.run(
        [program, "validate", "--config", str(door.config), "--adapter", "caddyfile"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
