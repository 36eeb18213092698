"""A Windows machine that runs agent and endpoint from this very source, under Wine with the official CPython."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from seatkeep_packaging.editions import ENDPOINT
from seatkeep_packaging.runtime import Pins, runtime_fetch
from seatkeep_packaging.wheels import wheels_install

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "packaging" / "tests"))

from wine_machine import WineMachine  # noqa: E402  # found by the path above

NEEDED = ("wine", "wineserver", "x86_64-w64-mingw32-gcc")
DEBIAN = "wine wine64 gcc-mingw-w64-x86-64"
SOURCES = ("agent", "endpoint", "packages/license", "packages/protocol", "packages/machine")
TEST_TOOLS = (
    "pytest",
    "pytest-asyncio",
    "pluggy",
    "iniconfig",
    "packaging",
    "pygments",
    "hypothesis",
    "sortedcontainers",
)


def why_left_out() -> str:
    """What is missing on this machine, "" when nothing is."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    return f"no {', '.join(missing)}: apt-get install {DEBIAN}" if missing else ""


class SourceMachine(WineMachine):
    """A Wine machine whose Python sees this source.

    Args:
        folder: Its disk and its Python; removed at the end.
    """

    def __init__(self, folder: Path) -> None:
        self._home = folder / "python"
        super().__init__(folder / "wine", self._home)

    def prepare(self) -> None:
        """Get Python and libraries (hashes pinned, from the caches of earlier runs) and make the disk."""
        pins = Pins.load()
        self._home.parent.mkdir(parents=True, exist_ok=True)
        runtime_fetch(pins, self._home.with_name("fetched"))
        self._home.mkdir()
        for name in pins.files:
            shutil.copyfile(self._home.with_name("fetched") / name, self._home / name)
        libraries = self._home / "Lib"
        wheels_install(ENDPOINT.lock, pins, libraries)
        for library in (libraries / "pywin32_system32").glob("*.dll"):
            library.rename(self._home / library.name)
        tools = self._home.with_name("tools.txt")
        tools.write_text(locked(TEST_TOOLS))
        wheels_install(tools, pins, self._home / "Tests")
        searched = [
            ".",
            "Lib",
            "Tests",
            r"Lib\win32",
            r"Lib\win32\lib",
            *(self.path(ROOT / source) for source in SOURCES),
        ]
        path_file = self._home / f"python{pins.tag}._pth"
        path_file.write_text("\n".join((f"python{pins.tag}.zip", *searched, "")), newline="\r\n")
        self.start()

    def python(self, *arguments: str) -> tuple[int, str]:
        """Run Python; its exit code and what it said."""
        return self.run(self.path(self._home / "python.exe"), "-X", "utf8", *arguments)


def locked(names: tuple[str, ...]) -> str:
    """The lines of the lock, with hashes, for some distributions."""
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text())
    return "\n".join(block for block in blocks if re.split(r"[=\[]", block)[0] in names) + "\n"


def machine_folder() -> Path:
    """A new folder below build/."""
    above = ROOT / "build" / "wine"
    above.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=above))
