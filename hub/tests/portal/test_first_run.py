"""First run: one-time link, one transaction, never twice."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from hub_cast import NOW, PASSWORD
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.instances.models import BootstrapGrant
from seatkeep_hub.licensing.catalogue import catalogue_ensure
from seatkeep_hub.licensing.models import License
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.errors import FirstRunDoneError
from seatkeep_hub.portal.first_run import FirstRunAnswers, first_run_complete
from seatkeep_hub.portal.models import FirstRun
from seatkeep_webkit.sessions import session_begin, session_end, sessions_of

TOKEN = "setup-token-of-the-tests"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def run(mode: UseMode = UseMode.ONE_MSP) -> FirstRun:
    catalogue_ensure()
    answers = FirstRunAnswers(
        name="Alice",
        email="alice@example.com",
        password=PASSWORD,
        mode=mode,
        company="Northwind",
        time_zone="Europe/Berlin",
        public_address="http://licensing.localhost:8080",
    )
    return first_run_complete(answers=answers, now=NOW)


@pytest.mark.django_db
def test_one_msp_gets_company_license_and_link_by_itself() -> None:
    company = run().company
    assert (company.kind, License.objects.get().owner, BootstrapGrant.objects.get().company) == (
        "MSP",
        company,
        company,
    )


@pytest.mark.django_db
def test_a_distributor_gets_no_license() -> None:
    assert (run(UseMode.DISTRIBUTOR).company.kind, License.objects.exists()) == ("DISTRIBUTOR", False)


@pytest.mark.django_db
def test_the_second_run_is_refused() -> None:
    run()
    with pytest.raises(FirstRunDoneError):
        run()


@pytest.mark.django_db
def test_the_command_does_the_same() -> None:
    catalogue_ensure()
    call_command("setup", email="a@example.com", password=PASSWORD, company="Northwind")
    assert User.objects.get().company == Company.objects.get(name="Northwind")


@pytest.mark.django_db
def test_the_command_refuses_a_weak_password() -> None:
    with pytest.raises(CommandError, match="--password"):
        call_command("setup", email="a@example.com", password="short", company="Northwind")


@pytest.mark.django_db
def test_attack_guessed_setup_token() -> None:
    assert Client().get("/setup/?token=guess").status_code == 403


@pytest.mark.django_db
def test_attack_wizard_without_the_link() -> None:
    assert Client().get("/setup/wizard/").status_code == 403


@pytest.mark.django_db
def test_attack_setup_link_used_again_after_set_up() -> None:
    run()
    assert Client().get(f"/setup/?token={TOKEN}").status_code == 410


@pytest.mark.django_db
def test_the_wizard_never_keeps_the_password_readable() -> None:
    client = Client()
    page = client.get(f"/setup/?token={TOKEN}", follow=True)
    answers = {"name": "Alice", "email": "alice@example.com", "password": PASSWORD, "again": PASSWORD}
    client.post(page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"], answers)
    assert PASSWORD not in str(dict(client.session.items()))


@pytest.mark.django_db
def test_one_msp_pages_do_not_speak_of_distributors_or_security_admins() -> None:
    client = Client()
    client.force_login(run().owner, backend=BACKEND)
    text = "".join(
        client.get(path).content.decode().lower() for path in ("/", "/companies/", "/licenses/", "/welcome/")
    )
    assert ("distributor" in text, "security admin" in text) == (False, False)


@pytest.mark.django_db
def test_the_recovery_kit_holds_the_key_ring() -> None:
    client = Client()
    client.force_login(run().owner, backend=BACKEND)
    packed = client.post("/welcome/kit/download/").content
    assert set(zipfile.ZipFile(BytesIO(packed)).namelist()) == {"READ-ME-FIRST.txt", "keyring"}


def said_at_the_end(mode: UseMode) -> str:
    client = Client()
    client.force_login(run(mode).owner, backend=BACKEND)
    return client.get("/welcome/").content.decode()


@pytest.mark.django_db
def test_whoever_has_to_link_the_console_by_hand_gets_its_one_time_link() -> None:
    assert f"/connect/?token={TOKEN}" in said_at_the_end(UseMode.DISTRIBUTOR)


@pytest.mark.django_db
def test_one_msp_is_asked_nothing_more() -> None:
    assert TOKEN not in said_at_the_end(UseMode.ONE_MSP)


@pytest.mark.django_db
def test_the_session_that_the_set_up_begins_can_be_seen_and_ended(rf: RequestFactory) -> None:
    owner, request = run().owner, rf.get("/setup/wizard/")
    request.session, request.user = SessionStore(), AnonymousUser()
    session_begin(request, owner, backend=BACKEND)
    request.session.save()
    assert [one.session_key for one in sessions_of(owner)] == [request.session.session_key]
    session_end(sessions_of(owner)[0])
    assert sessions_of(owner) == []
