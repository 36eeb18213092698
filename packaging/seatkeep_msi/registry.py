"""What stands in the registry: the settings, and which program is installed."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import winreg
from contextlib import suppress
from pathlib import Path

from seatkeep_msi.machine import Program
from seatkeep_msi.settings import Settings

MACHINE = winreg.HKEY_LOCAL_MACHINE
KEY = r"SOFTWARE\Seatkeep"
SETTINGS = rf"{KEY}\Settings"
FORMER = rf"{KEY}\Former"
EVENT_SOURCE = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\Seatkeep"
# Part of every Windows; its messages 1 to 1000 are the text that is reported.
EVENT_MESSAGES = r"%SystemRoot%\System32\EventCreate.exe"
EVERY_TYPE = 7
NAMES = {"server": "Server", "group": "Group", "proxy": "Proxy"}
PROGRAM = {"folder": "InstallFolder", "version": "Version", "edition": "Edition"}


class Registry:
    """Our keys below HKEY_LOCAL_MACHINE; writing needs an administrator's rights."""

    def settings_kept(self) -> Settings:
        return Settings(**values_read(SETTINGS, NAMES))

    def settings_keep(self, settings: Settings) -> None:
        values_write(SETTINGS, {shown: getattr(settings, name) for name, shown in NAMES.items()})

    def settings_forget(self) -> None:
        key_delete(SETTINGS)

    def program_named(self, *, is_former: bool = False) -> Program | None:
        found = values_read(FORMER if is_former else KEY, PROGRAM)
        return Program(Path(found["folder"]), found["version"], found["edition"]) if found["folder"] else None

    def program_follow(self, former: Program | None) -> None:
        if former is None:
            key_delete(FORMER)
        else:
            values_write(FORMER, shown(former))

    def program_name(self, program: Program) -> None:
        values_write(KEY, shown(program))
        values_write(EVENT_SOURCE, {"EventMessageFile": EVENT_MESSAGES, "TypesSupported": EVERY_TYPE})

    def program_forget(self) -> None:
        key_delete(FORMER)
        key_delete(EVENT_SOURCE)
        with (
            suppress(FileNotFoundError),
            winreg.OpenKey(MACHINE, KEY, 0, winreg.KEY_SET_VALUE) as key,
        ):
            for name in PROGRAM.values():
                with suppress(FileNotFoundError):
                    winreg.DeleteValue(key, name)
        key_delete(KEY)


def shown(program: Program) -> dict[str, str | int]:
    """A program as the registry has it."""
    return {name: str(getattr(program, field)) for field, name in PROGRAM.items()}


def values_read(path: str, names: dict[str, str]) -> dict[str, str]:
    """Texts of a key by our own names for them; "" where one is not there."""
    found = dict.fromkeys(names, "")
    with suppress(FileNotFoundError), winreg.OpenKey(MACHINE, path) as key:
        for name, stored in names.items():
            with suppress(FileNotFoundError):
                found[name] = str(winreg.QueryValueEx(key, stored)[0])
    return found


def values_write(path: str, values: dict[str, str | int]) -> None:
    """Write texts and numbers into a key."""
    with winreg.CreateKey(MACHINE, path) as key:
        for name, value in values.items():
            if isinstance(value, int):
                winreg.SetValueEx(key, name, 0, winreg.REG_DWORD, value)
            else:
                expands = winreg.REG_EXPAND_SZ if value.startswith("%") else winreg.REG_SZ
                winreg.SetValueEx(key, name, 0, expands, value)


def key_delete(path: str) -> None:
    """Remove a key without keys below it; nothing when it is not there, or has some."""
    with suppress(OSError):
        winreg.DeleteKey(MACHINE, path)
