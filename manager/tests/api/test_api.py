"""Every route of the API for every role, and what it promises."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from seatkeep_manager.api.app import api
from seatkeep_manager.directory.enums import GroupKind
from seatkeep_manager.directory.models import User
from seatkeep_manager.directory.selectors import group_system
from seatkeep_manager.rights.api_clients import token_create, token_revoke
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.clock import now as clock_now
from standing_cast import Cast

OBJECTS = {
    "devices": "device", "customers": "alpha", "problems": "problem", "detections": "detection", "quarantine": "item",
    "tasks": "task", "policies": "policy", "policy-assignments": "assignment", "installers": "token",
    "approvals": "waiting", "api-tokens": "api_token", "users": "bob", "permission-sets": "permission_set",
    "invitations": "invitation", "groups": "group", "dynamic-groups": "dynamic_group",
    "software-packages": "package", "runs": "run", "server-tasks": "rule",
    "group-templates": "group_template", "templates": "template", "set-ups": "setup",
    "link": "sync_run",
}  # fmt: skip
RULES: dict[str, Any] = {
    "operation": "AND", "rules": [{"symbol": "os.family", "operator": "EQUAL", "value": "LINUX"}]
}  # fmt: skip
ADMIN = {
    "/api/v1/link", "/api/v1/link/sync", "/api/v1/link/preview", "/api/v1/link/runs", "/api/v1/link/troubles",
    "/api/v1/link/troubles/retry", "/api/v1/link/runs/{uid}/changes", "/api/v1/link/runs/{uid}/allow",
    "/api/v1/templates", "/api/v1/templates/{uid}",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "setup": {}, "offboard": {"last_day": "2026-12-01", "protect_until": "2026-12-01", "bill_until": "2026-12-01"},
    "snooze": {"until": "2027-01-01T00:00:00Z"},
    "assign": {}, "fix": {}, "thresholds": {}, "problem-acts": {"act": "note"},
    "note": {"note": "x"}, "resolve": {"resolution": "RESOLVED"},
    "grants": {"role": "READ_ONLY"}, "leave": {}, "invitations": {"email": "x@y.example", "role": "READ_ONLY"},
    "permission-sets": {"name": "s", "levels": {}}, "sign-in-rule": {},
    "restore": {}, "group-templates": {"name": "t", **RULES}, "preview": RULES, "policies": {}, "sync": {},
    "rollouts": {"settings": {}}, "tags": {"tags": ["gold"]}, "retry": {},
    "group-tasks": {"kind": "SCAN", "trigger": {"type": "ASAP"}, "group": str(uuid4())},
    "policy-files": {"format": "seatkeep-policies", "version": 1, "policies": [
        {"name": "f", "product": "agent", "settings": {}}]},
}  # fmt: skip

FRESH = {"/api/v1/set-ups/{uid}/rmm-export"}
"""Shows secrets, so a person has to have signed in minutes ago (see test_set_ups.py)."""
NAMED: dict[str, dict[str, Any]] = {
    "/api/v1/devices/{uid}": {"name": "till"}, "/api/v1/groups/import": {"rows": [{"path": "made by a file"}]},
    "/api/v1/software-packages": {"name": "E", "format": "DEB", "url": "https://x.example/e", "sha256": "1" * 64},
    "/api/v1/server-tasks": {"kind": "RENAME", "params": {"pattern": "{user}"}, "group": str(uuid4())},
    "/api/v1/templates": {"name": "made by a test"}, "/api/v1/templates/{uid}": {"name": "made by a test"},
    "/api/v1/api-tokens": {"name": "made by a test", "role": "READ_ONLY"},
    "/api/v1/permission-sets/{uid}": {"name": "s", "levels": {}},
}  # fmt: skip
"""Bodies by the whole path, where its last word says too little."""


def routes() -> list[tuple[str, str]]:
    """Method and path of every route, from the API's own description."""
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    return [(method.upper(), path) for path, methods in schema["paths"].items() for method in methods]


def filled(cast: Cast, path: str) -> str:
    """The path with the uid of the cast's own object."""
    area = path.removeprefix("/api/v1/").split("/")[0]
    path = path.replace("{grant}", str(uuid4()))
    path = path.replace("{number}", "1").replace("{device}", str(cast.device.uid)).replace("{rollout}", str(uuid4()))
    path = path.replace("{act}", str(uuid4()))
    return path.replace("{uid}", str(getattr(cast, OBJECTS[area]).uid)) if "{uid}" in path else path


