"""What an installation is told, and what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from seatkeep_msi.errors import CodeUnreadableError, SettingError, UninstallCodeError
from seatkeep_msi.settings import Settings, settings_read
from seatkeep_msi.uninstall_code import FILE, code_check, code_set

SERVER = "https://console.example.com"


def beside(folder: Path, text: str) -> Path:
    """A package with a settings file beside it."""
    (folder / "seatkeep.ini").write_text(text, encoding="utf-8")
    return folder / "seatkeep.msi"


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    package = beside(tmp_path, f"[Seatkeep]\nServer = {SERVER}\nKey = of the file\nGroup = Geschäft\n")

    assert settings_read({"key": "given"}, package) == Settings(server=SERVER, key="given", group="Geschäft")


def test_a_percent_sign_in_a_key_is_only_that(tmp_path: Path) -> None:
    assert settings_read({}, beside(tmp_path, "[Seatkeep]\nKey = 100%s\n")).key == "100%s"


def test_a_proxy_can_be_taken_back() -> None:
    assert settings_read({"proxy": "none"}, None).proxy == "none"


def test_no_file_is_no_setting(tmp_path: Path) -> None:
    assert settings_read({}, tmp_path / "seatkeep.msi") == Settings()


def test_the_authority_may_lie_beside_the_package(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("a certificate")

    found = settings_read({}, beside(tmp_path, "[Seatkeep]\nCaFile = ca.pem\n"))

    assert found.cafile == str(tmp_path / "ca.pem")


@pytest.mark.parametrize(
    "text",
    ["Server = x", "[Seatkeep]\nServer", "[Other]\nKey = x", "[Seatkeep]\nPassword = x", "[Seatkeep]\n[Seatkeep]\n"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingError, match=r"seatkeep\.ini"):
        settings_read({}, beside(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server", "http://console.example.com"),
        ("server", "console.example.com"),
        ("server", "https://"),
        ("server", "https://[::1"),
        ("server", "https://console.example.com:0"),
        ("proxy", "proxy:3128"),
        ("proxy", "socks5://proxy:1080"),
        ("cafile", "/no/such/file.pem"),
        ("group", "two\nlines"),
        ("key", "k" * 1001),
    ],
)
def test_an_unusable_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name.upper()):
        settings_read({name: value}, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", "hunter2\x00"),
        ("uninstallcode", "hunter2\x00"),
        ("proxy", "http://user:hunter2@proxy:3128"),
        ("cafile", 'C:\\folder" --key=hunter2'),
        ("server", 'console" --key=hunter2'),
    ],
)
def test_a_refusal_tells_no_secret(name: str, value: str) -> None:
    with pytest.raises(SettingError) as refusal:
        settings_read({name: value}, None)
    assert "hunter2" not in str(refusal.value)


def test_only_the_code_lets_through(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir()
    code_check(tmp_path, "")
    code_set(tmp_path, "leave it alone")

    code_check(tmp_path, "leave it alone")
    for wrong in ("", "guess", "leave it alone "):
        with pytest.raises(UninstallCodeError):
            code_check(tmp_path, wrong)
    assert "leave" not in (tmp_path / FILE).read_text()


@pytest.mark.parametrize("content", ["", "{}", '{"salt": 1, "scrypt": 2}', '{"salt": "zz", "scrypt": ""}'])
def test_a_spoiled_code_lets_nobody_through(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(content)

    with pytest.raises(CodeUnreadableError):
        code_check(tmp_path, "")
