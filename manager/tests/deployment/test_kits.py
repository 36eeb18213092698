"""Installers of a key: values stay values in every shell, scripts keep their promises, nobody else gets them."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from seatkeep_manager.deployment.errors import WishInvalidError
from seatkeep_manager.deployment.kits import Action, Kit, kit_archive, kit_make, linux_action_script, windows_script
from seatkeep_manager.deployment.payload import Edition, packages_find
from seatkeep_manager.deployment.quoting import (
    CommandLineError,
    fill,
    msi_property,
    powershell_quoted,
    sh_inside,
    sh_quoted,
)
from seatkeep_manager.deployment.rules import System, Wish, command_for, is_proxy, wish_check

KEY = "skd_ABCDEFGH12345678"
HOSTILE = [
    "O'Brien & Söhne", '"; rm -rf / #', "$(touch /tmp/x)", "`id`", "a\nb", "‘quoted’ ‚too‛", "%PATH%", "後藤",
    "--%", "@@KEY@@", "$env:KEY", "end'", "''", "\\",
]  # fmt: skip
POWERSHELL_QUOTES = "'\u2018\u2019\u201a\u201b"
AGENT = """#!/bin/sh
case "$1" in
--version) echo "${FAKE_VERSION:-0.1.0}" ;;
status)
    printf 'seatkeep: service runs\\nseatkeep: protection %s\\n' "${FAKE_PROTECTION:-PROTECTED}"
    exit "${FAKE_STATUS:-0}" ;;
uninstall) echo removed; rm -f "$0"; exit "${FAKE_UNINSTALL:-0}" ;;
esac
"""
CA = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def console(tmp_path: Path, settings: Any) -> Path:
    """A console with a public certificate and one Windows package."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "seatkeep-endpoint-0.1.0-x64.msi").write_bytes(b"msi")
    settings.BUNDLE_DIR, settings.DEVICE_CA = str(folder), None
    settings.CONSOLE_URL = settings.CONSOLE_DEVICE_URL = "https://console.example.com"
    return folder


def powershell_read(literal: str) -> str:
    """What PowerShell reads in a single-quoted literal; fails unless the literal is all of it."""
    assert literal[0] in POWERSHELL_QUOTES
    read, place = "", 1
    while literal[place] not in POWERSHELL_QUOTES or literal[place + 1 : place + 2] in set(POWERSHELL_QUOTES):
        is_doubled = literal[place] in POWERSHELL_QUOTES
        read += literal[place]
        place += 2 if is_doubled else 1
    assert place == len(literal) - 1, "the literal ends early, so the rest would run"
    return read


@given(st.text())
@example("a\u2019b")
@example("'; calc; '")
def test_powershell_reads_the_value_and_nothing_else(value: str) -> None:
    assert powershell_read(powershell_quoted(value)) == value


def test_sh_reads_the_values_and_nothing_else() -> None:
    lines = [fill("printf '%s\\0' '@@X@@'", {"X": value}, inside=sh_inside) for value in HOSTILE]
    lines += [f"printf '%s\\0' {sh_quoted(value)}" for value in HOSTILE]
    for shell in ("sh", "dash"):
        done = subprocess.run([shell], input="\n".join(lines).encode(), capture_output=True, check=True)
        assert done.stdout.decode().split("\0")[:-1] == HOSTILE * 2


@given(st.text(max_size=50))
@example("a&b")
@example('a"b')
@example("%TEMP%")
def test_a_property_is_refused_or_safe_on_a_command_line(value: str) -> None:
    try:
        written = msi_property("GROUP", value)
    except CommandLineError:
        return
    assert written in (f"GROUP={value}", f'GROUP="{value}"')
    assert not set('"%$`!^&|<>\n') & set(value)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("system", list(System))
def test_no_script_is_broken_by_a_groups_name(value: str, system: System) -> None:
    wish = Wish(system=system, group=value)
    if system is System.LINUX:
        script = linux_action_script(action=Action.INSTALL, wish=wish)
        assert subprocess.run(["dash", "-n"], input=script.encode(), check=False).returncode == 0
    else:
        assert f"    Group   = {powershell_quoted(value)}\n" in windows_script(wish=wish)