def body_for(cast: Cast, method: str, path: str) -> dict[str, Any]:
    """A body that is well-formed."""
    chosen = {"/api/v1/tasks": "devices", "/api/v1/set-ups": "customers", "/api/v1/customers/ready": "customers"}
    if name := chosen.get(path):
        return {"kind": "SCAN", name: [str((cast.device if name == "devices" else cast.alpha).uid)]}
    if path.startswith("/api/v1/devices/") and "{uid}" not in path:
        chosen_device = {"devices": [str(cast.device.uid)], "group": str(cast.group.uid), "pattern": "{hostname}"}
        return chosen_device | {"until": "2027-01-01T00:00:00Z"}
    if path in ("/api/v1/installers",) or path.endswith("/assignments"):
        return {"group": str(cast.group.uid), "kind": "INSTALL_LINK"}
    if path == "/api/v1/groups":
        return {"name": "made by a test", "parent": str(cast.group.uid)}
    if path == "/api/v1/dynamic-groups":
        return {
            "name": "made by a test", "group": str(cast.group.uid), "template": str(cast.dynamic_group.template.uid)
        }  # fmt: skip
    if path in ("/api/v1/devices/{uid}/policies", "/api/v1/dynamic-groups/{uid}/policies"):
        return {"policy": str(cast.policy.uid)}
    if path == "/api/v1/groups/{uid}/policies":
        return {"assignments": [str(cast.assignment.uid)]}
    if path == "/api/v1/policies/{uid}/duplicate":
        return {"name": "copy", "company": str(cast.alpha.uid)}
    if path == "/api/v1/policies":
        return {"name": "p", "product": "endpoint", "settings": {}, "company": str(cast.alpha.uid)}
    return NAMED.get(path) or BODIES.get(path.rstrip("/").rsplit("/", 1)[-1], {})


def ask(client: Client, cast: Cast, method: str, path: str, **headers: str) -> Any:
    """Send one request with a right body."""
    if method == "GET":
        return client.get(filled(cast, path), headers=headers)
    return client.generic(
        method, filled(cast, path), json.dumps(body_for(cast, method, path)), "application/json", headers=headers
    )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_nobody_gets_anything_without_a_token(cast: Cast) -> None:
    wrong = [(m, p, s) for m, p in routes() if (s := ask(Client(), cast, m, p).status_code) != 401]

    assert wrong == []


@pytest.mark.django_db
def test_a_stranger_gets_404_or_403_or_an_empty_list_on_every_route(cast: Cast) -> None:
    client = signed_in(cast.charlie)
    wrong = []
    for method, path in routes():
        answer = ask(client, cast, method, path)
        is_empty_list = method == "GET" and "{uid}" not in path and answer.status_code == 200
        if is_empty_list:
            found = answer.json()
            assert (found if isinstance(found, list) else found["items"]) == [], path
        elif answer.status_code not in (403, 404):
            wrong.append((method, path, answer.status_code))

    assert wrong == []


@pytest.mark.django_db
def test_a_reader_can_change_nothing(cast: Cast) -> None:
    client = signed_in(cast.rita)
    wrong = [
        (m, p, s) for m, p in routes() if m != "GET" and (s := ask(client, cast, m, p).status_code) not in (403, 404)
    ]

    assert wrong == []


@pytest.mark.django_db
def test_the_link_is_for_administrators(cast: Cast) -> None:
    for method, path in routes():
        if path in ADMIN:
            assert ask(signed_in(cast.bob), cast, method, path).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("path", sorted({p for m, p in routes() if m == "GET"}))
def test_the_owner_reads_every_route(cast: Cast, path: str) -> None:
    may_lack = ("/file", "/offboard", "/hand-over", "/license", "{rollout}/devices")
    expected = {200, 404} if path.endswith(may_lack) else {200}

    assert ask(signed_in(cast.alice), cast, "GET", path).status_code in expected


@pytest.mark.django_db
def test_a_technician_lists_the_own_computers_only(cast: Cast) -> None:
    names = [row["name"] for row in signed_in(cast.bob).get("/api/v1/devices").json()["items"]]

    assert names == [cast.device.hostname]


@pytest.mark.django_db
def test_a_foreign_computer_in_a_list_of_targets_is_refused(cast: Cast) -> None:
    body = {"kind": "SCAN", "devices": [str(cast.device.uid), str(cast.foreign.uid)]}

    answer = signed_in(cast.bob).post("/api/v1/tasks", body, content_type="application/json")

    assert answer.status_code == 404


