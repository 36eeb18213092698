"""What is over, at the doors for devices and programs, over a real socket with its documented code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cast import ACTOR, FakeAgent, Tree
from django.db import connections
from seatkeep_license.encoding import seconds_of
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.services import (
    deployment_key_create,
    deployment_key_rotate,
    install_link_create,
    token_revoke,
)
from seatkeep_protocol.enrollment import JwtRequest, jwt_request_build

CONSOLE = "https://console.localhost:8443"
JOSE = {"Content-Type": "application/jose"}
LATE = timedelta(minutes=10)
"""More than the two minutes that clocks may differ."""


@pytest.fixture
def http(live_server: Any, edge_seed: None) -> Iterator[httpx.Client]:
    """A client of a server on a socket; its threads must not hold the test database when it is dropped."""
    kept = connections["default"].settings_dict["CONN_MAX_AGE"]
    connections.databases["default"]["CONN_MAX_AGE"] = 0
    with httpx.Client(base_url=live_server.url, trust_env=False, timeout=30) as client:
        yield client
    connections.databases["default"]["CONN_MAX_AGE"] = kept


def enroll(http: httpx.Client, token: EnrollmentToken, *, agent: FakeAgent | None = None, age: timedelta) -> Any:
    request = (agent or FakeAgent()).request(datetime.now(UTC) - age)
    return http.post("/agent/v1/enroll", json={"key": token.secret, "request": request})


def test_an_install_link_that_ran_out_leads_to_waiting(http: httpx.Client, tree: Tree) -> None:
    made = [datetime.now(UTC) - age for age in (timedelta(days=13), timedelta(days=15))]
    good, over = (install_link_create(actor=ACTOR, user=None, group=tree.alpha, now=at) for at in made)
    answers = [enroll(http, token, age=timedelta(0)) for token in (good, over)]
    assert [(one.status_code, one.json()["status"]) for one in answers] == [(200, "enrolled"), (202, "waiting")]
    assert answers[1].json()["retry_after_seconds"] > 0


@pytest.mark.parametrize("is_revoked", [True, False], ids=["revoked", "rotated away"])
def test_a_deployment_key_that_is_over_leads_to_waiting(http: httpx.Client, tree: Tree, is_revoked: bool) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    key = deployment_key_create(actor=ACTOR, user=None, group=tree.alpha, now=long_ago)
    if is_revoked:
        token_revoke(actor=ACTOR, token=key, now=long_ago)
    else:
        deployment_key_rotate(actor=ACTOR, user=None, token=key, now=long_ago)
    answer = enroll(http, key, age=timedelta(0))
    assert (answer.status_code, answer.json()["status"]) == (202, "waiting")


def test_a_request_that_was_signed_too_long_ago_is_told_the_time(http: httpx.Client, tree: Tree) -> None:
    token = install_link_create(actor=ACTOR, user=None, group=tree.alpha, now=datetime.now(UTC))
    answer = enroll(http, token, age=LATE)
    assert (answer.status_code, answer.json()["code"]) == (422, "clock_skew")
    assert abs(answer.json()["server_time_us"] / 1e6 - datetime.now(UTC).timestamp()) < 60


def test_a_request_for_the_next_jwt_that_was_signed_too_long_ago(http: httpx.Client, tree: Tree) -> None:
    agent = FakeAgent()
    token = install_link_create(actor=ACTOR, user=None, group=tree.alpha, now=datetime.now(UTC))
    device = enroll(http, token, agent=agent, age=timedelta(0)).json()["device"]

    def ask(age: timedelta) -> httpx.Response:
        iat = seconds_of(datetime.now(UTC) - age)
        claims = JwtRequest(aud=CONSOLE, iat=iat, jti=uuid4().hex, device=device)
        return http.post("/agent/v1/jwt", content=jwt_request_build(claims, agent.key), headers=JOSE)

    late, fresh = ask(LATE), ask(timedelta(0))
    assert (late.status_code, late.json()["code"]) == (422, "clock_skew")
    assert fresh.status_code == 200
