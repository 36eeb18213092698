"""Policies by the API: versions, order, files, roll-outs, what counts and why, and whose it is."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.services import policy_assign_group, policy_create
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.clock import now as clock_now
from standing_cast import Cast

pytestmark = pytest.mark.django_db
HOUR, EXCLUDED = "scan.schedule", "scan.exclusions"


class Caller:
    """Somebody who speaks to the API."""

    def __init__(self, user: Any) -> None:
        self.client = Client()
        self.client.force_login(user)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.generic(
            method, f"/api/v1{path}", "" if body is None else json.dumps(body), "application/json",
            headers=headers,
        )  # fmt: skip


@pytest.fixture
def alice(cast: Cast) -> Caller:
    return Caller(cast.alice)


@pytest.fixture
def bob(cast: Cast) -> Caller:
    return Caller(cast.bob)


def everywhere(cast: Cast, settings: dict[str, Any]) -> Policy:
    """A policy of everybody on the group above both customers."""
    actor, top = Actor.system("test"), StaticGroup.objects.get(hub_id=cast.msp.hub_id)
    made = policy_create(
        actor=actor, name="Everywhere", product="endpoint", settings=settings, company_hub_id=None, now=clock_now()
    )
    policy_assign_group(actor=actor, policy_id=made.pk, group_id=top.pk, now=clock_now())
    return made


def hour(at: int) -> dict[str, Any]:
    return {HOUR: {"value": f"0 {at} * * *"}}


def test_a_change_is_a_version_with_its_reason_and_what_differs(cast: Cast, bob: Caller) -> None:
    path = f"/policies/{cast.policy.uid}"
    bob("PATCH", path, {"settings": hour(4), "note": "less load"})

    versions = bob("GET", f"{path}/versions").json()["items"]
    changes = bob("GET", f"{path}/versions/2/changes").json()

    assert [(one["version"], one["note"]) for one in versions] == [(2, "less load"), (1, "")]
    assert [(one["name"], one["kind"]) for one in changes] == [(HOUR, "CHANGED"), (EXCLUDED, "REMOVED")]
    assert bob("POST", f"{path}/versions/1/roll-back", {}).json()["version"] == 3
    assert bob("GET", f"{path}/versions/3/changes?since=1").json() == []
    assert bob("GET", f"{path}/versions/9/changes").json()["code"] == "policy_version_not_found"


def test_versions_follow_a_cursor(cast: Cast, bob: Caller) -> None:
    path = f"/policies/{cast.policy.uid}"
    for at in (4, 5):
        bob("PATCH", path, {"settings": hour(at)})

    first = bob("GET", f"{path}/versions?limit=2").json()
    second = bob("GET", f"{path}/versions?limit=2&cursor={first['next_cursor']}").json()

    assert [one["version"] for one in first["items"] + second["items"]] == [3, 2, 1]


def test_what_was_deleted_comes_back(cast: Cast, bob: Caller) -> None:
    path = f"/policies/{cast.policy.uid}"
    assert bob("DELETE", path).status_code == 204
    assert [one["name"] for one in bob("GET", "/policies?deleted=true").json()["items"]] == ["Nightly scan"]

    assert bob("POST", f"{path}/restore", {}).status_code == 200

    assert cast.policy.assignments.count() == 1


def test_the_same_key_makes_one_copy(cast: Cast, bob: Caller) -> None:
    body, key = {"name": "Copy", "company": str(cast.alpha.uid)}, {"Idempotency-Key": str(uuid4())}

    made = [bob("POST", f"/policies/{cast.policy.uid}/duplicate", body, **key) for _ in range(2)]

    assert [one.status_code for one in made] == [201, 201]
    assert Policy.objects.filter(name="Copy").count() == 1


def test_a_file_goes_out_and_comes_in(cast: Cast, bob: Caller) -> None:
    file = bob("GET", f"/policies/{cast.policy.uid}/export").json()

    made = bob("POST", f"/policy-files?company={cast.alpha.uid}", file)

    assert (made.status_code, made.json()[0]["settings"]) == (201, cast.policy.settings)
    assert bob("POST", "/policy-files", file).status_code == 403
    assert bob("POST", f"/policy-files?company={cast.beta.uid}", file).status_code == 404


def test_a_file_that_does_not_fit_names_what_does_not(cast: Cast, alice: Caller) -> None:
    entry = {"name": "odd", "product": "endpoint", "settings": {"no.such": {"value": 1}}}

    answer = alice("POST", "/policy-files", {"format": "seatkeep-policies", "version": 1, "policies": [entry]})

    assert (answer.status_code, answer.json()["code"]) == (422, "policy_file_invalid")
    assert "no.such" in answer.content.decode()


def test_the_order_of_a_group_is_read_and_written(cast: Cast, bob: Caller) -> None:
    bob("POST", "/policies", {"name": "B", "product": "agent", "settings": {}, "company": str(cast.alpha.uid)})
    second = Policy.objects.get(name="B")
    bob("POST", f"/policies/{second.uid}/assignments", {"group": str(cast.group.uid)})
    path = f"/groups/{cast.group.uid}/policies"
    listed = [one["uid"] for one in bob("GET", path).json()["items"]]

    ordered = bob("PUT", path, {"assignments": listed[::-1]})

    assert [one["uid"] for one in ordered.json()] == listed[::-1]
    assert bob("PUT", path, {"assignments": listed[:1]}).json()["code"] == "policy_order_stale"
    foreign = StaticGroup.objects.get(hub_id=cast.beta.hub_id).uid
    assert bob("PUT", f"/groups/{foreign}/policies", {"assignments": []}).status_code == 404


def test_a_rollout_is_started_paused_and_taken_back(cast: Cast, bob: Caller) -> None:
    path = f"/policies/{cast.policy.uid}"
    made = bob("POST", f"{path}/rollouts", {"settings": hour(5), "stages": [50, 100], "note": "try"})
    assert (made.status_code, made.json()["state"], made.json()["percent"]) == (201, "RUNNING", 50)
    assert bob("PATCH", path, {"settings": hour(6)}).json()["code"] == "policy_rolling_out"

    states = [bob("POST", f"{path}/rollout/{act}", {}).json()["state"] for act in ("pause", "resume", "take-back")]

    assert states == ["PAUSED", "RUNNING", "ROLLED_BACK"]
    assert bob("POST", f"{path}/rollout/pause", {}).json()["code"] == "rollout_not_found"
    assert bob("GET", f"{path}/rollouts").json()["items"][0]["version"] == 2


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"stages": [50]}, "stages"), ({"stages": [100, 50]}, "stages"), ({"stages": ["x"]}, "stages"),
        ({"stages": []}, "stages"), ({"hold_seconds": -1}, "hold_seconds"), ({"failed_percent": 101}, "failed_percent"),
        ({"settings": {"no.such": {"value": 1}}}, "no.such"),
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused_at_its_field(
    cast: Cast, bob: Caller, plan: dict[str, Any], field: str
) -> None:
    answer = bob("POST", f"/policies/{cast.policy.uid}/rollouts", {"settings": hour(5)} | plan)

    assert answer.status_code == 422
    assert field in answer.content.decode()
    assert not cast.policy.rollouts.exists()


def test_a_technician_sees_only_the_own_computers_of_a_rollout(cast: Cast, alice: Caller, bob: Caller) -> None:
    policy = everywhere(cast, hour(1))
    made = alice("POST", f"/policies/{policy.uid}/rollouts", {"settings": hour(5), "stages": [100]}).json()
    path = f"/policies/{policy.uid}/rollouts/{made['uid']}/devices"

    assert [row["name"] for row in alice("GET", path).json()["items"]] == ["reception-01", "oven-pc"]
    assert [row["name"] for row in bob("GET", path).json()["items"]] == ["reception-01"]
    assert bob("GET", f"{path}?state=FAILED").json()["items"] == []
    assert bob("POST", f"/policies/{policy.uid}/rollout/take-back", {}).status_code == 404


def test_what_counts_is_told_with_who_was_overruled_by_whom(cast: Cast, bob: Caller) -> None:
    everywhere(cast, hour(1))

    told = bob("GET", f"/devices/{cast.device.uid}/settings").json()[HOUR]

    assert (told["value"], told["is_forced"]) == ("0 2 * * *", True)
    assert [(one["origin"]["policy"], one["verdict"], (one["by"] or {}).get("policy")) for one in told["voices"]] == [
        ("Everywhere", "REPLACED", "Nightly scan"),
        ("Nightly scan", "COUNTS", None),
    ]


def test_a_policy_can_be_tried_on_a_computer_before_it_is_assigned(cast: Cast, bob: Caller) -> None:
    new = {"name": "Try", "product": "endpoint", "settings": {EXCLUDED: {"value": ["/x"]}}}
    made = bob("POST", "/policies", new | {"company": str(cast.alpha.uid)}).json()

    tried = bob("GET", f"/policies/{made['uid']}/preview/{cast.device.uid}").json()
    really = bob("GET", f"/devices/{cast.device.uid}/settings").json()

    assert (tried[EXCLUDED]["value"], really[EXCLUDED]["value"]) == (["/srv/db/**", "/x"], ["/srv/db/**"])
    assert bob("GET", f"/policies/{made['uid']}/preview/{cast.foreign.uid}").status_code == 404
