"""Imports by API: upload, check, rows, apply, undo, export; twice with one key, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.companies.models import Company
from seatkeep_hub.imports.applying import import_apply_run
from seatkeep_hub.imports.models import ImportRun
from seatkeep_hub.imports.services import import_check
from seatkeep_hub.imports.undoing import import_undo_run
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.tokens import token_create

LIST = "custom_identifier,name,product,seats\nK-1,Florist,endpoint-workstation,3\n"


@pytest.fixture
def call(cast: Cast) -> Any:
    """Call as MSP A's token."""
    secret = token_create(company=cast.msp_a, name="PSA", level=TokenLevel.WRITE, actor=ACTOR, now=NOW).secret

    def send(method: str, path: str, body: str = "", kind: str = "application/json", **headers: str) -> Any:
        extra = {"Authorization": f"Bearer {secret}", **headers}
        return Client().generic(method, f"/api/v1{path}", body, content_type=kind, headers=extra)

    return send


@pytest.fixture
def upload(call: Any, cast: Cast) -> Any:
    def send(body: str = LIST, kind: str = "text/csv", **headers: str) -> Any:
        return call("POST", f"/companies/{cast.msp_a.uid}/imports?file_name=list.csv", body, kind, **headers)

    return send


def test_the_whole_way(cast: Cast, call: Any, upload: Any) -> None:
    made = upload().json()
    import_check(uid=made["id"])
    checked = call("GET", f"/imports/{made['id']}").json()
    assert (checked["state"], checked["counts"]["CREATE"]) == ("PLANNED", 1)
    rows = call("GET", f"/imports/{made['id']}/rows?result=CREATE").json()["items"]
    assert [(row["number"], row["name"]) for row in rows] == [(2, "Florist")]
    assert call("POST", f"/imports/{made['id']}/apply").status_code == 202
    import_apply_run(uid=made["id"], now=NOW)
    assert Company.objects.filter(parent=cast.msp_a, name="Florist", status="ACTIVE").exists()
    assert b"K-1" in call("GET", f"/companies/{cast.msp_a.uid}/export").content
    assert call("POST", f"/imports/{made['id']}/undo").status_code == 202
    import_undo_run(uid=made["id"], now=NOW)
    assert call("GET", f"/imports/{made['id']}").json()["state"] == "UNDONE"


def test_rows_as_json(upload: Any) -> None:
    made = upload(json.dumps({"rows": [{"custom_identifier": "K-1", "name": "Florist"}]}), "application/json").json()
    import_check(uid=made["id"])
    assert ImportRun.objects.get(uid=made["id"]).counts["CREATE"] == 1


def test_the_same_key_twice_uploads_once(upload: Any) -> None:
    first, second = upload(**{"Idempotency-Key": "k-1"}), upload(**{"Idempotency-Key": "k-1"})
    assert (first.json()["id"], ImportRun.objects.count()) == (second.json()["id"], 1)
    assert upload(LIST + "K-2,B,,\n", **{"Idempotency-Key": "k-1"}).status_code == 409


def test_a_row_with_an_error_names_the_column_and_nothing_is_applied(call: Any, upload: Any) -> None:
    made = upload("custom_identifier,name,email\nK-1,Florist,nobody\n").json()
    import_check(uid=made["id"])
    (row,) = call("GET", f"/imports/{made['id']}/rows?result=ERROR").json()["items"]
    assert [(fault["field"], fault["message"]) for fault in row["faults"]] == [("email", "This is no e-mail address.")]
    refused = call("POST", f"/imports/{made['id']}/apply")
    assert (refused.status_code, refused.json()["code"]) == (409, "import_has_errors")


@pytest.mark.parametrize(
    ("body", "code"),
    [("", "import_no_heading"), ("id\n", "import_empty"), ("PK\x03\x04", "import_broken"), ('a\n"', "import_broken")],
)
def test_attack_files_that_cannot_be_read(upload: Any, body: str, code: str) -> None:
    refused = upload(body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_columns_that_are_not_known_wait_to_be_named(call: Any, upload: Any) -> None:
    made = upload("Nr,Firma\nK-1,Florist\n").json()
    assert (made["state"], made["mapping"]) == ("READ", {})
    assert call("POST", f"/imports/{made['id']}/apply").json()["code"] == "import_state"
    refused = call("PUT", f"/imports/{made['id']}/mapping", json.dumps({"mapping": {"name": 7}}))
    assert set(refused.json()["errors"]) == {"name", "custom_identifier"}
    named = call("PUT", f"/imports/{made['id']}/mapping", json.dumps({"mapping": {"custom_identifier": 0, "name": 1}}))
    assert named.json()["state"] == "PLANNING"


def test_the_template_can_be_uploaded(call: Any, upload: Any) -> None:
    made = upload(call("GET", "/imports/template").content.decode()).json()
    import_check(uid=made["id"])
    assert ImportRun.objects.get(uid=made["id"]).counts == {"CREATE": 1, "CHANGE": 0, "SAME": 0, "ERROR": 0}


def test_attack_an_import_of_another_tenant(cast: Cast, upload: Any) -> None:
    made = upload().json()
    client = Client()
    client.force_login(cast.charlie, backend="allauth.account.auth_backends.AuthenticationBackend")
    for method, path in (("GET", ""), ("GET", "/rows"), ("POST", "/apply"), ("POST", "/undo")):
        assert client.generic(method, f"/api/v1/imports/{made['id']}{path}").status_code == 404
