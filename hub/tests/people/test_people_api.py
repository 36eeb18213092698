"""People, invitations, sessions, API clients and the journal, by the API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from people_help import browser, person
from seatkeep_hub.api.app import api
from seatkeep_hub.api.scopes import CLOSED, capability_of
from seatkeep_hub.companies.enums import Role
from seatkeep_hub.companies.models import Access, User
from seatkeep_hub.instances.errors import ScopeTooMuchError
from seatkeep_hub.instances.tokens import TokenMade, token_check, token_create
from seatkeep_hub.msp.invitations import invitation_accept, invitation_create, invitation_resend
from seatkeep_hub.msp.models import Invitation
from seatkeep_webkit.audit.enums import Result
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.clock import now


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json")


def token(cast: Cast, *scopes: str, **fields: Any) -> TokenMade:
    return token_create(company=cast.msp_a, name="PSA", scopes=scopes, actor=ACTOR, now=NOW, **fields)


def call(made: TokenMade, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"Authorization": f"Bearer {made.secret}"}
    text = json.dumps(body) if body is not None else ""
    return Client().generic(method, f"/api/v1{path}", text, content_type="application/json", headers=headers)


def test_every_route_belongs_to_a_part_or_is_closed_to_tokens() -> None:
    paths = {path for _prefix, router in api._routers for path in router.path_operations}
    assert {
        path for path in paths if capability_of(f"/api/v1{path}") is None and path.split("/")[1] not in CLOSED
    } == set()


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (("companies:read",), "GET", "/companies", 200),
        (("companies:read",), "GET", "/licenses", 403),
        (("companies:write",), "GET", "/companies", 200),
        (("companies:read", "seats:write"), "POST", "/companies", 403),
        (("usage:read",), "GET", "/audit", 403),
        (("audit:read",), "GET", "/audit", 200),
        (("licenses:write",), "GET", "/sync", 403),
    ],
)
def test_a_token_goes_only_where_its_scopes_let_it(
    cast: Cast, scopes: tuple[str, ...], method: str, path: str, status: int
) -> None:
    assert call(token(cast, *scopes), method, path, {} if method == "POST" else None).status_code == status


def test_a_token_without_the_scope_sees_no_price_in_the_journal(cast: Cast) -> None:
    audit_record(
        actor=ACTOR, action="price-list:set", subject_type="price_list", subject_id="1",
        company_uid=cast.msp_a.uid, details={"total": 123}, now=NOW,
    )  # fmt: skip
    for scopes, seen in ((("audit:read",), False), (("audit:read", "billing:read"), True)):
        assert ("price-list:set" in call(token(cast, *scopes), "GET", "/audit").content.decode()) is seen


def test_a_token_ends(cast: Cast) -> None:
    made = token_create(
        company=cast.msp_a,
        name="x",
        scopes=["companies:read"],
        actor=ACTOR,
        now=now(),
        expires_at=now() + timedelta(days=1),
    )
    assert call(made, "GET", "/companies").status_code == 200
    type(made.token).objects.filter(pk=made.token.pk).update(expires_at=now() - timedelta(seconds=1))
    assert call(made, "GET", "/companies").status_code == 401


def test_attack_a_token_that_makes_owners(cast: Cast) -> None:
    made = token(cast, "people:write")
    body = {"company_id": str(cast.msp_a.uid), "email": "x@example.com"}
    assert call(made, "POST", "/invitations", {**body, "role": "OWNER"}).status_code == 403
    assert call(made, "POST", "/invitations", {**body, "role": "TECHNICIAN"}).status_code == 201


def test_attack_a_token_that_may_more_than_its_maker(cast: Cast) -> None:
    blind = person(cast, "zoe", Role.ADMINISTRATOR)
    Access.objects.filter(user=blind).update(sees_prices=False)
    with pytest.raises(ScopeTooMuchError):
        token_check(blind, company=cast.msp_a, scopes=["billing:read"])
    token_check(blind, company=cast.msp_a, scopes=["licenses:write"])


@pytest.mark.parametrize(
    "body", [{"scopes": ["everything"]}, {"scopes": ["usage:write"]}, {"expires_at": "2001-01-01T00:00:00Z"}]
)
def test_a_malformed_token_is_refused_by_field(cast: Cast, body: dict[str, Any]) -> None:
    answer = post(browser(cast.alice), "/api-tokens", {"company_id": str(cast.msp_a.uid), "name": "x", **body})
    assert (answer.status_code, answer.json()["code"]) == (422, "scope_invalid")


def test_the_secret_of_a_token_is_changed(cast: Cast) -> None:
    made = token(cast, "companies:read")
    fresh = post(browser(cast.alice), f"/api-tokens/{made.token.uid}/rotate", {}).json()["secret"]
    assert call(made, "GET", "/companies").status_code == 401
    assert Client().get("/api/v1/companies", headers={"Authorization": f"Bearer {fresh}"}).status_code == 200


def test_answers_say_what_is_left_and_too_many_are_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatkeep_hub.api.auth.CALLS_A_MINUTE", 2)
    made = token(cast, "companies:read")
    answers = [call(made, "GET", "/companies") for _time in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[0].headers["RateLimit-Limit"] == "2"
    assert answers[0].headers["RateLimit-Remaining"] == "1"
    assert int(answers[2].headers["Retry-After"]) >= 1


def test_a_persons_switch_for_the_api(cast: Cast) -> None:
    target = person(cast, "zoe", Role.ADMINISTRATOR)
    path, client = f"/api/v1/users/{target.uid}", browser(target)
    assert client.get("/api/v1/companies").status_code == 200
    answer = browser(cast.alice).patch(path, json.dumps({"may_use_api": False}), content_type="application/json")
    assert answer.json()["may_use_api"] is False
    assert client.get("/api/v1/companies").json()["code"] == "api_not_allowed"


def test_an_invitation_brings_role_and_customers(cast: Cast) -> None:
    body = {
        "company_id": str(cast.msp_a.uid),
        "email": "New@Example.com",
        "role": "HELP_DESK",
        "customer_ids": [str(cast.customer.uid)],
        "sees_prices": True,
    }
    assert post(browser(cast.alice), "/invitations", body).status_code == 201
    invitation = Invitation.objects.get(email="new@example.com")
    user = invitation_accept(invitation=invitation, name="New", password="x" * 12, actor=ACTOR, now=now())
    access = Access.objects.get(user=user)
    assert (access.company, access.role, access.level, access.sees_prices) == (cast.customer, "HELP_DESK", "READ", True)


def test_an_invitation_is_sent_again_with_a_new_link(cast: Cast) -> None:
    first = invitation_create(company=cast.msp_a, email="n@example.com", role=Role.READ_ONLY, actor=ACTOR, now=NOW)
    second = invitation_resend(invitation=first.invitation, actor=ACTOR, now=NOW + timedelta(days=20))
    assert first.token != second.token
    assert second.invitation.expires_at == NOW + timedelta(days=34)
    listed = browser(cast.alice).get("/api/v1/invitations").json()["items"]
    assert [one["role"] for one in listed] == ["READ_ONLY"]


def test_attack_inviting_somebody_with_more_than_one_has(cast: Cast) -> None:
    client = browser(person(cast, "zoe", Role.ADMINISTRATOR))
    body = {"company_id": str(cast.msp_a.uid), "email": "n@example.com", "role": "OWNER"}
    assert post(client, "/invitations", body).json()["code"] == "grant_exceeds_own"


def sign_in(user: User) -> Client:
    client = browser(user)
    UserSession.objects.create(
        user=user, session_key=client.session.session_key, ip="192.0.2.1", user_agent="Firefox/1"
    )
    return client


def test_sessions_of_others_are_seen_and_ended(cast: Cast) -> None:
    target = person(cast, "zoe", Role.TECHNICIAN)
    client, admin = sign_in(target), browser(cast.alice)
    path = f"/api/v1/users/{target.uid}/sessions"
    session = admin.get(path).json()[0]
    assert (session["browser"], session["ip"]) == ("Firefox", "192.0.2.1")
    assert admin.delete(f"{path}/{session['id']}").status_code == 204
    assert client.get("/api/v1/companies").status_code == 401
    assert admin.get(path).json() == []


def test_attack_ending_a_session_by_the_number_of_another(cast: Cast) -> None:
    target = person(cast, "zoe", Role.TECHNICIAN)
    sign_in(cast.diana)
    foreign = UserSession.objects.get(user=cast.diana)
    path = f"/api/v1/users/{target.uid}/sessions/{foreign.pk}"
    assert browser(cast.alice).delete(path).json()["code"] == "session_unknown"
    assert UserSession.objects.filter(pk=foreign.pk).exists()


def test_own_sessions_are_ended_but_this_one(cast: Cast) -> None:
    here, there = sign_in(cast.alice), sign_in(cast.alice)
    assert "Firefox" in here.get("/me/sessions/").content.decode()
    assert here.post("/me/sessions/end/").status_code == 302
    assert there.get("/api/v1/companies").status_code == 401
    assert here.get("/api/v1/companies").status_code == 200


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("severity=WARNING", ["user:leave"]),
        ("result=FAILED", ["sign-in:password_wrong"]),
        ("section=people", ["user:leave", "user:create"]),
        ("section=signing-in", ["sign-in:password_wrong"]),
        ("action=user:create", ["user:create"]),
        ("is_impersonated=true", []),
        ("since=2026-11-22T12:00:01Z", ["sign-in:password_wrong"]),
        ("until=2026-11-22T12:00:01", ["user:leave", "user:create"]),
        ("actor_kind=SYSTEM&section=seats", []),
    ],
)
def test_the_journal_is_narrowed(cast: Cast, query: str, actions: list[str]) -> None:
    marks = {"subject_type": "user", "subject_id": "1", "company_uid": cast.customer.uid, "actor": ACTOR}
    audit_record(action="user:create", now=NOW, **marks)
    audit_record(action="user:leave", now=NOW, **marks)
    later = NOW + timedelta(minutes=1)
    audit_record(action="sign-in:password_wrong", result=Result.FAILED, now=later, **marks)
    found = browser(cast.alice).get(f"/api/v1/audit?company_id={cast.customer.uid}&{query}").json()["items"]
    mine = [one["action"] for one in found if one["subject_id"] == "1"]
    assert mine == actions


@pytest.mark.parametrize("query", ["severity=LOUD", "since=yesterday", "company_id=1", "cursor=x", "limit=0"])
def test_a_malformed_question_to_the_journal(cast: Cast, query: str) -> None:
    assert browser(cast.alice).get(f"/api/v1/audit?{query}").status_code == 422


def test_the_journal_pages_without_gaps(cast: Cast) -> None:
    client = browser(cast.alice)
    whole = client.get("/api/v1/audit?limit=1000").json()["items"]
    parts, cursor = [], None
    while cursor != "":
        page = client.get(f"/api/v1/audit?limit=3&cursor={cursor or ''}" if cursor else "/api/v1/audit?limit=3").json()
        parts += page["items"]
        cursor = page["next_cursor"] or ""
    assert parts == whole
