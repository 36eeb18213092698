"""Licensing as identity provider of the console: code flow with PKCE, no consent page, our claim."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import jwt
from django.core.management import call_command
from django.test import Client
from hub_cast import Cast

VERIFIER = "v" * 50
CALLBACK = "http://console.localhost:8080/accounts/oidc/licensing/login/callback/"


def authorize(client: Client, redirect: str = CALLBACK) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": "seatkeep-console",
        "response_type": "code",
        "scope": "openid profile email",
        "redirect_uri": redirect,
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    answer = client.get("/identity/o/authorize", query)
    return str(parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("code", [""])[0])


def test_the_console_signs_in_with_licensing(cast: Cast) -> None:
    call_command("ensure_console_client")
    client = Client()
    client.force_login(cast.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    answers = {
        "grant_type": "authorization_code",
        "code": authorize(client),
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": "seatkeep-console",
        "client_secret": "console-secret-of-the-tests",
    }
    token = Client().post("/identity/o/api/token", answers).json()["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    wanted = [{"company_id": str(cast.msp_a.uid), "level": "WRITE", "role": "OWNER"}]
    assert (claims["sub"], claims["iss"], claims["seatkeep_access"]) == (
        str(cast.alice.uid),
        "http://licensing.localhost:8080",
        wanted,
    )


def test_attack_code_sent_to_a_foreign_address(cast: Cast) -> None:
    call_command("ensure_console_client")
    client = Client()
    client.force_login(cast.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert authorize(client, "https://evil.example/callback/") == ""


def test_ensuring_twice_changes_nothing(db: None) -> None:
    call_command("ensure_console_client")
    call_command("ensure_console_client")
