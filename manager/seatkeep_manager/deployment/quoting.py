"""Pure: how a value stands in a script or on a command line and stays a value."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping

_PLACE = re.compile(r"@@([A-Z0-9_]+)@@")
_POWERSHELL_QUOTES = re.compile("(['\\u2018\\u2019\\u201a\\u201b])")
_RISKY_ON_A_COMMAND_LINE = frozenset('"%$`!^&|<>')


class CommandLineError(ValueError):
    """A value that no command line of Windows carries safely; a settings file or a script does."""


def sh_inside(value: str) -> str:
    """A value between single quotes of a shell script: a quote is closed, escaped and opened again."""
    return value.replace("'", "'\\''")


def sh_quoted(value: str) -> str:
    """A value as one word of a shell command."""
    return shlex.quote(value)


def powershell_inside(value: str) -> str:
    """A value between single quotes of PowerShell, which ends such a text at any of five quotation marks.

    Source:
        PowerShell language specification 2.3.5.2; `'`, U+2018, U+2019, U+201A and U+201B are alike, doubled is one.
    """
    return _POWERSHELL_QUOTES.sub(r"\1\1", value)


def powershell_quoted(value: str) -> str:
    """A value as one literal of PowerShell."""
    return f"'{powershell_inside(value)}'"


def msi_property(name: str, value: str) -> str:
    """`NAME=value` for msiexec, for the command prompt and for the fields of Intune and Configuration Manager.

    Raises:
        CommandLineError: The command prompt, PowerShell or Windows Installer would read something else.
    """
    if not value.isprintable() or _RISKY_ON_A_COMMAND_LINE & set(value) or value.endswith("\\"):
        raise CommandLineError(name)
    return f'{name}="{value}"' if " " in value or not value.isascii() else f"{name}={value}"


def fill(template: str, values: Mapping[str, str], *, inside: Callable[[str], str]) -> str:
    """Put values into `'@@NAME@@'` places, which stand between single quotes (or in comments, for plain words).

    Raises:
        KeyError: The template names a value that is not given.
    """
    return _PLACE.sub(lambda place: inside(values[place[1]]), template)
