"""The layers hold, and a planted violation of each contract is caught."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    "packages/license/seatkeep_license",
    "packages/protocol/seatkeep_protocol",
    "packages/machine/seatkeep_machine",
    "packages/webkit/seatkeep_webkit",
    "hub/seatkeep_hub",
    "manager/seatkeep_manager",
    "agent/seatkeep_agent",
    "endpoint/seatkeep_endpoint",
    "launcher/seatkeep_launcher",
    "bench/seatkeep_bench",
    "packaging/seatkeep_packaging",
    "packaging/seatkeep_msi",
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the sources in `folder`."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def copy_sources(target: Path) -> Path:
    """Copy the Python of all programs, flat, so that a copy can be spoiled."""
    shutil.copy(ROOT / ".importlinter", target)
    for source in SOURCES:
        shutil.copytree(
            ROOT / source,
            target / Path(source).name,
            ignore=shutil.ignore_patterns("static", "templates", "__pycache__"),
        )
    return target


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("seatkeep_hub/companies", "import seatkeep_manager.directory", "Programs share only packages"),
        ("seatkeep_license", "import seatkeep_protocol.ids", "Packages stand in order and below the programs"),
        ("seatkeep_agent", "import django", "Only hub, manager and webkit know Django"),
        (
            "seatkeep_agent",
            "import seatkeep_msi.steps",
            "The packages for Windows stand above the agent; nothing knows them",
        ),
        ("seatkeep_launcher", "import seatkeep_machine", "Only agent and endpoint know the machine"),
        ("seatkeep_agent", "import signal", "Operating systems are known behind one door"),
        (
            "seatkeep_endpoint/scanning",
            "import fcntl",
            "Operating systems are known behind one door",
        ),
        ("seatkeep_protocol", "import asyncio", "License and protocol do no I/O and read no clock"),
        ("seatkeep_hub/companies", "import seatkeep_hub.licensing.models", "Layers of the hub"),
        ("seatkeep_manager/directory", "import seatkeep_manager.policies.models", "Layers of the manager"),
    ],
)
def test_planted_violation_is_caught(tmp_path: Path, room: str, line: str, contract: str) -> None:
    spoiled = copy_sources(tmp_path)
    (spoiled / room / "planted.py").write_text(f"{line}\n")

    done = lint(spoiled)

    assert done.returncode != 0
    assert f"{contract} BROKEN" in done.stdout


def test_layers_hold(tmp_path: Path) -> None:
    done = lint(copy_sources(tmp_path))

    assert done.returncode == 0, done.stdout
