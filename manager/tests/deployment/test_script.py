"""The installer script, run by a real shell against a server that misbehaves."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from seatkeep_manager.deployment.payload import payload_find
from seatkeep_manager.deployment.rules import CertificateTextError, ca_check, script_fill
from seatkeep_manager.deployment.services import linux_script

AGENT = """#!/bin/sh
[ -n "$SEATKEEP_KEY" ] || exit 6
case " $* " in *"$SEATKEEP_KEY"*) exit 6 ;; esac
echo "service: $SEATKEEP_SERVICE"
echo "group: $SEATKEEP_GROUP, proxy: $SEATKEEP_PROXY"
[ -n "$FAKE_AGENT_CODE" ] || echo "Licensed; the engine has test rules only."
exit ${FAKE_AGENT_CODE:-0}
"""


def payload() -> bytes:
    """A payload whose agent ends as FAKE_AGENT_CODE says."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        member = tarfile.TarInfo("bin/seatkeep-agent")
        member.mode, member.size = 0o755, len(AGENT)
        archive.addfile(member, io.BytesIO(AGENT.encode()))
    return raw.getvalue()


class Server:
    """Serves a payload and takes progress."""

    def __init__(self) -> None:
        self.body = payload()
        self.progress: list[bytes] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if server.body else 404)
                self.end_headers()
                self.wfile.write(server.body)

            def do_POST(self) -> None:
                server.progress.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


@pytest.fixture
def bundle(tmp_path: Path, settings: Any, server: Server) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "agent-linux-x86_64.tar.gz").write_bytes(server.body)
    settings.BUNDLE_DIR = str(folder)
    settings.CONSOLE_DEVICE_URL = server.url
    settings.DEVICE_CA = None
    return folder


