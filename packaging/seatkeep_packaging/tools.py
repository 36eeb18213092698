"""Programs that the build uses."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from seatkeep_packaging.editions import ROOT
from seatkeep_packaging.errors import PackagingError, ToolMissingError

DEBIAN = {"wixl": "wixl", "msibuild": "msitools", "msiinfo": "msitools", "osslsigncode": "osslsigncode"}
ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C.UTF-8"}


def tool(name: str) -> str:
    """Where a program is.

    Raises:
        ToolMissingError: It is not here; the message names the Debian package.
    """
    own = ROOT / "build" / "uv" / "bin" / name
    found = shutil.which(name) or (str(own) if own.exists() else None)
    if found is None:
        where = f": apt-get install {DEBIAN[name]}" if name in DEBIAN else ""
        raise ToolMissingError(f"{name} is not on this machine{where}")
    return found


def run(name: str, *arguments: str | Path, cwd: Path | None = None) -> str:
    """Run a program to its end; returns what it said on standard output.

    Raises:
        ToolMissingError: It is not here.
        PackagingError: It failed; with its last words.
    """
    command = [tool(name), *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise PackagingError(f"{name} failed ({done.returncode}): {words}")
    return done.stdout
