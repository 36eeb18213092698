"""Set-ups by API: many at once, marks, tags, templates, and keys only for who just signed in or is a program."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from seatkeep_manager.customers.models import CustomerTemplate
from seatkeep_manager.customers.set_up_jobs import setup_work
from seatkeep_manager.directory.enums import GroupKind
from seatkeep_manager.directory.selectors import group_system
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.hublink.enums import CustomerState
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.rights.api_clients import token_create
from seatkeep_webkit.actors import Actor
from standing_cast import NOW, Cast

pytestmark = pytest.mark.django_db


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(f"/api/v1{path}", body, content_type="application/json", headers=headers)


@pytest.fixture
def program(cast: Cast) -> dict[str, str]:
    """Headers of a program that may do everything."""
    root = group_system(GroupKind.ROOT)
    _token, secret = token_create(actor=Actor.system("test"), name="RMM", group=root, role="ADMINISTRATOR", now=NOW)
    return {"Authorization": f"Bearer {secret}"}


def test_many_customers_are_set_up_and_told_one_by_one(cast: Cast) -> None:
    client = client_of(cast.alice)
    body = {"template": str(cast.template.uid), "customers": [str(cast.alpha.uid), str(cast.beta.uid)]}
    ordered = post(client, "/set-ups", body, **{"Idempotency-Key": "one"})
    again = post(client, "/set-ups", body, **{"Idempotency-Key": "one"})
    assert (ordered.status_code, ordered.json()["uid"]) == (202, again.json()["uid"])
    setup_work(job_id=cast.setup.pk + 1, clock=lambda: NOW)

    job = client.get(f"/api/v1/set-ups/{ordered.json()['uid']}").json()
    items = client.get(f"/api/v1/set-ups/{job['uid']}/customers").json()["items"]

    assert job["counts"] == {"WAITING": 0, "CHANGED": 2, "SAME": 0, "ERROR": 0}
    assert items[0]["made"] == {"group": 1, "key": 1, "ready": 1, "tag": 1}


@pytest.mark.parametrize("customers", [[], ["x"], ["00000000-0000-0000-0000-000000000000"]])
def test_an_order_for_nobody_is_refused(cast: Cast, customers: list[str]) -> None:
    answer = post(client_of(cast.alice), "/set-ups", {"customers": customers})

    assert answer.status_code == (404 if customers and customers != ["x"] else 422)


def test_all_new_customers_are_marked_and_only_mine(cast: Cast) -> None:
    assert post(client_of(cast.bob), "/customers/ready", {"all_new": True}).json() == {"count": 1}

    assert MirroredCompany.objects.get(pk=cast.beta.pk).state == CustomerState.NOT_SET_UP


def test_a_program_takes_keys_and_a_stale_session_does_not(cast: Cast, program: dict[str, str]) -> None:
    post(client_of(cast.alice), f"/customers/{cast.alpha.uid}/setup", {"template": str(cast.template.uid)})
    path = f"/set-ups/{cast.setup.uid}/rmm-export"

    stale = post(client_of(cast.alice), path, {})
    given = post(Client(), path, {}, **program)

    assert (stale.status_code, stale.json()["code"]) == (403, "reauthentication_needed")
    secret = EnrollmentToken.objects.get(kind="DEPLOYMENT_KEY").secret
    assert [(line["group"], line["key"]) for line in given.json()] == [("", secret), ("Reception", secret)]


def test_a_template_that_is_changed_says_so(cast: Cast) -> None:
    client = client_of(cast.alice)
    body = {"name": "Practices", "groups": ["Lab"], "makes_key": False, "daily_cap": 3, "tags": ["x"]}

    answer = client.put(f"/api/v1/templates/{cast.template.uid}", body, content_type="application/json")

    assert (answer.status_code, answer.json()["groups"]) == (200, ["Lab"])
    assert CustomerTemplate.objects.get(pk=cast.template.pk).makes_key is False
