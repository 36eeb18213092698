"""Problems by the API: filters, acts for one and for many with undo, fixes, history, thresholds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from seatkeep_manager.problems.models import Problem
from seatkeep_webkit.clock import now
from standing_cast import Cast, device_make, problem_make

pytestmark = pytest.mark.django_db
URL = "/api/v1/problems"


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]  # the project's user
    return client


def post(client: Client, path: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(path, body or {}, content_type="application/json", headers={"Idempotency-Key": uuid4().hex})


@pytest.fixture
def bob(cast: Cast) -> Client:
    return signed_in(cast.bob)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 1), ("kind=open_detection", 1), ("kind=scan_only", 0), ("severity=RED", 1), ("state=SNOOZED", 0),
        ("company={alpha}", 1), ("company={beta}", 0), ("device={device}", 1),
    ],
)  # fmt: skip
def test_a_list_is_narrowed(cast: Cast, bob: Client, query: str, count: int) -> None:
    problem_make(cast.foreign, now())  # Not Bob's to see, whatever he asks.
    ids = {"alpha": cast.alpha.hub_id, "beta": cast.beta.hub_id, "device": cast.device.uid}
    assert len(bob.get(f"{URL}?{query.format(**ids)}").json()["items"]) == count


@pytest.mark.parametrize("query", ["company=x", "device=1", "kind=" + "x" * 51, "cursor=x"])
def test_a_filter_that_is_none_is_malformed(bob: Client, query: str) -> None:
    assert bob.get(f"{URL}?{query}").status_code == 422


def test_one_tells_its_device_its_person_and_its_fixes(cast: Cast, bob: Client) -> None:
    post(bob, f"{URL}/{cast.problem.uid}/acknowledge")
    found = bob.get(f"{URL}/{cast.problem.uid}").json()
    assert (found["state"], found["assignee"]) == ("ACKNOWLEDGED", cast.bob.email)
    assert (found["device"], found["device_name"], found["fixes"]) == (str(cast.device.uid), "reception-01", ["scan"])


def test_groups_are_counted_the_worst_first(cast: Cast, bob: Client) -> None:
    for n in range(2):
        Problem.objects.create(kind="scan_only", severity="AMBER", subject=f"s{n}", device=cast.device, since=now(),
                               company_hub_id=cast.alpha.hub_id)  # fmt: skip
    items = bob.get("/api/v1/problem-groups").json()["items"]
    assert [(one["kind"], one["severity"], one["count"]) for one in items] == [
        ("open_detection", "RED", 1), ("scan_only", "AMBER", 2)
    ]  # fmt: skip


def test_the_history_tells_who_did_what(cast: Cast, bob: Client) -> None:
    post(bob, f"{URL}/{cast.problem.uid}/note", {"note": "ticket 1"})
    items = bob.get(f"{URL}/{cast.problem.uid}/events").json()["items"]
    assert [(one["verb"], one["details"]["note"]) for one in items] == [("NOTED", "ticket 1")]
    assert items[0]["actor"] == "bob@northwind.example"


@pytest.mark.parametrize(
    ("act", "body", "code"),
    [
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, "snooze_invalid"),
        ("snooze", {"until": "2999-01-01T00:00:00"}, "snooze_invalid"),
        ("snooze", {}, "invalid"), ("note", {"note": "x" * 2001}, "invalid"), ("note", {}, "invalid"),
        ("assign", {"assignee": "nobody@nowhere.example"}, "assignee_unknown"),
        ("assign", {"assignee": "charlie@else.example"}, "assignee_unknown"),
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(
    cast: Cast, bob: Client, act: str, body: dict[str, Any], code: str
) -> None:
    answer = post(bob, f"{URL}/{cast.problem.uid}/{act}", body)
    cast.problem.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (cast.problem.state, cast.problem.note, cast.problem.assignee) == ("OPEN", "", None)


def test_many_are_done_at_once_and_taken_back(cast: Cast, bob: Client) -> None:
    problem_make(device_make(cast.alpha, "desk-2", now()), now())
    until = (now() + timedelta(days=1)).isoformat()
    body = {"act": "snooze", "kind": "open_detection", "company": str(cast.alpha.hub_id), "until": until}

    made = post(bob, "/api/v1/problem-acts", body)
    assert (made.status_code, made.json()["count"]) == (201, 2)
    assert set(Problem.objects.values_list("state", flat=True)) == {"SNOOZED"}

    undo = f"/api/v1/problem-acts/{made.json()['act']}/undo"
    assert post(signed_in(cast.alice), undo).status_code == 404  # Not hers.
    assert post(bob, undo).json() == {"count": 2}
    assert set(Problem.objects.values_list("state", flat=True)) == {"OPEN"}
    assert post(bob, undo).status_code == 404


def test_attack_a_foreign_problem_among_many_is_left_alone(cast: Cast, bob: Client) -> None:
    foreign = problem_make(cast.foreign, now())
    body = {"act": "acknowledge", "problems": [str(cast.problem.uid), str(foreign.uid)]}
    assert post(bob, "/api/v1/problem-acts", body).json()["count"] == 1
    foreign.refresh_from_db()
    assert foreign.state == "OPEN"


@pytest.mark.parametrize(
    ("body", "status"),
    [({"act": "explode"}, 422), ({"act": "note"}, 404), ({"act": "snooze", "kind": "open_detection"}, 404),
     ({"act": "note", "problems": ["x"]}, 422), ({"act": "note", "problems": [str(uuid4())] * 1001}, 422)],
)  # fmt: skip
def test_an_act_on_nothing_or_too_much_is_refused(bob: Client, body: dict[str, Any], status: int) -> None:
    assert post(bob, "/api/v1/problem-acts", body).status_code == status


def test_a_snooze_of_many_needs_its_end(cast: Cast, bob: Client) -> None:
    body = {"act": "snooze", "problems": [str(cast.problem.uid)]}
    assert post(bob, "/api/v1/problem-acts", body).json()["code"] == "snooze_invalid"


def test_a_fix_is_ordered_and_told(cast: Cast, bob: Client) -> None:
    answer = post(bob, f"{URL}/{cast.problem.uid}/fix")
    assert answer.status_code == 202
    task = bob.get(f"/api/v1/tasks/{answer.json()['task']}").json()
    assert (answer.json()["count"], task["kind"]) == (1, "SCAN")


@pytest.mark.parametrize("fix", ["restart", "nonsense"])
def test_a_fix_of_another_kind_is_refused(cast: Cast, bob: Client, fix: str) -> None:
    answer = post(bob, f"{URL}/{cast.problem.uid}/fix", {"fix": fix})
    assert (answer.status_code, answer.json()["code"]) == (409, "problem_no_fix")


def test_what_is_gone_cannot_be_worked_on(cast: Cast, bob: Client) -> None:
    Problem.objects.update(state="RESOLVED", resolved_at=now())
    assert post(bob, f"{URL}/{cast.problem.uid}/acknowledge").json()["code"] == "problem_resolved"
    assert post(bob, f"{URL}/{cast.problem.uid}/fix").status_code == 404


def test_thresholds_of_a_group(cast: Cast, bob: Client) -> None:
    address = f"/api/v1/groups/{cast.group.uid}/thresholds"
    before = {one["name"]: one for one in bob.get(address).json()["items"]}
    assert (before["server_silent_amber"]["value"], before["workstation_silent_red"]["value"]) == (15, 30)
    body = {"thresholds": {"server_silent_amber": 30, "gap": None}}
    after = bob.put(address, body, content_type="application/json").json()["items"]
    assert {one["name"]: one["own"] for one in after if one["own"] is not None} == {"server_silent_amber": 30}


@pytest.mark.parametrize("limits", [{"gap": 0}, {"x": 1}, {"gap": "ten"}, {"server_silent_red": 1}, {"gap": 1.5}])
def test_a_threshold_that_makes_no_sense_changes_nothing(cast: Cast, bob: Client, limits: dict[str, Any]) -> None:
    address = f"/api/v1/groups/{cast.group.uid}/thresholds"
    answer = bob.put(address, {"thresholds": limits}, content_type="application/json")
    assert answer.status_code == 422
    assert all(one["own"] is None for one in bob.get(address).json()["items"])
