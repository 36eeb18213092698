"""A database that is away is a 503 that says "try again", on pages and for programs; a bug stays a 500."""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from ninja import NinjaAPI
from seatkeep_webkit.problems import install_error_handlers

api = NinjaAPI(urls_namespace="outage")
install_error_handlers(api)


def fail(request: HttpRequest, what: str) -> HttpResponse:
    raise {"away": OperationalError, "closed": InterfaceError}.get(what, ZeroDivisionError)("on purpose")


@api.get("/fail/{what}")
def api_fail(request: HttpRequest, what: str) -> None:
    fail(request, what)


handler500 = "seatkeep_webkit.views.server_error"
urlpatterns = [path("fail/<str:what>", fail), path("api/v1/", api.urls)]


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(("what", "status"), [("away", 503), ("closed", 503), ("bug", 500)])
@pytest.mark.parametrize("where", ["/fail/", "/api/v1/fail/"])
@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[])
def test_what_is_not_our_fault_may_be_tried_again(visitor: Client, where: str, what: str, status: int) -> None:
    answer = visitor.get(f"{where}{what}", headers={"Accept": "text/html"})
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("2" if status == 503 else None)
    assert b"on purpose" not in answer.content


@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[])
def test_a_program_gets_a_problem_document_without_the_api(visitor: Client) -> None:
    answer = visitor.get("/fail/away", headers={"Accept": "application/json"})
    assert (answer.headers["Content-Type"], answer.json()["code"]) == ("application/problem+json", "busy")