@pytest.mark.parametrize("system", list(System))
@pytest.mark.parametrize("action", list(Action))
def test_no_script_holds_the_key_or_an_open_place(system: System, action: Action) -> None:
    kit = kit_make(key=KEY, wish=Wish(system=system))
    assert KEY not in kit.scripts[action].text
    assert "@@" not in kit.scripts[action].text
    assert f"'{action}'" in kit.scripts[action].text


@pytest.mark.parametrize("system", list(System))
def test_the_key_stands_in_no_address(system: System) -> None:
    command = command_for(console_url="https://console.example.com/", key=KEY, wish=Wish(system=system))
    address = next(word for word in command.split() if "https://" in word)
    assert KEY not in address
    assert KEY in command


def test_the_command_carries_group_and_proxy() -> None:
    wish = Wish(system=System.WINDOWS, edition=Edition.AGENT, group="O'Brien", proxy="http://proxy:3128")
    command = command_for(console_url="https://c", key=KEY, wish=wish)
    assert "$env:SEATKEEP_GROUP='O''Brien'; $env:SEATKEEP_PROXY='http://proxy:3128'" in command
    assert "$env:SEATKEEP_EDITION='agent'" in command
    assert command.endswith("irm 'https://c/install/windows.ps1' -Proxy 'http://proxy:3128' | iex")


@pytest.mark.parametrize(
    "proxy",
    ["proxy:3128", "ftp://p", "http://a:b@p:1", "http://p/x", "http://p:99999", "http://", "http://p q", "http://ü"],
)
def test_a_proxy_that_computers_would_refuse_is_refused(proxy: str) -> None:
    assert not is_proxy(proxy)
    with pytest.raises(WishInvalidError):
        wish_check(Wish(proxy=proxy))


@pytest.mark.parametrize("group", ["a\nKey = x", "x" * 256, "\0"])
def test_a_group_that_would_write_a_setting_of_its_own_is_refused(group: str) -> None:
    with pytest.raises(WishInvalidError):
        kit_make(key=KEY, wish=Wish(group=group))


def test_windows_settings_say_what_the_package_reads(tmp_path: Path, settings: Any) -> None:
    from seatkeep_msi.settings import settings_read

    (tmp_path / "own-ca.pem").write_text(CA)
    settings.DEVICE_CA = str(tmp_path / "own-ca.pem")
    kit = kit_make(key=KEY, wish=Wish(group="Büro 100%", proxy="http://proxy:3128"))
    for file in kit.files[:2]:
        (tmp_path / file.name).write_text(file.text, encoding="utf-8")

    read = settings_read({}, tmp_path / "seatkeep-endpoint-0.1.0-x64.msi")

    assert (read.server, read.key, read.group) == ("https://console.example.com", KEY, "Büro 100%")
    assert (read.proxy, read.cafile) == ("http://proxy:3128", str(tmp_path / "ca.pem"))


def test_the_command_line_of_the_package(console: Path) -> None:
    kit = kit_make(key=KEY, wish=Wish(group="Front Office"))
    package = "msiexec /i seatkeep-endpoint-0.1.0-x64.msi /qn"
    assert kit.package_command == f'{package} SERVER=https://console.example.com KEY={KEY} GROUP="Front Office"'
    assert kit_make(key=KEY, wish=Wish(group='a"b')).package_command == ""


def test_the_newest_package_of_each_edition_is_offered(console: Path) -> None:
    for name in ("endpoint-0.10.0-x64", "endpoint-0.9.9-x64", "agent-1.0.0-x64", "endpoint-9-x64", "other-1.0.0-x64"):
        (console / f"seatkeep-{name}.msi").write_bytes(name.encode())
    found = packages_find(console)
    assert {edition: package.version for edition, package in found.items()} == {"endpoint": "0.10.0", "agent": "1.0.0"}
    assert found[Edition.ENDPOINT].payload.sha256 in windows_script()


