"""Pages of companies: create with everything, edit, notes, acts on several, move, remove, requests."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, PASSWORD, Cast
from seatkeep_hub.companies.models import Company, CompanyNote
from seatkeep_hub.companies.notes import note_add
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.companies.services import company_create, company_update
from seatkeep_hub.licensing.suspension import company_suspend
from seatkeep_hub.msp.bulk import run_work
from seatkeep_hub.msp.models import CompanyRun, Request

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def page(user: Any, path: str) -> str:
    answer = client_of(user).get(path)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def url(company: Company, rest: str = "") -> str:
    return f"/companies/{company.uid}/{rest}"


def test_the_dialog_takes_everything(cast: Cast) -> None:
    form = {
        "parent": str(cast.msp_a.uid),
        "kind": "CUSTOMER",
        "name": "Cafe",
        "city": "Rome",
        "tags": "a, b",
        "email": "x@y.example",
    }
    assert client_of(cast.alice).post("/companies/new/", form).status_code == 302
    made = Company.objects.get(name="Cafe")
    assert (made.city, made.tags, made.email) == ("Rome", ["a", "b"], "x@y.example")


def test_edit_shows_saves_and_erases(cast: Cast) -> None:
    company_update(actor=ACTOR, company=cast.customer, now=NOW, city="Rome", tags=["gold"])
    assert 'value="Rome"' in page(cast.alice, url(cast.customer, "edit/"))
    form = {"name": "Bakery 2", "time_zone": "UTC", "city": "", "tags": "gold, new", "phone": "+39 06"}
    assert client_of(cast.alice).post(url(cast.customer, "edit/"), form).status_code == 302
    found = Company.objects.get(pk=cast.customer.pk)
    assert (found.name, found.city, found.tags, found.phone) == ("Bakery 2", "", ["gold", "new"], "+39 06")


def test_a_wrong_field_is_said_at_its_place_and_nothing_is_saved(cast: Cast) -> None:
    form = {"name": "Other", "time_zone": "UTC", "country": "1!", "email": "nobody"}
    answer = client_of(cast.alice).post(url(cast.customer, "edit/"), form)
    assert answer.status_code == 422
    assert b"Two letters are needed" in answer.content
    assert Company.objects.get(pk=cast.customer.pk).name == "Bakery"


def test_permissions_are_offered_to_the_parent_only(cast: Cast) -> None:
    assert "is_trial_allowed" not in page(cast.alice, url(cast.msp_a, "edit/"))
    assert "is_trial_allowed" in page(cast.diana, url(cast.msp_a, "edit/"))


def test_attack_permissions_smuggled_into_the_form(cast: Cast) -> None:
    form = {"name": "MSP A", "time_zone": "UTC", "allowed_bundles": ["endpoint-protection"], "is_trusted": "on"}
    client_of(cast.alice).post(url(cast.msp_a, "edit/"), form)
    assert Company.objects.get(pk=cast.msp_a.pk).allowed_bundles is None


def test_notes_are_written_seen_and_removed(cast: Cast) -> None:
    client = client_of(cast.alice)
    client.post(url(cast.customer, "notes/new/"), {"text": "Call <b>Ann</b> first."})
    note = CompanyNote.objects.get()
    assert "Call &lt;b&gt;Ann&lt;/b&gt; first." in page(cast.bob, url(cast.customer))
    assert f"notes/{note.uid}/" not in page(cast.bob, url(cast.customer))
    client.post(url(cast.customer, f"notes/{note.uid}/remove/"), {"confirmed": "1"})
    assert not CompanyNote.objects.exists()


def test_acts_on_several_ask_first_and_show_a_result_each(cast: Cast) -> None:
    other = company_create(actor=ACTOR, kind="CUSTOMER", name="Other", parent=cast.msp_a, now=NOW)
    client, chosen = client_of(cast.alice), {"selected": [cast.customer.pk, other.pk]}
    asked = client.post("/companies/act/SUSPEND/", chosen)
    assert b"<strong>2</strong>" in asked.content
    done = client.post("/companies/act/SUSPEND/", {**chosen, "confirmed": "1"}, follow=True)
    assert done.content.decode().count("</svg>Done<") == 2
    assert Company.objects.filter(status="SUSPENDED").count() == 2


def test_a_tag_is_asked_for_with_the_selection_carried(cast: Cast) -> None:
    client, chosen = client_of(cast.alice), {"selected": [cast.customer.pk]}
    asked = client.post("/companies/act/TAG_ADD/", chosen)
    assert f'name="selected" value="{cast.customer.pk}"' in asked.content.decode()
    client.post("/companies/act/TAG_ADD/", {**chosen, "answered": "1", "tag": "gold"})
    assert Company.objects.get(pk=cast.customer.pk).tags == ["gold"]


def test_attack_acting_on_a_siblings_company_changes_nothing(cast: Cast) -> None:
    chosen = {"selected": [cast.customer.pk], "confirmed": "1"}
    client_of(cast.charlie).post("/companies/act/SUSPEND/", chosen)
    client_of(cast.bob).post("/companies/act/SUSPEND/", chosen)
    assert Company.objects.get(pk=cast.customer.pk).status == "ACTIVE"
    assert not CompanyRun.objects.exists()


def test_a_move_shows_what_would_happen_and_is_a_job(cast: Cast) -> None:
    look = page(cast.diana, url(cast.customer, f"move/?target={cast.msp_b.uid}"))
    assert "1 company comes to stand below MSP B" in look
    answer = client_of(cast.diana).post(url(cast.customer, "move/"), {"target": str(cast.msp_b.uid)})
    run = CompanyRun.objects.get()
    assert answer["Location"] == f"/companies/acts/{run.uid}/"
    assert "You can leave this page" in page(cast.diana, answer["Location"])
    run_work(uid=run.uid, now=NOW)
    assert Company.objects.get(pk=cast.customer.pk).parent == cast.msp_b
    assert client_of(cast.alice).get(answer["Location"]).status_code == 404


def test_who_may_change_one_place_only_is_told_what_to_do(cast: Cast) -> None:
    assert "no other place" in page(cast.alice, url(cast.customer, "move/"))
    assert url(cast.customer, "move/") not in page(cast.alice, url(cast.customer))


def test_removal_asks_for_the_password_and_says_what_is_in_the_way(cast: Cast) -> None:
    cast.alice.set_password(PASSWORD)
    cast.alice.save()
    company_suspend(actor=ACTOR, company=cast.customer, now=NOW)
    client, path = client_of(cast.alice), url(cast.customer, "remove/")
    assert client.post(path, {"confirmed": "1", "password": "wrong"}).status_code == 422
    assert client.post(path, {"confirmed": "1", "password": PASSWORD}).status_code == 302
    assert Company.objects.get(pk=cast.customer.pk).status == "REMOVED"


@pytest.fixture
def managed(cast: Cast) -> Company:
    manager = company_create(actor=ACTOR, kind="MSP_MANAGER", name="Manager", parent=cast.distributor, now=NOW)
    msp = company_create(actor=ACTOR, kind="MANAGED_MSP", name="Partner", parent=manager, now=NOW, is_trusted=False)
    access_set(actor=ACTOR, user=cast.charlie, company=msp, level="WRITE", now=NOW)
    return msp


def test_a_customer_of_who_is_not_trusted_becomes_a_request(cast: Cast, managed: Company) -> None:
    form = {"parent": str(managed.uid), "kind": "CUSTOMER", "name": "Optician"}
    answer = client_of(cast.charlie).post("/companies/new/", form)
    asked = Request.objects.get()
    assert answer["Location"] == f"/requests/{asked.uid}/"
    assert not Company.objects.filter(name="Optician").exists()
    assert '<span class="side-badge">1</span>' in page(cast.diana, "/requests/")
    assert '<span class="side-badge">' not in page(cast.charlie, "/requests/")
    client_of(cast.diana).post(f"/requests/{asked.uid}/approve/", {"answer": "Welcome"})
    assert Company.objects.get(name="Optician").parent == managed
    assert "Welcome" in page(cast.charlie, f"/requests/{asked.uid}/")


def test_an_order_of_who_is_not_trusted_is_asked_for_and_taken_back(cast: Cast, managed: Company) -> None:
    form = {"about": str(managed.uid), "bundle_code": "endpoint-protection", "quantity": "5", "reason": "New branch"}
    client = client_of(cast.charlie)
    assert client.post("/requests/new/", form).status_code == 302
    asked = Request.objects.get()
    client.post(f"/requests/{asked.uid}/cancel/", {"confirmed": "1"})
    assert Request.objects.get().state == "CANCELLED"
    assert client_of(cast.diana).post(f"/requests/{asked.uid}/approve/", {"answer": ""}).status_code == 422


def test_trust_approves_what_waits(cast: Cast, managed: Company) -> None:
    form = {"parent": str(managed.uid), "kind": "CUSTOMER", "name": "Optician"}
    client_of(cast.charlie).post("/companies/new/", form)
    assert "1 request waits" in page(cast.diana, url(managed, "trust/"))
    client_of(cast.diana).post(url(managed, "trust/"), {"is_trusted": "on", "approve_waiting": "on"})
    assert Company.objects.filter(name="Optician").exists()
    assert client_of(cast.charlie).post(url(managed, "trust/"), {"is_trusted": "on"}).status_code == 403


def test_requests_are_not_shown_where_nobody_has_to_ask(cast: Cast) -> None:
    assert 'href="/requests/"' not in page(cast.diana, "/companies/")


@pytest.mark.parametrize("path", ["/imports/", "/imports/new/"])
def test_import_pages_belong_to_companies_in_the_navigation(cast: Cast, path: str) -> None:
    shown = page(cast.alice, path)
    assert 'href="/companies/" class="side-link is-current" aria-current="page"' in shown


def test_notes_beyond_the_newest_are_paged_through(cast: Cast) -> None:
    for number in range(25):
        note_add(actor=ACTOR, company=cast.customer, text=f"note <{number}>", now=NOW)
    first = page(cast.alice, url(cast.customer))
    assert ("note &lt;24&gt;" in first, "note &lt;4&gt;" in first) == (True, False)
    older = re.search(r'\?notes=[^"]+', first)
    assert older is not None
    second = page(cast.alice, url(cast.customer, older.group()))
    assert ("note &lt;4&gt;" in second, "note &lt;24&gt;" in second, "Newer notes" in second) == (True, False, True)
    assert client_of(cast.alice).get(url(cast.customer, "?notes=nonsense")).status_code == 422
