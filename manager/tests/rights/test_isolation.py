"""Every page and every route × every kind of asker: nobody, no set, a sibling's, looking, using, a scoped program.

The cast is made once for the file; what a test changes is taken back. Routes and pages are read from the addresses
themselves, so that a new one is tried from its first day.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from seatkeep_manager.api.app import api
from seatkeep_manager.directory.models import PermissionGrant, PermissionSet, StaticGroup, User
from seatkeep_manager.rights.api_clients import token_create
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry
from standing_cast import NOW, Cast, cast_make, person

SECRETS = ("Alpha Dental", "reception-01", "EICAR", "kiosk-7", "Nightly scan")
"""Words of Alpha that a page of somebody else never shows."""
OPEN_PAGES = {"connect", "connect-live", "connect-start", "invite", "join"}
OF_THE_CONSOLE = {"/api/v1/permission-sets/{uid}"}
"""What belongs to no customer: whoever manages users somewhere reads the sets that they may give."""
WRITES_FOR_ONESELF = {"problems-visit", "problems-known", "problems-fold"}
"""What only remembers how somebody looks at their own pages."""
OBJECTS = {
    "devices": "device", "computers": "device", "customers": "alpha", "problems": "problem", "detections": "detection",
    "quarantine": "item", "tasks": "task", "policies": "policy", "policy-assignments": "assignment",
    "installers": "token", "approvals": "waiting", "api-tokens": "api_token", "api-clients": "api_token",
    "groups": "group", "dynamic-groups": "dynamic_group", "group-templates": "group_template", "users": "bob",
    "permission-sets": "permission_set", "invitations": "invitation", "licenses": "license", "templates": "template",
    "set-ups": "setup",
}  # fmt: skip
BODY = {
    "name": "made by a test", "kind": "SCAN", "levels": {}, "role": "READ_ONLY", "note": "x", "email": "x@y.example",
    "resolution": "RESOLVED", "until": "2027-01-01T00:00:00Z", "decisions": [], "settings": {}, "rules": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    outer = transaction.atomic()
    outer._from_testcase = True  # type: ignore[attr-defined]  # as Django's own TestCase marks it
    with django_db_blocker.unblock(), outer:
        yield cast_make(NOW)
        transaction.set_rollback(True)


@pytest.fixture
def cast(world: Cast, db: None) -> Cast:
    return world


def holder(name: str, group: StaticGroup, role: str = "", **levels: str) -> User:
    found = person(f"{name}@else.example", name)
    own = None if role else PermissionSet.objects.create(name=name, levels=levels, created_at=NOW)
    PermissionGrant.objects.create(user=found, group=group, role=role, permission_set=own, created_at=NOW)
    return found


def sibling(cast: Cast) -> User:
    assert cast.beta.group
    return holder("Beta", cast.beta.group, "ADMINISTRATOR")


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def routes() -> list[tuple[str, str]]:
    """Method and path of every route, from the API's own description."""
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    return [(method.upper(), path) for path, methods in schema["paths"].items() for method in methods]


def ask(client: Client, cast: Cast, method: str, path: str, **headers: str) -> Any:
    """Send one request with the uid of Alpha's own object and a body that says much."""
    path = path.replace("{uid}", str(uid_for(cast, path.removeprefix("/api/v1/").split("/")[0])))
    path = re.sub(r"\{(?:number|version)\}", "1", path)
    path = re.sub(r"\{\w+\}", lambda _found: str(uuid4()), path)
    mine: dict[str, Any] = {
        "group": str(cast.group.uid), "devices": [str(cast.device.uid)], "customers": [str(cast.alpha.uid)],
        "policy": str(cast.policy.uid), "company": str(cast.alpha.uid),
    }  # fmt: skip
    body = json.dumps(BODY | mine)
    return client.generic(
        method, path, "" if method == "GET" else body, content_type="application/json", headers=headers
    )


def pages() -> list[Any]:
    """All addresses of the console that belong to a signed-in person."""
    console = next(found for found in get_resolver().url_patterns if getattr(found, "app_name", "") == "console")
    return [found for found in console.url_patterns if found.name not in OPEN_PAGES]


def page_url(cast: Cast, pattern: Any) -> str:
    """The address with the uid of Alpha's own object, and well-formed words for the rest."""
    area = str(pattern.pattern).lstrip("^").split("/")[0]
    words: dict[str, Any] = {}
    for name in pattern.pattern.regex.groupindex:
        kind = type(pattern.pattern.converters.get(name)).__name__
        if name == "uid" or kind == "UUIDConverter":
            words[name] = uid_for(cast, area) if name == "uid" else uuid4()
        else:
            words[name] = 1 if kind == "IntConverter" else "seen"
    return reverse(f"console:{pattern.name}", kwargs=words)


def uid_for(cast: Cast, area: str) -> Any:
    found = getattr(cast, OBJECTS.get(area, ""), None)
    return found.uid if found is not None else uuid4()


def is_told(answer: Any) -> bool:
    """Whether an answer says a word of Alpha."""
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return any(secret.encode() in text for secret in SECRETS)


