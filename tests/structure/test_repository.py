"""What the repository must not hold, and links that must lead somewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"https?://|file://")


def tracked_files(*patterns: str) -> list[Path]:
    """Files that git knows, below the root."""
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_lock_names_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text()

    assert not (ROOT / "uv.lock").exists()
    assert not ADDRESS.search(lock)
    assert "--hash=sha256:" in lock


def test_npm_lock_names_no_registry() -> None:
    lock = (ROOT / "ui/package-lock.json").read_text()

    assert '"resolved"' not in lock


@pytest.mark.parametrize("page", tracked_files("*.md"), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())

    missing = [link for link in links if not ADDRESS.match(link) and not (page.parent / link).exists()]

    assert not missing


def test_decisions_say_what_enforces_them() -> None:
    decisions = tracked_files("docs/adr/*.md")

    silent = [page.name for page in decisions if "Enforced by:" not in page.read_text().strip().splitlines()[-1]]

    assert decisions
    assert not silent