def test_without_packages_the_page_has_no_command_for_them(console: Path) -> None:
    (console / "seatkeep-endpoint-0.1.0-x64.msi").unlink()
    kit = kit_make(key=KEY, wish=Wish())
    assert (kit.package, kit.package_command) == (None, "")
    assert "make packages" in kit.scripts[Action.INSTALL].text


def test_windows_reads_a_downloaded_script_as_utf8() -> None:
    kit = kit_make(key=KEY, wish=Wish(group="Zürich"))
    with zipfile.ZipFile(io.BytesIO(kit_archive(kit))) as archive:
        assert archive.read("seatkeep-install.ps1").startswith(b"\xef\xbb\xbf# Seatkeep")
        assert len(archive.namelist()) == len(kit.files)
    assert not windows_script().startswith("\ufeff")  # Piped into iex it would be a command.


@pytest.fixture
def linux_kit(tmp_path: Path) -> Kit:
    agent = tmp_path / "root/bin/seatkeep-agent"
    agent.parent.mkdir(parents=True)
    agent.write_text(AGENT)
    agent.chmod(0o755)
    return kit_make(key=KEY, wish=Wish(system=System.LINUX))


def run(kit: Kit, action: Action, root: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script as an RMM does."""
    known = {"PATH": os.environ["PATH"], "SEATKEEP_ROOT": str(root), **env}
    text = kit.scripts[action].text
    return subprocess.run(["sh"], input=text, env=known, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("action", "env", "code", "line"),
    [
        (Action.DETECT, {}, 0, "0.1.0"),
        (Action.DETECT, {"FAKE_VERSION": "0.10.0"}, 0, "0.10.0"),
        (Action.DETECT, {"FAKE_VERSION": "0.0.9"}, 1, ""),
        (Action.STATE, {}, 0, "ok; version 0.1.0; service runs; protection PROTECTED"),
        (
            Action.STATE,
            {"FAKE_STATUS": "1", "FAKE_PROTECTION": "NOT_PROTECTED"},
            1,
            "trouble; version 0.1.0; service runs; protection NOT_PROTECTED",
        ),
        (Action.INSTALL, {}, 0, "seatkeep: installed already; service runs; protection PROTECTED"),
        (Action.REMOVE, {}, 0, "removed"),
        (Action.REMOVE, {"FAKE_UNINSTALL": "1"}, 6, "removed"),
    ],
)
def test_a_script_for_an_rmm_keeps_its_exit_codes(
    linux_kit: Kit, tmp_path: Path, action: Action, env: dict[str, str], code: int, line: str
) -> None:
    done = run(linux_kit, action, tmp_path / "root", **env)
    assert (done.returncode, done.stdout.strip()) == (code, line), done.stderr


@pytest.mark.parametrize(
    ("action", "code"), [(Action.DETECT, 1), (Action.STATE, 8), (Action.REMOVE, 0), (Action.REPAIR, 2)]
)
def test_where_nothing_is_installed(linux_kit: Kit, tmp_path: Path, action: Action, code: int) -> None:
    assert run(linux_kit, action, tmp_path / "empty").returncode == code


def test_an_installation_in_trouble_is_done_again(linux_kit: Kit, tmp_path: Path, settings: Any) -> None:
    settings.CONSOLE_DEVICE_URL = "http://127.0.0.1:9"
    kit = kit_make(key=KEY, wish=Wish(system=System.LINUX))
    done = run(kit, Action.INSTALL, tmp_path / "root", FAKE_STATUS="1", SEATKEEP_KEY=KEY)
    assert done.returncode == 4
    assert "cannot be reached" in done.stderr


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/install/windows.ps1", 200),
        ("/install/seatkeep-endpoint-0.1.0-x64.msi", 200),
        ("/install/seatkeep-agent-0.1.0-x64.msi", 404),
        ("/install/seatkeep-endpoint-0.1.0-x64.msi/../../../etc/passwd", 404),
        ("/install/seatkeep-endpoint-..%2f..%2fetc-x64.msi", 404),
    ],
)
def test_what_a_windows_computer_downloads(client: Any, path: str, status: int) -> None:
    answer = client.get(path)
    answer.close()
    assert answer.status_code == status
    if path.endswith(".ps1"):
        assert answer["Cache-Control"] == "no-store"
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
