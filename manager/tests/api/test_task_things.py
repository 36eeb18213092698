"""Software, isolation, servers and daily rules by the API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from seatkeep_manager.directory.enums import DeviceKind
from seatkeep_manager.directory.models import Device, User
from seatkeep_manager.tasks.models import ClientTask
from seatkeep_webkit.clock import now
from standing_cast import Cast

pytestmark = pytest.mark.django_db
PACKAGE = {"name": "Editor", "version": "1", "format": "DEB", "url": "https://x.example/e.deb", "sha256": "ab" * 32}


def call(user: User | None, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.generic(method, f"/api/v1/{path}", json.dumps(body or {}), "application/json")


def test_software_is_listed_installed_and_taken_off(cast: Cast) -> None:
    assert call(cast.bob, "POST", "software-packages", PACKAGE).status_code == 403
    assert (
        call(cast.alice, "POST", "software-packages", {**PACKAGE, "url": "ftp://x"}).json()["code"] == "package_invalid"
    )
    uid = call(cast.alice, "POST", "software-packages", PACKAGE).json()["uid"]
    assert uid in [one["uid"] for one in call(cast.bob, "GET", "software-packages").json()["items"]]
    order = {"kind": "SOFTWARE_INSTALL", "params": {"package": uid}, "devices": [str(cast.device.uid)]}
    assert call(cast.bob, "POST", "tasks", order).status_code == 201
    assert call(cast.rita, "POST", "tasks", order).status_code in (403, 404)
    assert call(cast.alice, "DELETE", f"software-packages/{uid}").status_code == 204
    assert call(cast.bob, "POST", "tasks", order).json()["code"] == "task_params_invalid"
    assert call(None, "GET", "software-packages").status_code == 401


def test_a_server_is_isolated_only_when_that_is_confirmed(cast: Cast) -> None:
    Device.objects.filter(pk=cast.device.pk).update(kind=DeviceKind.SERVER)
    order = {"kind": "ISOLATE", "params": {"reason": "x"}, "devices": [str(cast.device.uid)]}
    refused = call(cast.bob, "POST", "tasks", order)
    assert (refused.status_code, refused.json()["code"], refused.json()["servers"]) == (409, "server_not_confirmed", 1)
    group = {**order, "group": str(cast.device.group.uid), "trigger": {"type": "ASAP"}}
    assert call(cast.bob, "POST", "group-tasks", group).json()["code"] == "server_not_confirmed"
    assert call(cast.bob, "POST", "tasks", {**order, "confirm_server": True}).status_code == 201
    assert ClientTask.objects.get(kind="ISOLATE").params["is_for_servers"] is True
    assert call(cast.bob, "GET", f"devices/{cast.device.uid}/isolation").json()["until"] is None
    assert call(cast.bob, "GET", f"devices/{cast.foreign.uid}/isolation").status_code == 404


def test_a_daily_rule_is_previewed_followed_and_removed(cast: Cast) -> None:
    Device.objects.filter(pk=cast.device.pk).update(last_seen_at=now() - timedelta(days=100))
    body = {"kind": "RETIRE_SILENT", "params": {"days": 90}, "group": str(cast.device.group.uid)}
    assert call(cast.bob, "POST", "server-tasks", {**body, "params": {"days": 1}}).status_code == 422
    assert call(cast.bob, "POST", "server-tasks", {**body, "group": str(cast.foreign.group.uid)}).status_code == 404
    uid = call(cast.bob, "POST", "server-tasks", body).json()["uid"]
    for path in ("", "/preview"):
        assert call(cast.charlie, "GET", f"server-tasks/{uid}{path}").status_code == 404
    told = call(cast.bob, "GET", f"server-tasks/{uid}/preview").json()
    assert told == {"count": 1, "examples": [[cast.device.name, ""]]}
    assert call(cast.rita, "POST", f"server-tasks/{uid}/run").status_code == 404
    assert call(cast.bob, "POST", f"server-tasks/{uid}/run").json()["changed"] == 1
    assert call(cast.bob, "DELETE", f"server-tasks/{uid}").status_code == 204
    assert call(cast.bob, "GET", f"server-tasks/{uid}").status_code == 404


@pytest.mark.parametrize("path", ["files", "server-tasks"])
def test_nobody_sees_what_is_not_theirs(cast: Cast, path: str) -> None:
    assert call(cast.charlie, "GET", path).json()["items"] == []
    assert call(None, "GET", path).status_code == 401
