"""A console that nobody linked yet shows its code to whoever opened the one-time link, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.console.views.connecting import TRIES
from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.models import HubLink
from seatkeep_manager.project.sign_in import LicensingAdapter
from seatkeep_webkit.clock import now
from standing_cast import Cast

TOKEN = "setup-token-of-the-tests"
CONNECT = "/connect/"


@pytest.fixture
def waiting(db: None) -> HubLink:
    link: HubLink = HubLink.objects.create(
        state=LinkState.WAITING, device_code="a secret between programs", user_code="BCDF-GHJK",
        verification_uri="http://licensing.localhost/link/?code=BCDF-GHJK", code_expires_at=now() + timedelta(hours=1),
    )  # fmt: skip
    return link


@pytest.fixture
def opener(settings: Any) -> Client:
    """A browser in which the one-time link was opened."""
    settings.SETUP_TOKEN = TOKEN
    client = Client()
    assert client.get(CONNECT, {"token": TOKEN})["Location"] == CONNECT
    return client


def test_whoever_comes_without_the_one_time_link_reads_where_it_stands(waiting: HubLink) -> None:
    answer = Client().get("/", follow=True)

    assert answer.redirect_chain[-1][0] == CONNECT
    assert "seatkeep status" in answer.content.decode()


@pytest.mark.parametrize("name", ["connect", "connect-live"])
def test_attack_the_first_stranger_reads_the_code(waiting: HubLink, name: str) -> None:
    said = Client().get(reverse(f"console:{name}")).content.decode()

    assert ("BCDF" in said, waiting.verification_uri in said) == (False, False)


def test_attack_the_first_stranger_asks_for_a_code(waiting: HubLink) -> None:
    answer = Client().post(reverse("console:connect-start"))

    assert (answer.status_code, HubLink.objects.get().user_code) == (403, "BCDF-GHJK")


@pytest.mark.parametrize("given", ["guess", "", TOKEN + "x", "ü"])
def test_attack_guessed_token(waiting: HubLink, settings: Any, given: str) -> None:
    settings.SETUP_TOKEN = TOKEN
    client = Client()

    assert client.get(CONNECT, {"token": given}).status_code == 403
    assert "BCDF" not in client.get(CONNECT).content.decode()


def test_attack_no_token_opens_a_console_that_was_given_none(waiting: HubLink, settings: Any) -> None:
    settings.SETUP_TOKEN = ""

    assert Client().get(CONNECT, {"token": ""}).status_code == 403


def test_attack_many_guesses(waiting: HubLink, settings: Any) -> None:
    settings.SETUP_TOKEN = TOKEN
    answers = [Client().get(CONNECT, {"token": f"guess {n}"}).status_code for n in range(TRIES + 1)]

    assert answers == [403] * TRIES + [429]
    assert Client().get(CONNECT, {"token": TOKEN}).status_code == 429


def test_whoever_opened_the_one_time_link_sees_the_code(waiting: HubLink, opener: Client) -> None:
    assert "BCDF-GHJK" in opener.get(CONNECT).content.decode()
    assert "BCDF-GHJK" in opener.get(reverse("console:connect-live")).content.decode()


def test_the_secret_of_the_request_is_not_shown(waiting: HubLink, opener: Client) -> None:
    pages = [opener.get(reverse(f"console:{name}")).content.decode() for name in ("connect", "connect-live")]

    assert all("a secret between programs" not in page for page in pages)


def test_a_console_without_a_code_offers_to_ask_for_one(db: None, opener: Client) -> None:
    assert reverse("console:connect-start") in opener.get(CONNECT).content.decode()


def test_attack_the_one_time_link_used_again_after_the_link(cast: Cast, settings: Any) -> None:
    settings.SETUP_TOKEN = TOKEN
    client = Client()

    assert client.get(CONNECT, {"token": TOKEN})["Location"] == reverse("console:problems")
    assert not client.session.items()


def test_approval_leads_on_to_the_sign_in(cast: Cast) -> None:
    answer = Client().get(reverse("console:connect-live"), headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Redirect"]) == (204, reverse("console:problems"))


def test_a_linked_console_tells_no_stranger_anything(cast: Cast) -> None:
    assert Client().get(reverse("console:connect"))["Location"] == reverse("console:problems")
    assert Client().post(reverse("console:connect-start"))["Location"] == reverse("console:problems")
    assert HubLink.objects.get().state == LinkState.LINKED


def test_who_signs_in_before_the_link_stands_gets_the_page_that_waits(waiting: HubLink) -> None:
    early = SimpleNamespace(account=SimpleNamespace(extra_data={"sub": "1", "email": "o@x.example"}))

    with pytest.raises(ImmediateHttpResponse) as stopped:
        LicensingAdapter().pre_social_login(HttpRequest(), early)

    assert stopped.value.response["Location"] == reverse("console:connect")