def run(tmp_path: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Pipe the script into sh, as people do."""
    given = {"PATH": os.environ["PATH"], "SEATKEEP_KEY": "sk-key_1", "SEATKEEP_ROOT": str(tmp_path / "root")} | env
    return subprocess.run(
        ["sh", "-s", "--", *options],
        input=linux_script(),
        env=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()[-1]


def test_a_protected_computer_ends_with_0(bundle: Path, tmp_path: Path, server: Server) -> None:
    done = run(tmp_path)

    assert (done.returncode, last_line(done)) == (0, "Licensed; the engine has test rules only.")
    assert (tmp_path / "root/bin/seatkeep-agent").exists()
    assert [b'"step":"downloaded","ok":true' in server.progress[0], len(server.progress)] == [True, 2]


@pytest.mark.parametrize(
    ("agent", "code", "word"),
    [
        ("10", 10, "waits for approval"),
        ("11", 11, "not licensed"),
        ("5", 5, "rejected"),
        ("4", 4, "reached"),
        ("9", 6, "9"),
    ],
)
def test_the_last_line_tells_the_truth(bundle: Path, tmp_path: Path, agent: str, code: int, word: str) -> None:
    done = run(tmp_path, FAKE_AGENT_CODE=agent)

    assert done.returncode == code
    assert word in last_line(done)


def test_a_changed_payload_is_refused_and_nothing_is_installed(bundle: Path, tmp_path: Path, server: Server) -> None:
    server.body = server.body + b"x"

    done = run(tmp_path)

    assert done.returncode == 3
    assert not (tmp_path / "root/bin").exists()


def test_a_missing_payload_on_the_way_is_3(bundle: Path, tmp_path: Path, server: Server) -> None:
    server.body = b""

    assert run(tmp_path).returncode == 3


def test_a_server_that_is_away_is_4(bundle: Path, tmp_path: Path) -> None:
    assert run(tmp_path, SEATKEEP_CONSOLE="http://127.0.0.1:9").returncode == 4


def test_no_key_is_2(bundle: Path, tmp_path: Path) -> None:
    assert run(tmp_path, SEATKEEP_KEY="").returncode == 2


def test_a_key_that_would_run_a_command_is_refused(bundle: Path, tmp_path: Path) -> None:
    assert run(tmp_path, SEATKEEP_KEY="$(touch /tmp/x)").returncode == 5


@pytest.mark.parametrize("root", ["relative", "/", "/tmp/a b", "/tmp/$(id)"])
def test_a_strange_root_is_refused(bundle: Path, tmp_path: Path, root: str) -> None:
    assert run(tmp_path, SEATKEEP_ROOT=root).returncode == 2


@pytest.mark.parametrize(("asked", "given"), [({}, "auto"), ({"SEATKEEP_SERVICE": "none"}, "none")])
def test_the_agent_hears_whether_a_service_is_wanted(
    bundle: Path, tmp_path: Path, asked: dict[str, str], given: str
) -> None:
    assert f"service: {given}\n" in run(tmp_path, **asked).stdout


def test_an_unknown_kind_of_service_is_refused(bundle: Path, tmp_path: Path) -> None:
    assert run(tmp_path, SEATKEEP_SERVICE="openrc").returncode == 2
    assert not (tmp_path / "root").exists()


def test_plain_http_to_elsewhere_is_refused(bundle: Path, tmp_path: Path) -> None:
    assert run(tmp_path, SEATKEEP_CONSOLE="http://console.example").returncode == 2


def test_settings_come_from_a_file_and_what_is_set_wins(bundle: Path, tmp_path: Path) -> None:
    given = tmp_path / "install.conf"
    given.write_text("# ours\n\nSEATKEEP_KEY=sk-key_2\nSEATKEEP_SERVICE=none\nSEATKEEP_ROOT=/nowhere $(id)\n")

    done = run(tmp_path, SEATKEEP_KEY="", SEATKEEP_SETTINGS=str(given))

    assert (done.returncode, "service: none\n" in done.stdout) == (0, True)
    assert (tmp_path / "root/bin/seatkeep-agent").exists()


@pytest.mark.parametrize("line", ["PATH=/tmp", "SEATKEEP_KEY", "touch /tmp/x", " SEATKEEP_KEY=x"])
def test_a_settings_file_is_read_and_never_run(bundle: Path, tmp_path: Path, line: str) -> None:
    given = tmp_path / "install.conf"
    given.write_text(line)

    done = run(tmp_path, SEATKEEP_SETTINGS=str(given))

    assert (done.returncode, "no setting" in last_line(done)) == (2, True)


def test_a_missing_settings_file_is_2(bundle: Path, tmp_path: Path) -> None:
    assert run(tmp_path, SEATKEEP_SETTINGS=str(tmp_path / "none")).returncode == 2


@pytest.mark.parametrize(("extra", "code"), [(b"", 0), (b"x", 3)])
def test_a_payload_at_hand_is_checked_like_a_downloaded_one(
    bundle: Path, tmp_path: Path, server: Server, extra: bytes, code: int
) -> None:
    at_hand = tmp_path / "payload.tar.gz"
    at_hand.write_bytes(server.body + extra)
    server.body = b""

    assert run(tmp_path, SEATKEEP_PAYLOAD=str(at_hand)).returncode == code


def test_a_proxy_that_is_no_address_is_2(bundle: Path, tmp_path: Path) -> None:
    assert run(tmp_path, SEATKEEP_PROXY="proxy:3128").returncode == 2


def test_a_console_without_payload_fails_in_the_pipe(tmp_path: Path, settings: Any) -> None:
    settings.BUNDLE_DIR = ""

    done = run(tmp_path)

    assert done.returncode == 3
    assert "no installer" in last_line(done)


def test_half_a_script_does_nothing(bundle: Path, tmp_path: Path) -> None:
    half = linux_script()[:-200]

    done = subprocess.run(["sh"], input=half, capture_output=True, text=True, timeout=20, check=False)

    assert "Downloading" not in done.stdout
    assert not (tmp_path / "root").exists()


def test_a_private_key_beside_the_ca_is_never_served() -> None:
    with pytest.raises(CertificateTextError):
        ca_check("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")


def test_a_quote_in_a_value_stays_a_value() -> None:
    script = script_fill("printf %s '@@X@@'", {"X": "a'; echo hacked; '"})

    assert (
        subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == "a'; echo hacked; '"
    )


def test_the_digest_is_that_of_the_file(bundle: Path, server: Server) -> None:
    found = payload_find(bundle)

    assert found
    assert found.sha256 == hashlib.sha256(server.body).hexdigest()


def test_the_script_holds_no_secret_and_is_not_cached(bundle: Path, client: Any) -> None:
    answer = client.get("/install/linux.sh")

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert b"@@" not in answer.content


def test_the_install_link_page_needs_no_sign_in(client: Any) -> None:
    assert client.get("/i/").status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        ("--group", "Büro; $(id)/Empfang 1", "--proxy", "none"),
        ("--group=Büro; $(id)/Empfang 1", "--proxy=none"),
    ],
)
def test_options_win_over_the_environment(bundle: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run(tmp_path, *options, SEATKEEP_GROUP="Elsewhere", SEATKEEP_PROXY="http://127.0.0.1:9")

    assert done.returncode == 0, done.stderr
    assert "group: Büro; $(id)/Empfang 1, proxy: none" in done.stdout


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--proxy", "ftp://proxy"), "proxy"),
        (("--proxy", "http://eve:secret@proxy:3128"), "without a password"),
        (("--proxy", "http://proxy:3128/path"), "address"),
        (("--proxy", "http://"), "address"),
        (("--proxy", "http://a b"), "address"),
        (("--group", "a\nb"), "control characters"),
        (("--group", "x" * 1001), "too long"),
        (("--group",), "needs a value"),
        (("--key", "sk-key_1"), "no option"),
        (("Office",), "no option"),
    ],
)
def test_a_wrong_option_changes_nothing_and_repeats_no_value(
    bundle: Path, tmp_path: Path, options: tuple[str, ...], word: str
) -> None:
    done = run(tmp_path, *options)

    assert (done.returncode, word in last_line(done)) == (2, True), done.stderr
    assert "secret" not in done.stderr
    assert not (tmp_path / "root").exists()


def test_help_lists_the_options_and_does_nothing_else(bundle: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "--help", SEATKEEP_KEY="")

    assert (done.returncode, "--group NAME" in done.stdout, "--proxy ADDRESS" in done.stdout) == (0, True, True)
    assert not (tmp_path / "root").exists()
