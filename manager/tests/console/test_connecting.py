"""A console that nobody linked yet shows its code to whoever opens it, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.models import HubLink
from seatkeep_manager.project.sign_in import LicensingAdapter
from seatkeep_webkit.clock import now
from standing_cast import Cast


@pytest.fixture
def waiting(db: None) -> HubLink:
    link: HubLink = HubLink.objects.create(
        state=LinkState.WAITING, device_code="a secret between programs", user_code="BCDF-GHJK",
        verification_uri="http://licensing.localhost/link/?code=BCDF-GHJK", code_expires_at=now() + timedelta(hours=1),
    )  # fmt: skip
    return link


def test_whoever_opens_it_first_comes_to_the_code(waiting: HubLink) -> None:
    answer = Client().get("/", follow=True)

    assert answer.redirect_chain[-1][0] == reverse("console:connect")
    assert "BCDF-GHJK" in answer.content.decode()


def test_the_secret_of_the_request_is_not_shown(waiting: HubLink) -> None:
    pages = [Client().get(reverse(f"console:{name}")).content.decode() for name in ("connect", "connect-live")]

    assert all("a secret between programs" not in page for page in pages)


def test_a_console_without_a_code_offers_to_ask_for_one(db: None) -> None:
    assert reverse("console:connect-start") in Client().get(reverse("console:connect")).content.decode()


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
