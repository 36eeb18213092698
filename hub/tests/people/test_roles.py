"""Ready-made roles: what each may, who gives which, and why somebody may do something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from people_help import browser, person
from seatkeep_hub.companies.access import Holding, Setting, may_grant, nearest
from seatkeep_hub.companies.enums import AccessLevel, Right, Role
from seatkeep_hub.companies.explaining import Act, explain
from seatkeep_hub.companies.models import Access
from seatkeep_hub.companies.people import access_set, role_assign
from seatkeep_hub.companies.selectors import companies_visible, may
from seatkeep_webkit.roles import ROLES, rights_held

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "roles.md"
A = Setting((1, 2), AccessLevel.WRITE, Role.OWNER)
NONE_BELOW = Setting((1, 2, 3), AccessLevel.NONE, Role.READ_ONLY)


def put(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.put(f"/api/v1{path}", json.dumps(body), content_type="application/json")


@pytest.mark.parametrize(("path", "found"), [((1, 2), A), ((1, 2, 9), A), ((1, 2, 3, 4), NONE_BELOW), ((1,), None)])
def test_the_nearest_setting_holds(path: tuple[int, ...], found: Setting | None) -> None:
    assert nearest(path, [NONE_BELOW, A]) is found


@pytest.mark.parametrize(
    ("level", "role", "prices", "has"),
    [
        ("WRITE", "TECHNICIAN", None, False),
        ("WRITE", "TECHNICIAN", True, True),
        ("READ", "BILLING", None, True),
        ("READ", "BILLING", False, False),
        ("READ", "OWNER", None, True),
        ("NONE", "OWNER", True, False),
    ],
)
def test_prices_are_a_right_of_their_own(level: str, role: str, prices: bool | None, has: bool) -> None:
    assert (Right.PRICES in rights_held(level=level, role=role, sees_prices=prices)) is has


def test_a_level_lowered_by_hand_leaves_only_what_views() -> None:
    assert rights_held(level="READ", role="OWNER") == {Right.PRICES}


def test_nobody_gives_more_than_they_hold() -> None:
    def held(role: Role) -> Holding:
        return Holding(ROLES[role].level, ROLES[role].rights)

    admin, owner, nothing = held(Role.ADMINISTRATOR), held(Role.OWNER), Holding(AccessLevel.NONE, frozenset())
    assert may_grant(admin, held(Role.BILLING), nothing)
    assert not may_grant(admin, owner, nothing)
    assert not may_grant(admin, held(Role.READ_ONLY), owner)
    assert not may_grant(held(Role.TECHNICIAN), held(Role.READ_ONLY), nothing)


def test_the_document_is_what_the_code_says() -> None:
    lines = [
        "| {} | {} | {} |".format(
            role.label, one.level.label, " · ".join(str(right.label) for right in Right if right in one.rights) or "–"
        )
        for role, one in ROLES.items()
    ]
    text = DOCUMENT.read_text()
    assert [line for line in lines if line not in text] == []


def test_a_role_holds_for_all_customers_or_for_a_list(cast: Cast) -> None:
    zoe = person(cast, "zoe", Role.TECHNICIAN)
    role_assign(actor=ACTOR, user=zoe, company=cast.msp_a, role=Role.HELP_DESK, customers=[cast.customer], now=NOW)
    assert [one.name for one in companies_visible(zoe)] == ["Bakery"]
    role_assign(actor=ACTOR, user=zoe, company=cast.msp_a, role=Role.BILLING, now=NOW)
    assert Access.objects.get(user=zoe).company == cast.msp_a
    assert may(zoe, cast.customer, Right.PRICES)


@pytest.mark.parametrize(
    ("who", "body", "status"),
    [
        (Role.ADMINISTRATOR, {"role": "TECHNICIAN"}, 204),
        (Role.ADMINISTRATOR, {"role": "OWNER"}, 403),
        (Role.TECHNICIAN, {"role": "READ_ONLY"}, 403),
        (Role.ADMINISTRATOR, {"role": "READ_ONLY", "sees_prices": True}, 204),
    ],
)
def test_attack_giving_more_than_one_has(cast: Cast, who: Role, body: dict[str, Any], status: int) -> None:
    client, target = browser(person(cast, "zoe", who)), person(cast, "yan", Role.READ_ONLY)
    assert put(client, f"/users/{target.uid}/access/{cast.msp_a.uid}", body).status_code == status


def test_attack_an_administrator_degrades_the_owner(cast: Cast) -> None:
    client = browser(person(cast, "zoe", Role.ADMINISTRATOR))
    answer = put(client, f"/users/{cast.alice.uid}/access/{cast.msp_a.uid}", {"level": "NONE"})
    assert (answer.status_code, answer.json()["code"]) == (403, "grant_exceeds_own")


def test_several_settings_are_set_together_or_not_at_all(cast: Cast) -> None:
    target = person(cast, "yan", Role.READ_ONLY)
    settings = [
        {"company_id": str(cast.customer.uid), "role": "TECHNICIAN"},
        {"company_id": str(cast.msp_b.uid), "role": "TECHNICIAN"},
    ]
    path = f"/users/{target.uid}/access"
    assert put(browser(cast.alice), path, {"settings": settings}).status_code == 404
    assert not Access.objects.filter(user=target, company=cast.customer).exists()
    assert put(browser(cast.diana), path, {"settings": settings}).status_code == 204
    assert Access.objects.filter(user=target).count() == 3


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.HELP_DESK, Role.CUSTOMER_IT, Role.READ_ONLY])
@pytest.mark.parametrize("path", ["/price-lists", "/statements"])
def test_who_may_not_see_prices_gets_no_amount_by_the_api(cast: Cast, role: Role, path: str) -> None:
    assert browser(person(cast, "zoe", role)).get(f"/api/v1{path}").json()["items"] == []


def test_help_desk_works_on_computers_and_changes_nothing_else(cast: Cast) -> None:
    client = browser(person(cast, "zoe", Role.HELP_DESK))
    body = json.dumps({"seats": ["018f0000-0000-7000-8000-000000000001"]})
    assert client.post("/api/v1/seats/stop", body, content_type="application/json").status_code == 200
    assert client.post(f"/api/v1/companies/{cast.customer.uid}/suspend").status_code == 403


@pytest.mark.parametrize(
    ("who", "act", "allowed", "codes"),
    [
        ("alice", Act.CHANGE, True, ["works_for", "setting_inherited", "level_enough"]),
        ("bob", Act.CHANGE, False, ["works_for", "setting_inherited", "level_short"]),
        ("bob", Act.PEOPLE, False, ["works_for", "setting_inherited", "right_missing"]),
        ("erin", Act.VIEW, False, ["works_for", "nothing_set"]),
    ],
)
def test_why(cast: Cast, who: str, act: Act, allowed: bool, codes: list[str]) -> None:
    found = explain(user=getattr(cast, who), company=cast.customer, act=act)
    assert (found.is_allowed, [one.code for one in found.facts]) == (allowed, codes)


def test_why_names_the_setting_that_was_overruled(cast: Cast) -> None:
    access_set(actor=ACTOR, user=cast.alice, company=cast.customer, level=AccessLevel.NONE, now=NOW)
    found = explain(user=cast.alice, company=cast.customer, act=Act.VIEW)
    assert [one.code for one in found.facts] == ["works_for", "setting_above", "setting_none"]
    assert not found.is_allowed


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("who", ["diana", "alice", "bob", "charlie", "erin"])
def test_the_explanation_agrees_with_the_decision(cast: Cast, who: str, act: Act) -> None:
    user = getattr(cast, who)
    right = Right(act.value) if act.value in Right.values else None
    level = AccessLevel.WRITE if act == Act.CHANGE else AccessLevel.READ
    decided = companies_visible(user, level=level, right=right).filter(pk=cast.customer.pk).exists()
    assert explain(user=user, company=cast.customer, act=act).is_allowed is decided


def test_why_by_the_api_hides_companies_above(cast: Cast) -> None:
    target = f"/api/v1/users/{cast.bob.uid}/why?company_id={cast.customer.uid}&act=PRICES"
    answer = browser(cast.alice).get(target).json()
    assert answer["is_allowed"] is True
    assert answer["facts"][-1]["code"] == "right_held"


@pytest.mark.parametrize(("role", "is_offered"), [(Role.BILLING, True), (Role.TECHNICIAN, False)])
def test_statements_are_offered_only_to_who_may_see_prices(cast: Cast, role: Role, is_offered: bool) -> None:
    page = browser(person(cast, "zoe", role)).get("/users/roles/").content.decode()
    assert ('href="/statements/"' in page) is is_offered
