"""Everything that the console writes into its journal has words."""

from __future__ import annotations

import re
from pathlib import Path

import seatkeep_manager
from seatkeep_manager.console.audit_words import ACTIONS, SUBJECTS

CODE = Path(seatkeep_manager.__file__).parent
ACTION = re.compile(r'"([a-z_]+:[a-z_]+)"')
SUBJECT = re.compile(r'subject_type="([a-z_]+)"')


def _sources() -> list[str]:
    folders = [one for one in CODE.iterdir() if one.is_dir() and one.name not in ("console", "api", "project")]
    return [path.read_text() for folder in folders for path in folder.rglob("*.py")]


def test_every_action_has_words() -> None:
    written = {action for text in _sources() for action in ACTION.findall(text)}
    assert written - set(ACTIONS) == set()
    assert "policy:assign" in written


def test_every_subject_has_words() -> None:
    written = {subject for text in _sources() for subject in SUBJECT.findall(text)}
    assert written - set(SUBJECTS) == set()
    assert "device" in written
