"""Everything that Licensing writes into its journal has words."""

from __future__ import annotations

import re
from pathlib import Path

import seatkeep_hub
from seatkeep_hub.portal.audit_words import ACTIONS, SUBJECTS
from seatkeep_webkit.audit.words import SHARED_ACTIONS

CODE = Path(seatkeep_hub.__file__).parent
ACTION = re.compile(r'action="([a-z_-]+:[a-z_-]+)"|_(?:record|audit)\([^"\n]*"([a-z-]+:[a-z_]+)"')
SUBJECT = re.compile(r'subject_type="([a-z_]+)"')


def _sources() -> list[str]:
    return [path.read_text() for path in CODE.rglob("*.py")]


def test_every_action_has_words() -> None:
    written = {found for text in _sources() for pair in ACTION.findall(text) for found in pair if found}
    assert written - set(ACTIONS) - set(SHARED_ACTIONS) == set()
    assert {"company:offboard", "user:invite"} <= written


def test_every_subject_has_words() -> None:
    written = {subject for text in _sources() for subject in SUBJECT.findall(text)}
    assert written - set(SUBJECTS) == set()
    assert "license" in written
