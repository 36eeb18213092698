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

from wine_machine import WineMachine, kept  # noqa: E402  # found by the path above

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
        """Get Python and libraries (hashes pinned) and make the disk."""
        pins = Pins.load()
        shutil.copytree(python_template(pins), self._home)
        searched = (".", "Lib", "Tests", r"Lib\win32", r"Lib\win32\lib", *(self.path(ROOT / one) for one in SOURCES))
        path_file = self._home / f"python{pins.tag}._pth"
        path_file.write_text("\n".join((f"python{pins.tag}.zip", *searched, "")), newline="\r\n")
        self.start()

    def python(self, *arguments: str) -> tuple[int, str]:
        """Run Python; its exit code and what it said."""
        return self.run(self.path(self._home / "python.exe"), "-X", "utf8", *arguments)


def python_template(pins: Pins) -> Path:
    """The official CPython with the endpoint's libraries and what tests need."""
    tools = locked(TEST_TOOLS)

    def make(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        runtime_fetch(pins, folder / "fetched")
        for name in pins.files:
            shutil.copyfile(folder / "fetched" / name, folder / name)
        wheels_install(ENDPOINT.lock, pins, folder / "Lib")
        for library in (folder / "Lib" / "pywin32_system32").glob("*.dll"):
            library.rename(folder / library.name)
        (folder / "tools.txt").write_text(tools)
        wheels_install(folder / "tools.txt", pins, folder / "Tests")
        shutil.rmtree(folder / "fetched")

    return kept("python", ENDPOINT.lock.read_bytes() + tools.encode() + repr(pins).encode(), make)


def locked(names: tuple[str, ...]) -> str:
    """The lines of the lock, with hashes, for some distributions."""
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text())
    return "\n".join(block for block in blocks if re.split(r"[=\[]", block)[0] in names) + "\n"


def machine_folder() -> Path:
    """A new folder below build/."""
    above = ROOT / "build" / "wine"
    above.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=above))