@pytest.mark.django_db
def test_a_bearer_token_acts_until_it_is_revoked(cast: Cast) -> None:
    root = group_system(GroupKind.ROOT)
    token, secret = token_create(actor=Actor.system("test"), name="RMM", group=root, role="READ_ONLY", now=clock_now())
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/devices", headers=headers).status_code == 200

    token_revoke(actor=Actor.system("test"), token=token, now=clock_now())

    assert Client().get("/api/v1/devices", headers=headers).status_code == 401


@pytest.mark.django_db
def test_a_session_without_csrf_token_cannot_write(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice)

    answer = client.post(f"/api/v1/devices/{cast.device.uid}/retire", {}, content_type="application/json")

    assert answer.status_code == 403


@pytest.mark.django_db
def test_the_same_key_makes_one_task(cast: Cast) -> None:
    client, key = signed_in(cast.alice), str(uuid4())

    first = ask(client, cast, "POST", "/api/v1/tasks", **{"Idempotency-Key": key})
    second = ask(client, cast, "POST", "/api/v1/tasks", **{"Idempotency-Key": key})

    assert first.status_code == 201
    assert first.json()["uid"] == second.json()["uid"]


@pytest.mark.django_db
def test_an_error_is_a_problem_document(cast: Cast) -> None:
    answer = signed_in(cast.alice).get(f"/api/v1/devices/{uuid4()}")

    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "device_not_found"


@pytest.mark.django_db
def test_pages_follow_a_cursor(cast: Cast) -> None:
    client = signed_in(cast.alice)

    first = client.get("/api/v1/devices?limit=1").json()
    second = client.get(f"/api/v1/devices?limit=1&cursor={first['next_cursor']}").json()

    assert {row["name"] for row in first["items"] + second["items"]} == {"oven-pc", "reception-01"}
    assert second["next_cursor"] is None


def test_the_description_is_openapi_3_1() -> None:
    assert api.get_openapi_schema()["openapi"].startswith("3.1")


@pytest.mark.django_db
def test_no_write_of_the_owner_fails_inside(cast: Cast) -> None:
    client = signed_in(cast.alice)
    client.raise_request_exception = False
    writes = [(m, p) for m, p in routes() if m != "GET" and p not in FRESH]
    failed = [(m, p) for m, p in writes if ask(client, cast, m, p).status_code in (401, 403, 422, 500)]

    assert failed == []


@pytest.mark.django_db
def test_a_template_is_made_once_and_listed(cast: Cast) -> None:
    client = signed_in(cast.alice)
    body = {"name": "Dentists", "groups": ["Reception"], "policies": [str(cast.policy.uid)], "daily_cap": 5}

    made = client.post("/api/v1/templates", body, content_type="application/json")
    again = client.post("/api/v1/templates", body, content_type="application/json")

    assert (made.status_code, again.status_code) == (201, 409)
    listed = client.get("/api/v1/templates").json()["items"]
    assert [(row["name"], row["groups"], row["policies"]) for row in listed if row["name"] == "Dentists"] == [
        ("Dentists", ["Reception"], [str(cast.policy.uid)])
    ]


@pytest.mark.django_db
def test_a_license_is_assigned_and_taken_away(cast: Cast) -> None:
    client, path = signed_in(cast.bob), f"/api/v1/devices/{cast.device.uid}/license"

    made = client.post(path, {}, content_type="application/json")
    taken = client.delete(path)

    assert (made.status_code, made.json()["license"], taken.status_code) == (200, cast.license.public_id, 204)
    assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_attack_a_license_of_another_customer_is_not_assigned(cast: Cast) -> None:
    body = {"license": "ZZZ-ZZZ-ZZZ"}

    answer = signed_in(cast.bob).post(
        f"/api/v1/devices/{cast.device.uid}/license", body, content_type="application/json"
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "no_license_for_device")


@pytest.mark.django_db
def test_a_token_made_by_the_api_works_until_it_is_revoked(cast: Cast) -> None:
    client = signed_in(cast.alice)
    made = client.post(
        "/api/v1/api-tokens", {"name": "PSA", "role": "READ_ONLY"}, content_type="application/json"
    ).json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    before = Client().get("/api/v1/devices", headers=headers).status_code

    client.delete(f"/api/v1/api-tokens/{made['uid']}")

    assert (before, Client().get("/api/v1/devices", headers=headers).status_code) == (200, 401)
