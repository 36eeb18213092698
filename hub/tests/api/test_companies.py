"""Companies by API: all fields, what is left out and what is empty, search, notes, trust, removal, hostile input."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, PASSWORD, Cast
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.companies.services import company_create, company_update
from seatkeep_hub.licensing.suspension import company_suspend
from seatkeep_hub.msp.models import Request

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
DETAILS = {
    "street": "1 High Street",
    "postal_code": "N1 9GU",
    "city": "London",
    "region": "Greater London",
    "country": "GB",
    "vat_id": "GB123456789",
    "contact_name": "Ann Baker",
    "phone": "+44 20 7946 0000",
    "email": "office@bakery.example",
    "custom_identifier": "K-1001",
    "tags": ["gold", "retail"],
    "description": "Two shops.\nClosed on Mondays.",
}


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def send(user: Any, method: str, path: str, body: Any = None) -> Any:
    return client_of(user).generic(method, f"/api/v1{path}", _json(body), content_type="application/json")


def _json(body: Any) -> str:
    import json

    return "" if body is None else json.dumps(body)


def test_everything_is_kept_and_answered(cast: Cast) -> None:
    body = {"parent_id": str(cast.msp_a.uid), "kind": "CUSTOMER", "name": "Full", **DETAILS}
    made = send(cast.alice, "POST", "/companies", body)
    assert made.status_code == 201
    shown = send(cast.alice, "GET", f"/companies/{made.json()['id']}").json()
    assert {name: shown[name] for name in DETAILS} == DETAILS
    assert (shown["allowed_bundles"], shown["is_trial_allowed"], shown["time_zone"]) == (None, True, "UTC")


def test_what_is_left_out_stays_and_what_is_empty_goes(cast: Cast) -> None:
    company_update(actor=ACTOR, company=cast.customer, now=NOW, **DETAILS)
    path = f"/companies/{cast.customer.uid}"
    shown = send(
        cast.alice, "PATCH", path, {"street": "", "vat_id": None, "tags_add": ["new"], "tags_remove": ["gold"]}
    )
    found = shown.json()
    assert (found["street"], found["vat_id"], found["tags"]) == ("", "", ["retail", "new"])
    assert (found["city"], found["name"]) == ("London", "Bakery")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"country": "Germany"}, None),
        ({"country": "1!"}, "country"),
        ({"email": "not an address"}, "email"),
        ({"tags": ["x" * 61]}, None),
        ({"tags": ["a"], "tags_add": ["b"]}, "tags"),
        ({"city": "a\u0000b"}, "city"),
        ({"phone": "\u202e+49"}, "phone"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"allowed_bundles": ["nothing"]}, "allowed_bundles"),
        ({"name": None}, None),
        ({"name": "x" * 1_000_000}, None),
        ({"path": [1]}, None),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(cast: Cast, body: dict[str, Any], field: str | None) -> None:
    before = Company.objects.values().get(pk=cast.customer.pk)
    answer = send(cast.diana, "PATCH", f"/companies/{cast.customer.uid}", body)
    is_ignored = answer.status_code == 200 and set(body) == {"path"}
    assert is_ignored or answer.status_code == 422
    assert field is None or field in answer.json()["errors"]
    assert Company.objects.values().get(pk=cast.customer.pk) == before


@pytest.mark.parametrize(
    "name", ["Bäckerei Müller", "日本語", "مخبز", "A'; DROP TABLE companies--", "<script>x</script>"]
)
def test_names_of_the_world_are_kept_as_they_are(cast: Cast, name: str) -> None:
    answer = send(cast.alice, "PATCH", f"/companies/{cast.customer.uid}", {"name": name})
    assert answer.json()["name"] == name


@pytest.mark.parametrize(
    "words", ["bakery", "k-1001", "gb1234 london", "office@bak", "retail baker", "ann", "BÄKERY gold"]
)
def test_every_word_is_searched_in_names_numbers_and_tags(cast: Cast, words: str) -> None:
    company_update(actor=ACTOR, company=cast.customer, now=NOW, **DETAILS)
    found = client_of(cast.alice).get("/api/v1/companies", {"q": words}).json()["items"]
    assert [one["name"] for one in found] == ["Bakery"]


def test_a_word_that_is_nowhere_finds_nothing_and_a_sibling_nothing_of_a(cast: Cast) -> None:
    company_update(actor=ACTOR, company=cast.customer, now=NOW, **DETAILS)
    assert client_of(cast.alice).get("/api/v1/companies", {"q": "bakery paris"}).json()["items"] == []
    assert client_of(cast.charlie).get("/api/v1/companies", {"q": "bakery"}).json()["items"] == []


def test_filters_of_kind_status_and_tag(cast: Cast) -> None:
    company_update(actor=ACTOR, company=cast.customer, now=NOW, tags=["gold"])
    for query in ({"tag": "gold"}, {"kind": "CUSTOMER"}):
        found = client_of(cast.alice).get("/api/v1/companies", query).json()["items"]
        assert [one["name"] for one in found] == ["Bakery"]
    assert client_of(cast.alice).get("/api/v1/companies", {"status": "REMOVED"}).json()["items"] == []


def test_two_msps_do_not_share_an_email(cast: Cast) -> None:
    assert send(cast.alice, "PATCH", f"/companies/{cast.msp_a.uid}", {"email": "x@a.example"}).status_code == 200
    answer = send(cast.charlie, "PATCH", f"/companies/{cast.msp_b.uid}", {"email": "X@A.example"})
    assert (answer.status_code, answer.json()["code"]) == (409, "company_email_taken")
    assert send(cast.alice, "PATCH", f"/companies/{cast.customer.uid}", {"email": "x@a.example"}).status_code == 200


@pytest.mark.parametrize(
    "body", [{"is_trusted": False}, {"is_trial_allowed": False}, {"allowed_bundles": ["endpoint-protection"]}]
)
def test_attack_nobody_decides_his_own_permissions(cast: Cast, body: dict[str, Any]) -> None:
    path = f"/companies/{cast.msp_a.uid}"
    own = send(cast.alice, "PATCH", path, body)
    assert (own.status_code, own.json()["code"]) == (403, "set_by_parent")
    assert send(cast.diana, "PATCH", path, body).status_code == 200


def test_attack_a_parent_of_another_tenant(cast: Cast) -> None:
    body = {"parent_id": str(cast.msp_b.uid), "kind": "CUSTOMER", "name": "Mine"}
    assert send(cast.alice, "POST", "/companies", body).status_code == 404


def test_a_contact_person_is_invited_and_the_msp_waits(cast: Cast) -> None:
    body = {
        "parent_id": str(cast.distributor.uid),
        "kind": "MSP",
        "name": "New MSP",
        "contact_email": "owner@new.example",
    }
    made = send(cast.diana, "POST", "/companies", body).json()
    assert made["status"] == "WAITING"
    assert "/invite/person/" in made["invitation_link"]


def test_notes_have_an_author_who_alone_edits_them(cast: Cast) -> None:
    path = f"/companies/{cast.customer.uid}/notes"
    note = send(cast.alice, "POST", path, {"text": " Call first. "}).json()
    assert (note["text"], note["author"], note["edited_at"]) == ("Call first.", "alice@example.com", None)
    other = send(cast.diana, "PATCH", f"{path}/{note['id']}", {"text": "No"})
    assert (other.status_code, other.json()["code"]) == (403, "note_author")
    assert send(cast.alice, "PATCH", f"{path}/{note['id']}", {"text": "Mail first."}).json()["edited_at"]
    assert send(cast.bob, "GET", path).json()["items"][0]["text"] == "Mail first."
    assert send(cast.diana, "DELETE", f"{path}/{note['id']}").status_code == 204


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001, "a\u0000b"])
def test_a_note_must_be_a_text(cast: Cast, text: str) -> None:
    assert send(cast.alice, "POST", f"/companies/{cast.customer.uid}/notes", {"text": text}).status_code == 422


def test_attack_a_note_of_another_company(cast: Cast) -> None:
    note = send(cast.alice, "POST", f"/companies/{cast.customer.uid}/notes", {"text": "x"}).json()
    path = f"/companies/{cast.msp_a.uid}/notes/{note['id']}"
    assert send(cast.alice, "DELETE", path).status_code == 404


def test_a_person_removes_only_shortly_after_the_password(cast: Cast) -> None:
    company_suspend(actor=ACTOR, company=cast.customer, now=NOW)
    cast.alice.set_password(PASSWORD)
    cast.alice.save()
    answer = send(cast.alice, "POST", f"/companies/{cast.customer.uid}/remove")
    assert (answer.status_code, answer.json()["code"]) == (403, "reauthentication_needed")


def test_several_get_a_result_each(cast: Cast) -> None:
    other = company_create(actor=ACTOR, kind="CUSTOMER", name="Other", parent=cast.msp_a, now=NOW)
    ids = [str(cast.customer.uid), str(other.uid), "018f0000-0000-7000-8000-000000000009"]
    answer = send(cast.alice, "POST", "/company-acts", {"act": "SUSPEND", "companies": ids})
    assert (answer.status_code, answer.json()["state"]) == (200, "FINISHED")
    assert [one["code"] for one in answer.json()["results"]] == ["done", "done", "company_unknown"]


def test_a_move_is_a_job_with_a_preview_before(cast: Cast) -> None:
    path = f"/companies/{cast.customer.uid}/move"
    look = client_of(cast.diana).get(f"/api/v1{path}", {"target_id": str(cast.msp_b.uid)}).json()
    assert (look["refusal"], look["companies"]) == ("", 1)
    begun = send(cast.diana, "POST", path, {"target_id": str(cast.msp_b.uid)})
    assert (begun.status_code, begun.json()["state"]) == (202, "RUNNING")
    assert send(cast.alice, "POST", path, {"target_id": str(cast.msp_b.uid)}).status_code == 404


@pytest.fixture
def managed(cast: Cast) -> Company:
    manager = company_create(actor=ACTOR, kind="MSP_MANAGER", name="Manager", parent=cast.distributor, now=NOW)
    msp = company_create(actor=ACTOR, kind="MANAGED_MSP", name="Partner", parent=manager, now=NOW, is_trusted=False)
    access_set(actor=ACTOR, user=cast.charlie, company=msp, level="WRITE", now=NOW)
    return msp


def test_who_is_not_trusted_asks_and_the_manager_approves(cast: Cast, managed: Company) -> None:
    order = {"owner_id": str(managed.uid), "bundle_code": "endpoint-protection", "quantity": 5}
    direct = send(cast.charlie, "POST", "/licenses", order)
    assert (direct.status_code, direct.json()["code"]) == (403, "approval_needed")
    wish = {"kind": "ORDER", "about_id": str(managed.uid), "order": {"lines": [order | {"owner_id": None}]}}
    asked = send(cast.charlie, "POST", "/requests", wish)
    assert asked.status_code == 201
    path = f"/requests/{asked.json()['id']}"
    assert send(cast.charlie, "POST", f"{path}/approve", {}).status_code == 404
    assert send(cast.diana, "GET", "/requests?for_me=true").json()["items"][0]["words"] == "5 × Endpoint protection"
    done = send(cast.diana, "POST", f"{path}/approve", {"answer": "ok"}).json()
    assert (done["state"], done["answer"]) == ("APPROVED", "ok")
    assert send(cast.charlie, "GET", f"/licenses/{done['outcome_id']}").json()["quantity"] == 5


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/companies", {"parent_id": "MSP", "kind": "CUSTOMER", "name": "X"}),
        ("/companies/MSP/imports", {"rows": []}),
        ("/orders", {"owner_id": "MSP", "lines": [{"bundle_code": "endpoint-protection", "quantity": 1}]}),
    ],
)
def test_attack_no_way_around_asking(cast: Cast, managed: Company, path: str, body: dict[str, Any]) -> None:
    own = {name: str(managed.uid) if value == "MSP" else value for name, value in body.items()}
    answer = send(cast.charlie, "POST", path.replace("MSP", str(managed.uid)), own)
    assert (answer.status_code, answer.json()["code"]) == (403, "approval_needed")


def test_attack_who_is_not_trusted_cannot_trust_himself(cast: Cast, managed: Company) -> None:
    answer = send(cast.charlie, "PUT", f"/companies/{managed.uid}/trust", {"is_trusted": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "set_by_parent")
    assert send(cast.diana, "PUT", f"/companies/{managed.uid}/trust", {"is_trusted": True}).status_code == 200
    assert not Request.objects.exists()
