"""From "this agent's key is replaced" to the list that the launcher signs into the broker's account."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cast import FakeAgent
from seatkeep_manager.enrollment.models import EnrollmentToken, RevokedCredential
from seatkeep_manager.enrollment.revocations import credential_revoke, revocations_prune, revocations_publish
from seatkeep_manager.enrollment.services import device_enroll


@pytest.fixture
def listed(tmp_path: Path, settings: Any) -> Path:
    file = tmp_path / "revocations.json"
    settings.NATS_REVOCATIONS = str(file)
    return file


def _users(file: Path) -> dict[str, int]:
    users: dict[str, int] = json.loads(file.read_text())["users"]
    return users


def test_an_agent_whose_machine_got_a_new_key_is_on_the_list(
    listed: Path, token: EnrollmentToken, now: datetime
) -> None:
    old = FakeAgent()
    device_enroll(secret=token.secret, request=old.request(now), ip=None, now=now)
    later = now + timedelta(days=8)
    new = FakeAgent(fingerprint=old.fingerprint)
    device_enroll(secret=token.secret, request=new.request(later), ip=None, now=later)
    assert revocations_publish(now=later)
    assert _users(listed) == {old.user.public_key.decode(): int(later.timestamp())}


def test_the_list_is_private_and_written_only_when_it_changed(db: None, listed: Path, now: datetime) -> None:
    credential_revoke(nkey="U1", now=now)
    written = [revocations_publish(now=now), revocations_publish(now=now), revocations_publish(now=now, is_forced=True)]
    assert (written, listed.stat().st_mode & 0o777) == ([True, False, False], 0o600)


def test_a_second_revocation_of_the_same_user_counts_from_its_own_time(db: None, listed: Path, now: datetime) -> None:
    credential_revoke(nkey="U1", now=now)
    revocations_publish(now=now)
    credential_revoke(nkey="U1", now=now + timedelta(days=1))
    revocations_publish(now=now + timedelta(days=1))
    assert _users(listed) == {"U1": int((now + timedelta(days=1)).timestamp())}


def test_a_lost_list_is_written_again_when_the_publisher_starts(db: None, listed: Path, now: datetime) -> None:
    credential_revoke(nkey="U1", now=now)
    revocations_publish(now=now)
    listed.unlink()
    assert revocations_publish(now=now, is_forced=True)


def test_a_revocation_is_forgotten_when_the_jwt_it_stops_has_ended(db: None, listed: Path, now: datetime) -> None:
    credential_revoke(nkey="U1", now=now)
    revocations_publish(now=now)
    revocations_prune(now=now + timedelta(days=7))
    revocations_publish(now=now, is_forced=True)
    assert (_users(listed), RevokedCredential.objects.count()) == ({}, 0)
