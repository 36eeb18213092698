"""Tasks on groups by the API: made, refused, ended, tried again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from seatkeep_manager.directory.models import User
from seatkeep_manager.tasks.models import ClientTask
from standing_cast import Cast

DAILY = {"type": "DAILY", "at": "03:00"}


def post(user: User, path: str, body: dict[str, Any] | None = None) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(f"/api/v1/{path}", body or {}, content_type="application/json")


@pytest.mark.django_db
def test_a_group_task_is_made_and_ended(cast: Cast) -> None:
    made = post(
        cast.bob, "group-tasks", {"kind": "SCAN", "dynamic_group": str(cast.dynamic_group.uid), "trigger": DAILY}
    )
    assert made.status_code == 201
    told = made.json()
    assert (told["dynamic_group"], told["trigger"]["at"], told["expires_at"]) == (
        str(cast.dynamic_group.uid),
        "03:00",
        None,
    )

    ended = [post(cast.bob, f"tasks/{told['uid']}/cancel").json()["ended_at"] for _ in range(2)]
    assert ended[0]
    assert ended[0] == ended[1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "ACTIVATE"}, "task_params_invalid"),
        ({"params": {"targets": "x"}}, "task_params_invalid"),
        ({"trigger": {"type": "DAILY", "at": "25:00"}}, "task_trigger_invalid"),
        ({"trigger": {"type": "JOINED"}}, "task_trigger_invalid"),
        ({"group": None}, "task_trigger_invalid"),
        ({"dynamic_group": str(uuid4())}, "task_trigger_invalid"),
        ({"group": str(uuid4())}, "group_not_found"),
    ],
)
def test_a_wrong_order_says_what_is_wrong(cast: Cast, changes: dict[str, Any], code: str) -> None:
    body = {"kind": "SCAN", "group": str(cast.group.uid), "trigger": DAILY, **changes}
    assert post(cast.alice, "group-tasks", body).json()["code"] == code
    assert not ClientTask.objects.filter(group__isnull=False).exists()


@pytest.mark.django_db
def test_attack_a_task_is_put_on_a_group_of_another_customer(cast: Cast) -> None:
    body = {"kind": "SCAN", "group": str(cast.foreign.group.uid), "trigger": DAILY}
    assert post(cast.bob, "group-tasks", body).status_code == 404


@pytest.mark.django_db
def test_what_did_not_fail_is_not_tried_again(cast: Cast) -> None:
    assert post(cast.bob, f"tasks/{cast.task.uid}/rerun").json()["code"] == "task_nothing_failed"
    cast.task.runs.update(state="FAILED")
    assert post(cast.bob, f"tasks/{cast.task.uid}/rerun").status_code == 201
