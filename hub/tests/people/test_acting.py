"""Acting as somebody below: only downward, never to more, noted with both names, not for what is final or personal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from people_help import browser, person
from seatkeep_hub.companies.enums import AccessLevel, Role
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.people.acting import can_act_as
from seatkeep_webkit import clock
from seatkeep_webkit.audit.models import AuditEntry


@pytest.fixture
def acting(cast: Cast) -> Client:
    """Diana of the distributor acts as alice of MSP A."""
    client = browser(cast.diana)
    assert client.post(f"/users/{cast.alice.uid}/act-as/", {"confirmed": "1"}).status_code == 302
    return client


@pytest.mark.parametrize(
    ("who", "whom", "allowed"),
    [
        ("diana", "alice", True),
        ("diana", "erin", True),
        ("alice", "erin", True),
        ("alice", "diana", False),
        ("alice", "bob", False),
        ("alice", "charlie", False),
        ("bob", "erin", False),
    ],
)
def test_only_downward(cast: Cast, who: str, whom: str, allowed: bool) -> None:
    assert can_act_as(getattr(cast, who), getattr(cast, whom)) is allowed


def test_attack_acting_as_somebody_who_may_more_elsewhere(cast: Cast) -> None:
    access_set(actor=ACTOR, user=cast.erin, company=cast.msp_b, level=AccessLevel.READ, now=NOW)
    assert not can_act_as(cast.alice, cast.erin)
    assert browser(cast.alice).post(f"/users/{cast.erin.uid}/act-as/", {"confirmed": "1"}).status_code == 403


def test_attack_acting_as_somebody_to_see_prices(cast: Cast) -> None:
    helper = person(cast, "zoe", Role.ADMINISTRATOR, cast.distributor)
    access_set(actor=ACTOR, user=helper, company=cast.distributor, role=Role.ADMINISTRATOR, sees_prices=False, now=NOW)
    boss = person(cast, "yan", Role.BILLING)
    assert not can_act_as(helper, boss)


def test_a_banner_stands_on_every_page_and_the_way_back_is_open(acting: Client, cast: Cast) -> None:
    page = acting.get("/users/").content.decode()
    assert "acting-bar" in page
    assert "diana@example.com" not in page or "Diana" in page
    assert acting.post("/me/return/").status_code == 302
    assert "acting-bar" not in acting.get("/users/").content.decode()
    actions = AuditEntry.objects.filter(subject_id=str(cast.alice.uid), action__startswith="user:")
    assert list(actions.order_by("id").values_list("action", flat=True)) == [
        "user:create",
        "user:impersonate",
        "user:return",
    ]


def test_the_journal_names_both(acting: Client, cast: Cast) -> None:
    path = f"/api/v1/companies/{cast.customer.uid}"
    acting.patch(path, '{"name": "Bakery Two"}', content_type="application/json")
    entry = AuditEntry.objects.get(action="company:rename")
    assert (entry.actor_label, entry.impersonator) == ("alice@example.com", "diana@example.com")


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/2fa/",
        "/accounts/password/change/",
        "/me/",
        "/me/sessions/",
        "/settings/tokens/new/",
        "/identity/o/authorize",
    ],
)
def test_attack_what_is_personal_or_secret_while_acting(acting: Client, path: str) -> None:
    assert acting.get(path).status_code == 403
    entry = AuditEntry.objects.filter(action="act:refuse").latest("id")
    assert (entry.result, entry.severity, entry.impersonator) == ("REFUSED", "WARNING", "diana@example.com")
    assert path in entry.details["address"]


def test_attack_removing_somebody_while_acting(acting: Client, cast: Cast) -> None:
    answer = acting.post(f"/api/v1/users/{cast.bob.uid}/leave", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "impersonating")
    cast.bob.refresh_from_db()
    assert cast.bob.is_active


def test_it_ends_by_itself(acting: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    later = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr("seatkeep_webkit.impersonation.read_clock", lambda: later)
    assert "acting-bar" not in acting.get("/users/").content.decode()


def test_it_ends_when_the_right_is_taken(acting: Client, cast: Cast) -> None:
    access_set(
        actor=ACTOR,
        user=person(cast, "zoe", Role.OWNER, cast.distributor),
        company=cast.distributor,
        role=Role.OWNER,
        now=NOW,
    )
    access_set(actor=ACTOR, user=cast.diana, company=cast.distributor, role=Role.READ_ONLY, now=NOW)
    assert "acting-bar" not in acting.get("/users/").content.decode()


def test_attack_acting_twice(acting: Client, cast: Cast) -> None:
    assert acting.post(f"/users/{cast.erin.uid}/act-as/", {"confirmed": "1"}).status_code == 403
