"""Somebody leaves: what is theirs ends, what they made is settled, which secrets they saw is told."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.models import Authenticator
from hub_cast import ACTOR, NOW, PASSWORD, Cast
from people_help import browser, person
from seatkeep_hub.companies.enums import Role
from seatkeep_hub.companies.models import Access, User
from seatkeep_hub.instances.models import ApiToken
from seatkeep_hub.instances.tokens import TokenMade, token_create, token_find
from seatkeep_hub.licensing.security_admins import owners_administered, security_admin_accept, security_admin_invite
from seatkeep_hub.licensing.services import license_key_show
from seatkeep_hub.people.enums import Choice
from seatkeep_hub.people.errors import LeaveChoiceError, LeaveSelfError, LeftAlreadyError
from seatkeep_hub.people.leaving import Decision, user_leave
from seatkeep_hub.people.left_items import secrets_seen
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.audit.models import AuditEntry


@pytest.fixture
def zoe(cast: Cast) -> User:
    """An administrator of MSP A who can sign in."""
    made = person(cast, "zoe", Role.ADMINISTRATOR)
    made.set_password(PASSWORD)
    made.save()
    return made


def acts(user: User) -> Actor:
    return Actor(ActorKind.USER, str(user.uid), user.email, company_uid=user.company.uid)


def token_of(cast: Cast, user: User) -> TokenMade:
    return token_create(company=cast.msp_a, name="PSA", actor=acts(user), made_by=user, now=NOW)


def test_everything_of_their_own_ends(cast: Cast, zoe: User) -> None:
    client = browser(zoe)
    Authenticator.objects.create(user=zoe, type=Authenticator.Type.TOTP, data={})
    done = user_leave(actor=ACTOR, user=zoe, decisions={}, now=NOW)
    zoe.refresh_from_db()
    assert (zoe.is_active, zoe.left_at, zoe.may_use_api, zoe.has_usable_password()) == (False, NOW, False, False)
    assert client.get("/api/v1/companies").status_code == 401
    assert not Access.objects.filter(user=zoe).exists()
    assert not Authenticator.objects.filter(user=zoe).exists()
    assert done.departure.ended["factors"] == 1
    entry = AuditEntry.objects.get(action="user:leave")
    assert (entry.severity, entry.details["email"]) == ("WARNING", "zoe@example.com")


@pytest.mark.parametrize("choice", [Choice.KEEP, Choice.ROTATE, Choice.HAND_OVER, Choice.END])
def test_an_api_client_is_kept_rotated_handed_over_or_ended(cast: Cast, zoe: User, choice: Choice) -> None:
    made = token_of(cast, zoe)
    heir = cast.alice if choice == Choice.HAND_OVER else None
    done = user_leave(actor=ACTOR, user=zoe, decisions={made.token.uid: Decision(choice, heir)}, now=NOW)
    works = token_find(made.secret, now=NOW) is not None
    assert works is (choice in (Choice.KEEP, Choice.HAND_OVER))
    assert len(done.secrets) == (1 if choice == Choice.ROTATE else 0)
    if choice == Choice.ROTATE:
        assert token_find(done.secrets[0][1], now=NOW) is not None
    if choice == Choice.HAND_OVER:
        assert ApiToken.objects.get(uid=made.token.uid).made_by == cast.alice
    assert done.departure.items[0]["choice"] == choice.value


def test_license_management_ends_or_is_handed_over(cast: Cast, zoe: User) -> None:
    invited = security_admin_invite(actor=ACTOR, company=cast.msp_a, email=zoe.email, now=NOW)
    security_admin_accept(actor=ACTOR, token=invited.token, user=zoe, now=NOW)
    decisions = {invited.admin.uid: Decision(Choice.HAND_OVER, cast.alice)}
    user_leave(actor=ACTOR, user=zoe, decisions=decisions, now=NOW)
    assert list(owners_administered(cast.alice)) == [cast.msp_a]


def test_a_wrong_choice_changes_nothing(cast: Cast, zoe: User) -> None:
    made = token_of(cast, zoe)
    for decision in (Decision(Choice.HAND_OVER), Decision(Choice.HAND_OVER, zoe), Decision(Choice.KEEP, cast.alice)):
        with pytest.raises(LeaveChoiceError):
            user_leave(actor=ACTOR, user=zoe, decisions={made.token.uid: decision}, now=NOW)
    with pytest.raises(LeaveChoiceError):
        user_leave(actor=ACTOR, user=zoe, decisions={cast.license.uid: Decision(Choice.KEEP)}, now=NOW)
    zoe.refresh_from_db()
    assert zoe.is_active


def test_nobody_leaves_twice_or_by_themselves(cast: Cast, zoe: User) -> None:
    with pytest.raises(LeaveSelfError):
        user_leave(actor=acts(zoe), user=zoe, decisions={}, now=NOW)
    user_leave(actor=ACTOR, user=zoe, decisions={}, now=NOW)
    with pytest.raises(LeftAlreadyError):
        user_leave(actor=ACTOR, user=zoe, decisions={}, now=NOW)


def test_secrets_that_they_saw_are_told_once_each(cast: Cast, zoe: User) -> None:
    for _time in range(2):
        license_key_show(actor=acts(zoe), license=cast.license, now=NOW)
    token_of(cast, zoe)
    seen = secrets_seen(zoe)
    assert [one.action for one in seen] == ["api-token:create", "license:key_show"]
    assert seen[1].subject_id == str(cast.license.uid)


def test_by_the_api(cast: Cast, zoe: User) -> None:
    made = token_of(cast, zoe)
    client = browser(cast.alice)
    left = client.get(f"/api/v1/users/{zoe.uid}/leaving").json()
    assert [one["kind"] for one in left["items"]] == ["TOKEN"]
    body = json.dumps({"decisions": [{"id": str(made.token.uid), "choice": "ROTATE"}]})
    answer = client.post(f"/api/v1/users/{zoe.uid}/leave", body, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["new_secrets"][0]["secret"].startswith("skt_")


def test_by_the_page(cast: Cast, zoe: User) -> None:
    made = token_of(cast, zoe)
    client = browser(cast.alice)
    page = client.get(f"/users/{zoe.uid}/leave/").content.decode()
    assert "API client: PSA" in page
    answer = client.post(f"/users/{zoe.uid}/leave/", {f"choice-{made.token.uid}": "ROTATE"})
    assert "skt_" in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    again = client.get(f"/users/{zoe.uid}/leave/").content.decode()
    assert "Keep, with another secret" in again
    assert "skt_" not in again


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("charlie", 404), ("erin", 404)])
def test_attack_removing_somebody_of_another(cast: Cast, zoe: User, who: str, status: int) -> None:
    client = browser(getattr(cast, who))
    assert client.post(f"/users/{zoe.uid}/leave/").status_code == status


def test_attack_an_administrator_removes_the_owner(cast: Cast, zoe: User) -> None:
    assert browser(zoe).post(f"/users/{cast.alice.uid}/leave/").status_code == 403
