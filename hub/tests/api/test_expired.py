"""What is over is refused over real HTTP with its documented code: calls, codes, sign-ins, invitations."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from allauth.idp.oidc.internal.oauthlib.authorization_codes import cache_key
from allauth.idp.oidc.models import Client as OidcClient
from allauth.idp.oidc.models import Token
from django.core.cache import cache
from django.db import connections
from hub_cast import ACTOR, Cast
from seatkeep_hub.instances import rules
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.models import Instance, LinkRequest
from seatkeep_hub.instances.proof import TYP
from seatkeep_hub.instances.tokens import token_create, token_revoke
from seatkeep_hub.licensing.security_admins import security_admin_invite
from seatkeep_hub.portal.identity import console_client_ensure, oidc_key_ensure
from seatkeep_license import jose
from seatkeep_license.keys import SigningKey
from seatkeep_webkit.clock import now

KEY = SigningKey.from_seed(bytes(range(1, 33)))
MINUTE = timedelta(minutes=1)
SECRET = "console-secret"
CALLBACK = "http://console.localhost:8080/accounts/oidc/licensing/login/callback/"


@pytest.fixture
def http(live_server: Any) -> Iterator[httpx.Client]:
    """A client of a server on a socket; its threads must not hold the test database when it is dropped."""
    kept = connections["default"].settings_dict["CONN_MAX_AGE"]
    connections.databases["default"]["CONN_MAX_AGE"] = 0
    with httpx.Client(base_url=live_server.url, trust_env=False, timeout=30) as client:
        yield client
    connections.databases["default"]["CONN_MAX_AGE"] = kept


@pytest.fixture
def instance(cast: Cast) -> Instance:
    return Instance.objects.create(
        company=cast.msp_a, name="Console", public_key=KEY.verify_key.raw, key_thumbprint=KEY.kid,
        console_url="http://console.localhost:8080", created_at=now(),
    )  # fmt: skip


def call(instance: Instance, *, age: timedelta) -> dict[str, str]:
    """The header of a call signed so long ago."""
    issued = int((now() - age).timestamp())
    claims = {
        "iss": str(instance.uid), "aud": "http://licensing.localhost:8080", "iat": issued, "exp": issued + 60,
        "jti": uuid4().hex, "htm": "GET", "htu": "/api/v1/instance", "bh": rules.body_hash(b""),
    }  # fmt: skip
    return {"Authorization": f"Bearer {jose.sign(claims, KEY, TYP)}"}


def test_a_call_of_a_console_that_was_signed_too_long_ago(http: httpx.Client, instance: Instance) -> None:
    late, fresh = (http.get("/api/v1/instance", headers=call(instance, age=age)) for age in (10 * MINUTE, 0 * MINUTE))
    assert (late.status_code, late.json()["code"], late.json()["reason"]) == (401, "call_refused", "exp")
    assert fresh.status_code == 200


def test_the_code_of_a_link_ran_out(http: httpx.Client, cast: Cast) -> None:
    asked = {"name": "Console", "console_url": "http://console.localhost:8080", "jwk": KEY.verify_key.jwk}
    code = {"device_code": http.post("/api/v1/link", json=asked).json()["device_code"]}
    waiting = http.post("/api/v1/link/poll", json=code)
    LinkRequest.objects.update(expires_at=now() - MINUTE)
    over = http.post("/api/v1/link/poll", json=code)
    assert [(one.status_code, one.json()["status"]) for one in (waiting, over)] == [(202, "pending"), (410, "expired")]


def console() -> OidcClient:
    """The console, as the sign-in knows it."""
    oidc_key_ensure()
    console_client_ensure(client_id="console", client_secret=SECRET, console_url="http://console.localhost:8080")
    return OidcClient.objects.get()


def oidc_token(kind: str, cast: Cast, *, lives: timedelta) -> str:
    """A token of the console's sign-in that ends after (or ended before) so long."""
    value = secrets.token_urlsafe(16)
    token = Token(type=kind, client=console(), user=cast.alice, expires_at=now() + lives)
    token.set_scopes(["openid"])
    token.set_value(value)
    token.save()
    return value


def test_an_access_token_of_a_sign_in_that_is_over(http: httpx.Client, cast: Cast) -> None:
    def userinfo(lives: timedelta) -> httpx.Response:
        token = oidc_token(Token.Type.ACCESS_TOKEN, cast, lives=lives)
        return http.get("/identity/o/api/userinfo", headers={"Authorization": f"Bearer {token}"})

    good, over = userinfo(MINUTE), userinfo(-MINUTE)
    assert (good.status_code, good.json()["sub"]) == (200, str(cast.alice.uid))
    assert (over.status_code, "sub" in over.text) == (401, False)


def test_the_code_of_a_sign_in_ran_out(http: httpx.Client, cast: Cast) -> None:
    def exchange(seconds: int) -> httpx.Response:
        value, client = secrets.token_urlsafe(16), console()
        code = {
            "code": {"code": value}, "client_id": client.id, "redirect_uri": CALLBACK, "sub": str(cast.alice.uid),
            "scopes": ["openid"], "claims": None, "resources": [],
        }  # fmt: skip
        cache.set(cache_key(client.id, value), code, timeout=seconds)
        form = {"grant_type": "authorization_code", "code": value, "redirect_uri": CALLBACK}
        return http.post("/identity/o/api/token", data=form, auth=(client.id, SECRET))

    good, over = exchange(60), exchange(-1)
    assert (good.status_code, "access_token" in good.json()) == (200, True)
    assert (over.status_code, over.json()["error"]) == (400, "invalid_grant")


def test_an_integration_token_that_was_revoked(http: httpx.Client, cast: Cast) -> None:
    made = token_create(company=cast.msp_a, name="PSA", level=TokenLevel.READ, actor=ACTOR, now=now())
    header = {"Authorization": f"Bearer {made.secret}"}
    good = http.get("/api/v1/companies", headers=header)
    token_revoke(token=made.token, actor=ACTOR, now=now())
    over = http.get("/api/v1/companies", headers=header)
    assert (good.status_code, over.status_code, over.json()["code"]) == (200, 401, "sign_in_needed")


def test_the_invitation_of_a_security_admin_ran_out(http: httpx.Client, cast: Cast) -> None:
    long_ago = now() - timedelta(days=400)
    token = security_admin_invite(actor=ACTOR, company=cast.msp_a, email="late@example.com", now=long_ago).token
    answer = http.get(f"/invite/admin/{token}/", follow_redirects=True)
    assert (answer.status_code, "late@example.com" in answer.text) == (409, False)
