"""Every page of the console, for everybody."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from seatkeep_manager.hublink.models import MirroredNode
from seatkeep_manager.tasks.enums import RunState
from seatkeep_manager.tasks.models import TaskRun
from seatkeep_webkit.clock import now
from standing_cast import Cast

READ_PAGES = [
    "problems-list",
    "problems", "dashboard", "computers", "customers", "approvals", "detections", "quarantine", "tasks", "policies",
    "policy-new", "policies-bin", "policies-import", "installers", "licenses", "link", "link-live", "audit", "settings",
    "software", "rules", "rule-new",
    "search", "dashboard-link", "group-templates", "task-order", "setups", "templates", "link-troubles",
]  # fmt: skip
ADMIN_PAGES = {
    "link", "link-live", "settings", "link-connect", "link-sync", "link-preview", "template-new", "templates",
    "link-troubles", "link-troubles-retry",
}  # fmt: skip
OBJECT_PAGES = {
    "device-task": "device", "device-release": "device", "run": "run", "rule-run": "rule", "rule-remove": "rule",
    "problem": "problem", "device": "device", "device-presence": "device", "device-scan": "device", "customer": "alpha",
    "detection": "detection", "quarantine-item": "item", "task": "task", "task-live": "task", "policy": "policy",
    "installer": "token", "installer-live": "token", "license": "license", "customer-setup": "alpha",
    "customer-ready": "alpha", "customer-offboard": "alpha", "customer-offboard-cancel": "alpha",
    "customer-return": "alpha", "customer-tags": "alpha", "customer-offboard-retry": "alpha",
    "setup": "setup", "setup-live": "setup", "setup-again": "setup", "setup-cancel": "setup",
    "policy-edit": "policy", "policy-assign": "policy", "policy-delete": "policy",
    "policy-unassign": "assignment", "policy-duplicate": "policy", "policy-preview": "policy",
    "rollout-live": "policy", "group-policies": "group", "group-policy-add": "group",
    "installer-revoke": "token", "installer-rotate": "token", "task-cancel": "task", "task-again": "task",
    "problem-fix": "problem", "group-thresholds": "group", "device-license": "device",
    "device-license-take": "device", "group-new": "group", "group-rename": "group", "group-move": "group",
    "user": "bob", "user-why": "bob", "user-sessions": "bob", "user-leave": "bob", "permission-set": "permission_set",
    "group-delete": "group", "dynamic-new": "group", "dynamic-edit": "dynamic_group",
    "dynamic-delete": "dynamic_group", "dynamic-policy": "dynamic_group", "group-template": "group_template",
    "group-template-delete": "group_template", "device-policy": "device", "device-stop": "device",
    "device-move": "device", "device-rename": "device", "device-mute": "device",
}  # fmt: skip
DEVICE_TABS = ["overview", "detections", "tasks", "policies", "inventory", "license", "logs"]


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]  # the project's user
    return client


def object_url(cast: Cast, name: str) -> str:
    return reverse(f"console:{name}", args=[getattr(cast, OBJECT_PAGES[name]).uid])


@pytest.mark.parametrize("name", READ_PAGES)
def test_the_owner_sees_every_page(cast: Cast, name: str) -> None:
    assert signed_in(cast.alice).get(reverse(f"console:{name}")).status_code == 200


@pytest.mark.parametrize("name", sorted(OBJECT_PAGES))
def test_the_owner_sees_every_object(cast: Cast, name: str) -> None:
    assert signed_in(cast.alice).get(object_url(cast, name)).status_code == 200


@pytest.mark.parametrize("tab", DEVICE_TABS)
def test_every_tab_of_a_computer(cast: Cast, tab: str) -> None:
    assert signed_in(cast.alice).get(object_url(cast, "device") + f"?tab={tab}").status_code == 200


@pytest.mark.parametrize("name", sorted(set(READ_PAGES) - ADMIN_PAGES))
def test_a_stranger_sees_empty_pages(cast: Cast, name: str) -> None:
    body = signed_in(cast.charlie).get(reverse(f"console:{name}")).content.decode()

    for secret in ("Alpha Dental", "reception-01", "EICAR", "Beta Bakery", "kiosk-7", "3AB-7QX-PM2", "Nightly scan"):
        assert secret not in body


POSTS = {"link-connect", "link-sync", "link-preview", "link-troubles-retry"}


@pytest.mark.parametrize("name", sorted(ADMIN_PAGES - POSTS))
def test_system_pages_are_for_administrators(cast: Cast, name: str) -> None:
    assert signed_in(cast.bob).get(reverse(f"console:{name}")).status_code == 403


@pytest.mark.parametrize("name", sorted(OBJECT_PAGES))
def test_a_stranger_gets_404_for_every_object(cast: Cast, name: str) -> None:
    assert signed_in(cast.charlie).get(object_url(cast, name)).status_code == 404


@pytest.mark.parametrize("name", [*READ_PAGES, *sorted(OBJECT_PAGES)])
def test_nobody_gets_in_without_signing_in(cast: Cast, name: str) -> None:
    url = object_url(cast, name) if name in OBJECT_PAGES else reverse(f"console:{name}")

    answer = Client().get(url)

    assert answer.status_code in (302, 401)
    assert answer.status_code == 401 or "/accounts/login" in answer["Location"]


def test_a_technician_sees_the_own_customer_and_not_the_neighbor(cast: Cast) -> None:
    body = signed_in(cast.bob).get(reverse("console:customers")).content.decode()

    assert "Alpha Dental" in body
    assert "Beta Bakery" not in body


def test_a_reader_cannot_set_up(cast: Cast) -> None:
    assert signed_in(cast.rita).post(object_url(cast, "customer-setup"), {}).status_code in (403, 404)


def test_a_reader_sees_no_key(cast: Cast) -> None:
    body = signed_in(cast.rita).get(reverse("console:installers")).content.decode()

    assert cast.token.secret not in body
    assert signed_in(cast.rita).get(object_url(cast, "installer")).status_code == 404


def test_an_unknown_object_is_404(cast: Cast) -> None:
    assert signed_in(cast.alice).get(reverse("console:device", args=[uuid4()])).status_code == 404


def test_this_list_knows_every_page() -> None:
    known = {*READ_PAGES, *OBJECT_PAGES, *ADMIN_PAGES}
    known |= {"devices-move", "devices-rename", "devices-mute", "devices-restore", "devices-undo"}
    known |= {"devices-retire", "task-new", "detections-resolve", "quarantine-restore", "quarantine-delete"}
    known |= {"link-changes", "link-removals", "customers-setup", "rmm", "rmm-file", "customer-hand-over"}
    known |= {"template", "template-delete"}
    known |= {"tasks-chosen", "run-file", "software-new", "software-remove"}
    known |= {"customers-ready", "offboard-live", "approvals-approve", "approvals-reject", "installer-new"}
    known |= {"policies-export", "policy-restore", "policy-move", "group-policies-order", "policy-version-back"}
    known |= {"group-template-new", "group-template-row", "group-template-try", "dynamic-order"}
    known |= {"rollout-act", "connect", "connect-live", "connect-start", "installer-file"}
    known |= {"problems-act", "problem-act", "problems-fold", "problems-visit", "problems-known", "problems-fix"}
    known |= {"problem-undo"}
    known |= {"users", "user", "user-invite", "user-give", "user-take", "user-home", "user-why", "user-sessions"}
    known |= {"user-session-end", "user-leave", "sign-in-rules", "invitation-withdraw", "invite", "join"}
    known |= {"permission-sets", "permission-set-new", "permission-set", "permission-set-delete"}
    known |= {"api-clients", "api-client-new", "api-client-rotate", "api-client-revoke"}
    console = next(found for found in get_resolver().url_patterns if getattr(found, "app_name", "") == "console")

    assert {pattern.name for pattern in console.url_patterns} <= known


def test_the_poll_of_a_task_is_silent_until_something_happens_and_then_moves_the_table(cast: Cast) -> None:
    client, address = signed_in(cast.alice), object_url(cast, "task-live")
    page = client.get(object_url(cast, "task")).content.decode()
    version = re.search(r'"X-Version": "([^"]+)"', page)
    assert version is not None
    assert 'hx-trigger="runs-changed from:body"' in page

    assert client.get(address, headers={"X-Version": version[1]}).status_code == 204
    TaskRun.objects.filter(task=cast.task).update(state=RunState.FINISHED, finished_at=now())
    answer = client.get(address, headers={"X-Version": version[1]})

    assert answer.headers["HX-Trigger"] == "runs-changed"
    assert "hx-trigger" not in answer.content.decode()
    assert "Cancel task" not in answer.content.decode()


def test_a_license_shows_the_shares_in_use_and_counts_the_others(cast: Cast) -> None:
    MirroredNode.objects.filter(license_hub_id=cast.license.hub_id).update(used=0, agreed=0)
    body = signed_in(cast.alice).get(object_url(cast, "license")).content.decode()
    assert "No seat is in use." in body
    assert "use no seat." in body or "uses no seat." in body
