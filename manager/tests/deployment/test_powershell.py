"""The PowerShell that this console hands out, read by a grammar: no Windows is at hand to run it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_powershell
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from seatkeep_manager.deployment.kits import Action, windows_script
from seatkeep_manager.deployment.quoting import powershell_quoted
from seatkeep_manager.deployment.rules import System, Wish, command_for
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_powershell.language()))
# Without line breaks and other control characters, which no wish may hold.
NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40)


@pytest.fixture(autouse=True)
def console(tmp_path: Path, settings: Any) -> None:
    settings.BUNDLE_DIR, settings.DEVICE_CA = str(tmp_path), None
    settings.CONSOLE_URL = settings.CONSOLE_DEVICE_URL = "https://console.example.com"


def nodes(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for child in node.children:
        yield from nodes(child)


def shape(source: str) -> list[str]:
    """The kinds of all nodes; fails where the grammar finds a fault."""
    tree = PARSER.parse(source.encode())
    faults = [node.start_point for node in nodes(tree.root_node) if node.is_error or node.is_missing]
    assert faults == []
    return [node.type for node in nodes(tree.root_node)]


def test_the_grammar_finds_faults() -> None:
    with pytest.raises(AssertionError):
        shape("if ($x { 'a }")


@pytest.mark.parametrize("action", list(Action))
def test_every_script_is_well_formed(action: Action) -> None:
    assert "function_statement" in shape(windows_script(action=action))


@given(NAMES)
@example("'; calc; '")
@example("O'Brien")
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_groups_name_changes_what_the_command_does(group: str) -> None:
    plain = shape(command_for(console_url="https://c", key="k", wish=Wish(system=System.WINDOWS, group="Office")))
    wish = Wish(system=System.WINDOWS, group=group or "x")
    assert shape(_without_curly(command_for(console_url="https://c", key="k", wish=wish))) == plain


def _without_curly(command: str) -> str:
    """The grammar does not know the curly quotation marks, which PowerShell takes for straight ones."""
    return command.translate(dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b"), "'"))


def test_functions_that_are_called_exist() -> None:
    script = windows_script()
    root = PARSER.parse(script.encode()).root_node
    made = {text(node) for node in nodes(root) if node.type == "function_name"}
    called = {text(node) for node in nodes(root) if node.type == "command_name"}
    known = {
        "Add-Type", "ConvertTo-Json", "ForEach-Object", "Get-AuthenticodeSignature", "Get-Date", "Get-FileHash",
        "Join-Path",
        "New-Item", "New-Object", "Read-Host", "Remove-Item", "Start-Process", "Start-Sleep", "Test-Path", "Write-Host",
        "Write-Verbose",
    }  # fmt: skip
    assert {name for name in called if "-" in name} <= made | known
    assert made <= called | {"Invoke-Seatkeep"}


def text(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode()


def test_a_value_of_five_lines_stays_a_value() -> None:
    assert shape(f"$x = {powershell_quoted(chr(10).join('abcde'))}").count("string_literal") == 1