def test_nobody_gets_anything(cast: Cast) -> None:
    client = Client()
    assert [one for one in routes() if ask(client, cast, *one).status_code != 401] == []
    wrong = []
    for pattern in pages():
        answer = client.get(page_url(cast, pattern))
        if answer.status_code != 401 and "/accounts/login" not in answer.headers.get("Location", ""):
            wrong.append((pattern.name, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("who", ["empty", "sibling"])
def test_an_empty_set_and_a_siblings_see_nothing_of_alpha_and_change_nothing(who: str, cast: Cast) -> None:
    root = StaticGroup.objects.get(kind="ROOT")
    client = signed_in(holder("Empty", root) if who == "empty" else sibling(cast))
    before = AuditEntry.objects.exclude(action__startswith="sign-in").count()
    wrong: list[Any] = []
    for method, path in routes():
        answer = ask(client, cast, method, path)
        if (
            is_told(answer)
            or answer.status_code >= 500
            or (answer.status_code == 200 and "{uid}" in path and path not in OF_THE_CONSOLE)
        ):
            wrong.append((method, path, answer.status_code))
    for pattern in pages():
        answer = client.get(page_url(cast, pattern))
        if is_told(answer) or answer.status_code >= 500:
            wrong.append((pattern.name, answer.status_code))
    assert wrong == []
    if who == "empty":
        assert AuditEntry.objects.exclude(action__startswith="sign-in").count() == before


def test_who_may_only_look_changes_nothing(cast: Cast) -> None:
    client = signed_in(holder("Reader", cast.group, "READ_ONLY"))
    before = AuditEntry.objects.exclude(action__startswith="sign-in").count()
    wrong: list[Any] = []
    for method, path in routes():
        if method != "GET" and (status := ask(client, cast, method, path).status_code) not in (403, 404, 422):
            wrong.append((method, path, status))
    for pattern in pages():
        if pattern.name in WRITES_FOR_ONESELF:
            continue
        posted = {"confirmed": "1", "selected": "all", "name": "x", "note": "x"}
        answer = client.post(page_url(cast, pattern), posted)
        if answer.status_code >= 500:
            wrong.append((pattern.name, answer.status_code))
    assert wrong == []
    written = AuditEntry.objects.exclude(action__startswith="sign-in").order_by("-id")
    assert [entry.action for entry in written[: written.count() - before]] == []


def test_a_set_shows_what_it_names_and_hides_the_rest(cast: Cast) -> None:
    client = signed_in(holder("Runner", cast.group, CLIENT_TASKS="USE"))
    expected = {
        "/api/v1/tasks": True, "/api/v1/devices": False, "/api/v1/detections": False, "/api/v1/policies": False,
        "/api/v1/problems": False, "/api/v1/installers": False, "/api/v1/customers": False, "/api/v1/audit": False,
    }  # fmt: skip
    found = {path: bool(client.get(path).json()["items"]) for path in expected}
    assert found == expected
    body = {"kind": "SCAN", "devices": [str(cast.device.uid)]}
    made = client.post("/api/v1/tasks", body, content_type="application/json")
    menu = client.get(reverse("console:tasks")).content.decode()
    assert made.status_code == 201
    assert reverse("console:tasks") in menu
    assert f'href="{reverse("console:policies")}"' not in menu


def test_to_use_policies_is_to_assign_them_and_not_to_edit_them(cast: Cast) -> None:
    client = signed_in(holder("Assigner", cast.group, POLICIES="USE", GROUPS="READ"))
    put = client.delete(f"/api/v1/policy-assignments/{cast.assignment.uid}")
    body = {"group": str(cast.group.uid)}
    again = client.post(
        f"/api/v1/policies/{cast.policy.uid}/assignments", body, content_type="application/json",
    )  # fmt: skip
    edited = client.patch(
        f"/api/v1/policies/{cast.policy.uid}", {"name": "x"}, content_type="application/json",
    )  # fmt: skip
    assert (put.status_code, again.status_code) == (204, 200)
    assert edited.status_code in (404, 405)
    assert client.get(reverse("console:policy-edit", args=[cast.policy.uid])).status_code == 404


def test_a_program_of_one_customer_sees_that_customer_only(cast: Cast) -> None:
    assert cast.beta.group
    wrong: list[Any] = []
    for group, role in ((cast.beta.group, "TECHNICIAN"), (cast.group, "READ_ONLY")):
        _token, secret = token_create(
            actor=Actor.system("test"), name=f"RMM {group}", group=group, role=role, now=NOW
        )  # fmt: skip
        headers = {"Authorization": f"Bearer {secret}"}
        for method, path in routes():
            answer = ask(Client(raise_request_exception=False), cast, method, path, **headers)
            is_foreign = group == cast.beta.group and is_told(answer)
            is_write = role == "READ_ONLY" and method != "GET" and answer.status_code not in (403, 404, 422)
            if answer.status_code >= 500 or answer.status_code == 401 or is_foreign or is_write:
                wrong.append((role, method, path, answer.status_code))
    assert wrong == []


def test_the_audit_log_tells_only_what_the_reader_may_see(cast: Cast) -> None:
    reader, other = holder("Auditor", cast.group, AUDIT="READ"), sibling(cast)
    AuditEntry.objects.create(
        at=NOW, actor_kind="SYSTEM", actor_id="x", actor_label="x", action="api_token:create", subject_type="api_token",
        subject_id=str(uuid4()), details={"name": "whole console"},
    )  # fmt: skip
    seen = signed_in(reader).get("/api/v1/audit?limit=1000").json()["items"]
    assert seen
    assert "whole console" not in str(seen)
    assert "reception-01" not in str(signed_in(other).get("/api/v1/audit?limit=1000").json())
    assert signed_in(person("none@else.example", "None")).get("/api/v1/audit").json()["items"] == []
    asked = f"/api/v1/audit?customer={cast.alpha.uid}&action=policy:create&since=2020-01-01T00:00:00Z"
    assert {row["action"] for row in signed_in(cast.alice).get(asked).json()["items"]} == {"policy:create"}
    assert signed_in(other).get(asked).status_code == 404
    assert signed_in(reader).get("/api/v1/audit?since=yesterday").status_code == 422
