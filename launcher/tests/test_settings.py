"""Settings: defaults, precedence, and that each wrong one is refused by name and reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from seatkeep_launcher.home import Home
from seatkeep_launcher.plan import Installation
from seatkeep_launcher.settings import (
    SETTINGS_FILE,
    Settings,
    SettingsError,
    TlsMode,
    default_data_folder,
    settings_for_restore,
    settings_load,
    settings_parse,
    settings_remember,
)

DATA = Path("/srv/seatkeep")


def _refused(**values: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        settings_parse(DATA, values)
    return dict(caught.value.problems)


def test_first_run_needs_no_setting() -> None:
    settings = settings_parse(DATA, {})
    assert settings == Settings(DATA)
    assert settings.addresses.console_url == "http://console.localhost:8080"
    assert settings.addresses.licensing_device_url == "https://licensing.localhost:8443"


def test_ports_appear_in_the_local_addresses() -> None:
    settings = settings_parse(DATA, {"SEATKEEP_HTTP_PORT": "9080", "SEATKEEP_HTTPS_PORT": "9443"})
    assert settings.addresses.licensing_url == "http://licensing.localhost:9080"
    assert settings.addresses.console_device_url == "https://console.localhost:9443"


def test_public_url_gives_two_names_on_the_usual_ports() -> None:
    settings = settings_parse(DATA, {"SEATKEEP_PUBLIC_URL": "https://example.com"})
    assert settings.addresses.console_url == "https://console.example.com"
    assert settings.addresses.licensing_device_url == "https://licensing.example.com"
    assert (settings.ports.http, settings.ports.https) == (80, 443)
    assert settings.addresses.tls is TlsMode.ACME
    assert not settings.addresses.has_own_ca


def test_own_certificate_is_used_when_given(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    certificate.touch()
    key.touch()
    settings = settings_parse(
        DATA,
        {
            "SEATKEEP_PUBLIC_URL": "https://example.com",
            "SEATKEEP_TLS_CERT": str(certificate),
            "SEATKEEP_TLS_KEY": str(key),
        },
    )
    assert settings.addresses.tls is TlsMode.FILES


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("SEATKEEP_PUBLIC_URL", "http://example.com", "https://"),
        ("SEATKEEP_PUBLIC_URL", "example.com", "https://"),
        ("SEATKEEP_PUBLIC_URL", "https://192.0.2.7", "must be a name"),
        ("SEATKEEP_HTTP_PORT", "eighty", "must be a port between 1 and 65535"),
        ("SEATKEEP_HTTP_PORT", "0", "must be a port"),
        ("SEATKEEP_HTTPS_PORT", "65536", "must be a port"),
        ("SEATKEEP_HTTPS_PORT", "8080", "three different ports"),
        ("SEATKEEP_INTERNAL_PORT", "65530", "between 1 and 65526"),
        ("SEATKEEP_NATS_PORT", "8305", "internal ports 8300–8309"),
        ("SEATKEEP_DATABASE_URL", "mysql://db/", "postgresql://"),
        ("SEATKEEP_DATABASE_URL", "postgresql://user@:bad/", "postgresql://"),
        ("SEATKEEP_SMTP_URL", "mail.example.com", "smtp://"),
        ("SEATKEEP_TIME_ZONE", "Mars/Olympus", "IANA"),
        ("SEATKEEP_TIME_ZONE", "../etc/passwd", "IANA"),
        ("SEATKEEP_BUNDLE_DIR", "/no/such/folder", "is not a folder"),
    ],
)
def test_wrong_value_is_refused_by_name_and_reason(name: str, value: str, reason: str) -> None:
    assert reason in _refused(**{name: value})[name]


def test_all_wrong_values_are_told_at_once() -> None:
    assert set(_refused(SEATKEEP_HTTP_PORT="x", SEATKEEP_SMTP_URL="y")) == {"SEATKEEP_HTTP_PORT", "SEATKEEP_SMTP_URL"}


def test_database_url_keeps_its_options() -> None:
    settings = settings_parse(DATA, {"SEATKEEP_DATABASE_URL": "postgresql://u:p@db:5433/postgres?sslmode=require"})
    url = Installation(settings, Home(DATA)).database_url("hub")
    assert url == "postgresql://u:p@db:5433/seatkeep_hub?sslmode=require"


def test_own_broker_needs_its_companions_and_a_way_for_devices() -> None:
    assert set(_refused(SEATKEEP_NATS_URL="nats://broker:4222")) == {
        "SEATKEEP_NATS_MANAGER_CREDS",
        "SEATKEEP_NATS_EDGE_SIGNING_SEED",
        "SEATKEEP_NATS_EDGE_ACCOUNT",
        "SEATKEEP_NATS_WEBSOCKET",
    }


def test_certificate_without_key_is_refused(tmp_path: Path) -> None:
    certificate = tmp_path / "c.pem"
    certificate.touch()
    wrong = _refused(SEATKEEP_PUBLIC_URL="https://example.com", SEATKEEP_TLS_CERT=str(certificate))
    assert "SEATKEEP_TLS_KEY" in wrong


def test_option_wins_over_environment_and_environment_over_file(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(
        '# ports\nSEATKEEP_HTTP_PORT=1111\nSEATKEEP_HTTPS_PORT=1112\nSEATKEEP_NATS_PORT="1113"\n'
    )
    environment = {"SEATKEEP_DATA": str(tmp_path), "SEATKEEP_HTTPS_PORT": "2222", "SEATKEEP_NATS_PORT": "2223"}
    ports = settings_load({"SEATKEEP_NATS_PORT": "3333", "SEATKEEP_HTTP_PORT": None}, environment).ports
    assert (ports.http, ports.https, ports.nats) == (1111, 2222, 3333)


def test_data_lies_in_var_lib_for_root_and_in_the_home_for_others() -> None:
    assert default_data_folder({"HOME": "/home/ann"}, is_root=True) == Path("/var/lib/seatkeep")
    assert default_data_folder({"HOME": "/home/ann"}, is_root=False) == Path("/home/ann/.local/share/seatkeep")
    assert default_data_folder({"XDG_DATA_HOME": "/data"}, is_root=False) == Path("/data/seatkeep")


def test_options_are_remembered_beside_what_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / SETTINGS_FILE
    path.write_text("# by hand\nSEATKEEP_MAIL_FROM=it@example.com\nSEATKEEP_HTTP_PORT=8080\n")

    settings_remember(tmp_path, {"SEATKEEP_HTTP_PORT": "9080", "SEATKEEP_PUBLIC_URL": None, "SEATKEEP_DATA": "/x"})

    assert path.read_text() == "# by hand\nSEATKEEP_MAIL_FROM=it@example.com\nSEATKEEP_HTTP_PORT=9080\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert settings_load({"SEATKEEP_DATA": str(tmp_path)}, {}).ports.http == 9080


def test_nothing_is_written_without_options(tmp_path: Path) -> None:
    settings_remember(tmp_path, {"SEATKEEP_HTTP_PORT": None, "SEATKEEP_DATA": "/x"})
    assert not (tmp_path / SETTINGS_FILE).exists()


def test_a_restored_installation_does_not_work_on_the_servers_of_the_original() -> None:
    text = "SEATKEEP_PUBLIC_URL=https://example.com\nSEATKEEP_DATABASE_URL=postgresql://real\nSEATKEEP_NATS_URL=tls://real\n"
    text += "SEATKEEP_NATS_PORT=2222"

    here = settings_for_restore(text, database_url="postgresql://other").splitlines()

    assert here == [
        "SEATKEEP_PUBLIC_URL=https://example.com",
        "# of the backup: SEATKEEP_DATABASE_URL=postgresql://real",
        "# of the backup: SEATKEEP_NATS_URL=tls://real",
        "SEATKEEP_NATS_PORT=2222",
        "SEATKEEP_DATABASE_URL=postgresql://other",
    ]
