"""How PowerShell is spoken to: fixed scripts, data as ASCII JSON on standard input, answers as UTF-8 JSON."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest
from seatkeep_endpoint.defender.runner import Script, WindowsRunner, answer_read, script_text, version_key
from seatkeep_endpoint.errors import DefenderAbsentError, DefenderRefusedError, DefenderUnheardError

posix = pytest.mark.skipif(sys.platform == "win32", reason="programs of a test are scripts here")
ECHO = """
import json, sys
given = sys.stdin.buffer.read()
print(json.dumps({"ok": True, "result": {"given": given.decode("ascii"), "arguments": sys.argv[1:]}}))
"""

CALLED = {
    "Get-MpComputerStatus", "Get-MpPreference", "Get-MpThreat", "Get-MpThreatDetection", "Set-MpPreference",
    "Add-MpPreference", "Remove-MpPreference", "Start-MpScan", "Update-MpSignature", "ConvertTo-Json",
    "ConvertFrom-Json", "Select-Object", "Where-Object", "Get-Plain", "Get-Failure", "Get-Part",
}  # fmt: skip


def program(folder: Path, text: str) -> Path:
    """An executable that runs a piece of Python."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "powershell.exe"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o700)
    return path


def runner(folder: Path, text: str) -> WindowsRunner:
    return WindowsRunner(program(folder, text), folder / "data", folder / "programs")


@posix
def test_data_goes_by_standard_input_and_never_into_the_script(tmp_path: Path) -> None:
    data = {"path": "C:\\Büro'; calc \"$(x)`"}
    answer = runner(tmp_path, ECHO).ask(Script.SCAN, data)

    assert json.loads(answer["given"]) == data
    assert "-NoProfile" in answer["arguments"]
    assert "-NonInteractive" in answer["arguments"]
    assert answer["arguments"][-2:] == ["-Command", script_text(Script.SCAN)]
    assert "calc" not in str(answer["arguments"])


@posix
def test_an_answer_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(DefenderRefusedError, match="did not answer"):
        runner(tmp_path, "import time; time.sleep(600)").ask(Script.LOOK, seconds=0.2)


@posix
def test_an_endpoint_that_ends_does_not_wait_for_a_scan(tmp_path: Path) -> None:
    started = tmp_path / "started"
    slow = runner(tmp_path, f"import time; open({str(started)!r}, 'w').close(); time.sleep(600)")
    ended: list[Exception] = []

    def scan() -> None:
        try:
            slow.ask(Script.SCAN, seconds=600)
        except DefenderAbsentError as error:
            ended.append(error)

    thread = threading.Thread(target=scan)
    thread.start()
    while not started.exists():
        thread.join(0.02)
    slow.close()
    thread.join(30)

    assert len(ended) == 1
    with pytest.raises(DefenderAbsentError, match="ending"):
        slow.ask(Script.LOOK)


def test_without_powershell_nobody_knows(tmp_path: Path) -> None:
    runner = WindowsRunner(tmp_path / "powershell.exe", tmp_path, tmp_path)
    with pytest.raises(DefenderUnheardError, match="PowerShell is not on this computer"):
        runner.ask(Script.LOOK)
    with pytest.raises(DefenderAbsentError, match="MpCmdRun"):
        runner.command(["-Restore"])


@posix
def test_a_powershell_that_may_not_be_started_is_told(tmp_path: Path) -> None:
    program(tmp_path, "").chmod(0o600)
    with pytest.raises(DefenderUnheardError, match="application control"):
        WindowsRunner(tmp_path / "powershell.exe", tmp_path, tmp_path).ask(Script.LOOK)


@pytest.mark.parametrize(
    ("said", "complained"),
    [
        (b'{"ok":false,"failure":{"message":"ConstrainedLanguage","id":"LanguageMode"}}\r\n', b""),
        (b"", b"Cannot invoke method.\r\n+ FullyQualifiedErrorId : MethodInvocationNotSupportedInConstrainedLanguage"),
    ],
)
def test_a_powershell_that_is_held_back_says_so(said: bytes, complained: bytes) -> None:
    with pytest.raises(DefenderUnheardError, match="constrained language mode"):
        answer_read(said, complained)


@pytest.mark.parametrize(
    "said",
    [b"", b"{", b"[]", b"null", b'{"result": 1}', b"\xff\xfe{\x00", b"Windows PowerShell\r\nCopyright", b"[" * 100_000],
)
def test_what_is_not_our_answer_is_no_defender(said: bytes) -> None:
    with pytest.raises(DefenderUnheardError, match="makes no sense"):
        answer_read(said, b"")


def test_what_powershell_complains_of_is_told() -> None:
    with pytest.raises(DefenderAbsentError, match="running scripts is disabled"):
        answer_read(b"", b"running scripts is disabled on this system\r\nAt line 1\r\n")


def test_a_failure_keeps_its_number_and_its_words() -> None:
    said = (
        '{"ok": false, "failure": {"id": "HRESULT 0x800106ba,Get-MpThreat", "message": "Le service n’a pas démarré"}}'
    )

    with pytest.raises(DefenderRefusedError, match=r"Le service n’a pas démarré \(HRESULT 0x800106ba"):
        answer_read(said.encode(), b"")


def test_a_byte_order_mark_does_no_harm() -> None:
    assert answer_read(b'\xef\xbb\xbf{"ok": true, "result": [1]}', b"") == [1]


@posix
def test_the_newest_defender_restores(tmp_path: Path) -> None:
    for version in ("4.18.9.1-0", "4.18.24090.11-0"):
        folder = tmp_path / "data" / "Microsoft" / "Windows Defender" / "Platform" / version
        program(folder, f"print('{version}')").rename(folder / "MpCmdRun.exe")
    failing = tmp_path / "programs" / "Windows Defender"
    program(failing, "import sys; print('nope\\nERROR 0x80508014'); sys.exit(2)").rename(failing / "MpCmdRun.exe")

    assert runner(tmp_path, "").command(["-Restore"]) == "4.18.24090.11-0"
    with pytest.raises(DefenderRefusedError, match="0x80508014"):
        WindowsRunner(tmp_path, tmp_path / "elsewhere", tmp_path / "programs").command(["-Restore"])


def test_versions_sort_by_number() -> None:
    assert sorted(["4.18.24090.11-0", "4.18.9.1-0", "readme"], key=version_key)[-1] == "4.18.24090.11-0"


@pytest.mark.parametrize("script", Script)
def test_scripts_are_ascii_without_double_quotes_and_fit_a_command_line(script: Script) -> None:
    """Windows puts the text on a command line: quotation marks and foreign letters would depend on how it is read."""
    text = script_text(script)

    assert text.isascii()
    assert '"' not in text
    assert "BODY" not in text
    assert len(text) < 8000


@pytest.mark.parametrize("script", Script)
def test_scripts_are_powershell_and_call_only_what_is_documented(script: Script) -> None:
    """By a grammar of PowerShell: there is none here that could run them."""
    grammar = pytest.importorskip("tree_sitter_powershell")
    tree_sitter = pytest.importorskip("tree_sitter")
    tree = tree_sitter.Parser(tree_sitter.Language(grammar.language())).parse(script_text(script).encode())
    assert not tree.root_node.has_error

    waiting, called = [tree.root_node], set()
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.type == "command_name":
            called.add(node.text.decode())
    assert called <= CALLED, called - CALLED
