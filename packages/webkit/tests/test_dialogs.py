"""Dialogs without JavaScript: pages of their own, which lead back to where they were opened."""

from __future__ import annotations

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from seatkeep_webkit.dialogs import Confirm, done

DIALOG, LIST = "/assignments/1/remove/", "http://testserver/policies/1/"


def ask(request: HttpRequest) -> HttpResponse:
    """The question before an act whose own address is gone afterwards."""
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    dialog = Confirm(request, title="Take off", label="Take off")
    return done(request, "Taken off.") if dialog.is_confirmed else dialog.response()


def answer(came_from: str) -> str:
    """Where a browser without JavaScript is sent after it said yes."""
    fields = {"confirmed": "1", "came_from": came_from}
    return ask(RequestFactory().post(DIALOG, fields, headers={"Referer": f"http://testserver{DIALOG}"}))["Location"]


def test_the_form_brings_along_where_it_was_opened() -> None:
    asked = RequestFactory().get(DIALOG, headers={"Referer": LIST, "HX-Request": "true"})
    assert f'name="came_from" value="{LIST}"' in ask(asked).content.decode()
    assert answer(LIST) == LIST


@pytest.mark.parametrize("foreign", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(foreign: str) -> None:
    assert answer(foreign) == "/"
    asked = RequestFactory().get(DIALOG, headers={"Referer": foreign, "HX-Request": "true"})
    assert 'name="came_from" value="/"' in ask(asked).content.decode()


def test_a_form_that_is_no_dialog_stays_where_it_is() -> None:
    request = RequestFactory().post("/settings/", {"name": "x"}, headers={"Referer": "http://testserver/settings/"})
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    assert done(request, "Saved.")["Location"] == "http://testserver/settings/"
