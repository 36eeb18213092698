"""Requests made from the OpenAPI document, right ones and wrong ones: never a 5xx, and only answers that it describes.

The same requests in every run; what they write is taken back after each operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client, override_settings
from hub_cast import ACTOR, NOW, Cast, cast_make
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from seatkeep_hub.api.app import api
from seatkeep_hub.instances.scopes import SCOPES
from seatkeep_hub.instances.tokens import token_create

EXAMPLES = 2
"""Per operation and caller: some 150 operations in less than a minute."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
Caller = dict[str, Any]


def operations() -> list[Any]:
    """Every operation of the document."""
    document = api.get_openapi_schema(path_prefix="/api/v1/")
    return [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]


@pytest.fixture(scope="module")
def callers(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Caller]]:
    """What is sent with an owner's session, and with a token with every scope; and ids of what they may see."""
    outer = transaction.atomic()
    outer._from_testcase = True
    with django_db_blocker.unblock(), outer:
        cast = cast_make()
        made = token_create(company=cast.msp_a, name="all", scopes=SCOPES, actor=ACTOR, now=NOW)
        other = token_create(company=cast.msp_a, name="other", actor=ACTOR, now=NOW).token
        yield {
            "owner": owner_headers(cast),
            "token": {"headers": {"Authorization": f"Bearer {made.secret}"}},
            "ids": {"company_id": str(cast.customer.uid), "license_id": str(cast.license.uid),
                    "user_id": str(cast.bob.uid), "token_id": str(other.uid), "product": "endpoint-workstation"},
        }  # fmt: skip
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """As in Django's test client: the end of a request does not end the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def owner_headers(cast: Cast) -> Caller:
    """A signed-in owner's cookies, and the proof that a page of ours sends the request."""
    client, csrf = Client(), "c" * 32
    client.force_login(cast.alice, backend=BACKEND)
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    cookies = {django_settings.SESSION_COOKIE_NAME: session, django_settings.CSRF_COOKIE_NAME: csrf}
    return {"cookies": cookies, "headers": {"X-CSRFToken": csrf}}


@pytest.mark.parametrize(
    ("caller", "operation"),
    [
        pytest.param(caller, one, id=f"{caller} {one.label}")
        for one in operations()
        for caller in ("owner", *(["token"] if one.method == "get" else []))
    ],
)
def test_answers_are_what_the_document_says(operation: Any, caller: str, callers: dict[str, Caller], db: None) -> None:
    app, ids = WSGIHandler(), callers["ids"]

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE))
    def tried(case: Any) -> None:
        case.path_parameters.update({name: ids[name] for name in case.path_parameters if name in ids})
        with override_settings(ALLOWED_HOSTS=["*"]):
            answer = case.call_and_validate(**callers[caller], checks=CHECKS, app=app)
        assert answer.status_code != 401

    tried()
