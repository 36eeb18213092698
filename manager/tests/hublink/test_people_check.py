"""Who left Licensing, lost access or was signed out there is signed out here; changed access follows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from fake_hub import FakeHub
from seatkeep_manager.directory.models import User, UserAccess
from seatkeep_manager.directory.people import person_from_claims
from seatkeep_manager.hublink.errors import HubUnreachableError
from seatkeep_manager.hublink.models import HubLink
from seatkeep_manager.hublink.people_check import people_check
from seatkeep_webkit.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def claims(link: HubLink, **other: Any) -> dict[str, Any]:
    access = [{"company_id": str(link.company_id), "level": "WRITE", "role": "OWNER"}]
    return {"sub": str(UUID(int=7)), "email": "alice@example.com", "name": "Alice", "seatkeep_access": access,
            "sessions_from": None} | other  # fmt: skip


@pytest.fixture
def alice(link: HubLink, hub: FakeHub, now: datetime) -> User:
    """Signed in an hour ago, and as Licensing knows her."""
    hub.people = [claims(link)]
    person = person_from_claims(claims=claims(link), linked_company=link.company_id, now=now)
    browser = Client()
    browser.force_login(person)
    key = browser.session.session_key
    UserSession.objects.get_or_create(user=person, session_key=key, defaults={"ip": "192.0.2.1", "user_agent": "x"})
    UserSession.objects.update(created_at=now - timedelta(hours=1))
    return person


def sessions() -> int:
    return UserSession.objects.count()


def test_who_is_in_order_stays_and_nothing_is_written(alice: User, now: datetime) -> None:
    before = list(UserAccess.objects.values_list("pk", flat=True))
    assert (people_check(now=now), sessions()) == (0, 1)
    assert list(UserAccess.objects.values_list("pk", flat=True)) == before


def test_who_left_is_signed_out(alice: User, hub: FakeHub, now: datetime) -> None:
    hub.people = []
    assert (people_check(now=now), people_check(now=now), sessions()) == (1, 0, 0)
    assert AuditEntry.objects.get(action="session:end").details["email"] == "alice@example.com"


def test_who_lost_all_access_is_signed_out(alice: User, hub: FakeHub, link: HubLink, now: datetime) -> None:
    hub.people = [claims(link, seatkeep_access=[{"company_id": str(uuid4()), "level": "WRITE", "role": "OWNER"}])]
    assert (people_check(now=now), sessions()) == (1, 0)


def test_sessions_that_were_ended_in_licensing_end_and_later_ones_stay(
    alice: User, hub: FakeHub, link: HubLink, now: datetime
) -> None:
    hub.people = [claims(link, sessions_from=(now - timedelta(hours=2)).isoformat())]
    assert (people_check(now=now), sessions()) == (0, 1)
    hub.people = [claims(link, sessions_from=now.isoformat())]
    assert (people_check(now=now), sessions()) == (1, 0)


def test_less_access_holds_without_a_new_sign_in(alice: User, hub: FakeHub, link: HubLink, now: datetime) -> None:
    hub.people = [claims(link, seatkeep_access=[{"company_id": str(link.company_id), "level": "READ"}])]
    assert (people_check(now=now), sessions()) == (0, 1)
    assert [(one.level, one.role) for one in UserAccess.objects.filter(user=alice)] == [("READ", "")]


def test_nobody_is_signed_out_while_licensing_is_away_or_older(alice: User, hub: FakeHub, now: datetime) -> None:
    hub.mood = "error"
    with pytest.raises(HubUnreachableError):
        people_check(now=now)
    hub.mood, hub.people_status = "right", 404
    assert (people_check(now=now), sessions()) == (0, 1)


def test_people_who_are_not_signed_in_are_not_asked_about(link: HubLink, hub: FakeHub, now: datetime) -> None:
    person_from_claims(claims=claims(link), linked_company=link.company_id, now=now)
    assert (people_check(now=now), hub.asked) == (0, [])
