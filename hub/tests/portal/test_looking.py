"""What pages say where there is much, or nothing, to see."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.services import agreements_begin
from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, Role
from seatkeep_hub.companies.models import Access
from seatkeep_hub.companies.people import access_clear, access_set, user_create
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.licensing.security_admins import security_admin_accept, security_admin_invite
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.models import FirstRun

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def _set_up(cast: Cast) -> None:
    FirstRun.objects.create(
        mode=UseMode.DISTRIBUTOR,
        owner=cast.diana,
        company=cast.distributor,
        public_address="http://licensing.localhost:8080",
        completed_at=NOW,
    )


def seen(person: object, path: str) -> str:
    client = Client()
    client.force_login(person, backend=BACKEND)  # type: ignore[arg-type]  # the project's user
    return client.get(path).content.decode()


def test_who_has_no_access_is_told_whom_to_ask_and_offered_nothing_else(cast: Cast) -> None:
    access_clear(actor=ACTOR, user=cast.bob, company=cast.msp_a, now=NOW)
    home, companies = seen(cast.bob, "/"), seen(cast.bob, "/companies/")
    assert "Nothing here for you yet." in home
    assert "Add the first customer" not in home
    assert "Nothing here for you yet." in companies
    assert "Add a customer" not in companies


def test_who_manages_licenses_only_is_shown_the_way_to_the_console(cast: Cast) -> None:
    access_clear(actor=ACTOR, user=cast.bob, company=cast.msp_a, now=NOW)
    token = security_admin_invite(actor=ACTOR, company=cast.msp_a, email=cast.bob.email, now=NOW).token
    security_admin_accept(actor=ACTOR, token=token, user=cast.bob, now=NOW)
    home = seen(cast.bob, "/")
    assert "You manage licenses for" in home
    assert 'href="/link/"' in home


def test_a_person_page_lists_what_is_set_and_not_every_company(cast: Cast) -> None:
    access_set(
        actor=ACTOR, user=cast.bob, company=cast.customer, level=AccessLevel.WRITE, role=Role.TECHNICIAN, now=NOW
    )
    body = seen(cast.diana, f"/users/{cast.bob.uid}/")
    set_for = Access.objects.filter(user=cast.bob).count()
    assert body.count("Change…") == set_for
    assert str(cast.customer) in body


def test_access_is_set_for_a_company_chosen_in_the_dialog(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice, backend=BACKEND)
    form = {"selected": str(cast.customer.pk), "level": "NONE", "role": "TECHNICIAN"}
    assert client.post(f"/users/{cast.bob.uid}/access/set/", form).status_code == 302
    assert Access.objects.get(user=cast.bob, company=cast.customer).level == AccessLevel.NONE


def test_attack_access_is_set_for_a_company_of_somebody_else(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice, backend=BACKEND)
    form = {"selected": str(cast.msp_b.pk), "level": "WRITE", "role": "OWNER"}
    assert client.post(f"/users/{cast.bob.uid}/access/set/", form).status_code == 404
    assert client.post(f"/users/{cast.bob.uid}/access/set/?company={cast.msp_b.uid}", form).status_code == 404
    assert client.post(f"/users/{cast.alice.uid}/access/set/", form).status_code == 403
    assert not Access.objects.filter(company=cast.msp_b, user=cast.bob).exists()


def test_what_only_changes_is_not_offered_to_who_only_views(cast: Cast) -> None:
    offers = {"/users/": "Invite a person", "/settings/": "New API client", "/security-admins/": "/invite/"}
    for path, words in offers.items():
        assert words in seen(cast.alice, path)
        assert words not in seen(cast.bob, path), path


@pytest.mark.parametrize("path", ["/", "/companies/", "/licenses/", "/seats/", "/usage/", "/users/", "/audit/"])
def test_more_rows_cost_no_more_queries(cast: Cast, path: str) -> None:
    few = queries_of(cast, path)
    for number in range(12):
        company = company_create(
            actor=ACTOR, kind=CompanyKind.CUSTOMER, name=f"Shop {number}", parent=cast.msp_a, now=NOW
        )
        agreements_begin(company=company, actor=ACTOR, now=NOW)
        user_create(actor=ACTOR, company=company, email=f"{number}@example.com", name="X", now=NOW)
    assert queries_of(cast, path) <= few + 2, "one more page marker and its count are allowed"


def queries_of(cast: Cast, path: str) -> int:
    seen(cast.alice, path)
    with CaptureQueriesContext(connection) as queries:
        seen(cast.alice, path)
    return len(queries)


def test_the_list_of_companies_counts_seats_for_all_rows_at_once(cast: Cast) -> None:
    assert "Seats in use" in seen(cast.alice, "/companies/")
