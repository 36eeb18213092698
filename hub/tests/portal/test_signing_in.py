"""How people sign in: noted, slowed down, ended when idle, and with a second factor where a company asks for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.cache import caches
from django.test import Client
from hub_cast import ACTOR, NOW, PASSWORD, Cast
from seatkeep_hub.companies.models import User
from seatkeep_hub.people.signing_in import sign_in_policy, sign_in_rule_set
from seatkeep_webkit import clock
from seatkeep_webkit.audit.models import AuditEntry

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def try_password(user: User, password: str) -> Client:
    user.set_password(PASSWORD)
    user.save()
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True, "verified": True})
    client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    client.post("/accounts/login/", {"login": user.email, "password": password})
    return client


def actions(user: User) -> list[tuple[str, str, str]]:
    found = AuditEntry.objects.filter(actor_id=str(user.uid), action__startswith="sign-in:").order_by("id")
    return list(found.values_list("action", "result", "severity"))


def test_sign_in_and_out_are_noted_and_the_session_is_listed(cast: Cast) -> None:
    client = try_password(cast.alice, PASSWORD)
    session = UserSession.objects.get(user=cast.alice)
    assert "Firefox" in session.user_agent
    client.post("/accounts/logout/")
    assert actions(cast.alice) == [("sign-in:in", "DONE", "INFO"), ("sign-in:out", "DONE", "INFO")]


def test_a_wrong_password_is_noted_without_what_was_typed(cast: Cast) -> None:
    try_password(cast.alice, "not the password")
    assert actions(cast.alice) == [("sign-in:password_wrong", "FAILED", "ERROR")]
    assert "not the password" not in str(list(AuditEntry.objects.values()))


def test_attack_guessing_is_slowed_down(cast: Cast) -> None:
    client = Client()
    answers = [
        client.post("/accounts/login/", {"login": "ghost@example.com", "password": f"guess {at}"}).status_code
        for at in range(11)
    ]
    assert answers[-1] == 429
    assert 429 not in answers[:-1]


def test_everyone_needs_a_second_factor_where_the_company_asks(cast: Cast) -> None:
    client = signed_in(cast.alice)
    sign_in_rule_set(actor=ACTOR, company=cast.distributor, requires_second_factor=True, idle_minutes=None, now=NOW)
    assert client.get("/companies/").headers["Location"] == "/accounts/2fa/"
    assert client.get("/api/v1/companies").json()["code"] == "second_factor_needed"
    assert client.get("/accounts/2fa/").status_code == 200
    Authenticator.objects.create(user=cast.alice, type=Authenticator.Type.TOTP, data={})
    assert client.get("/api/v1/companies").status_code == 200


def test_the_strictest_rule_above_holds(cast: Cast) -> None:
    for company, minutes in ((cast.distributor, 60), (cast.msp_a, 240)):
        sign_in_rule_set(actor=ACTOR, company=company, requires_second_factor=False, idle_minutes=minutes, now=NOW)
    assert sign_in_policy(cast.erin).idle == timedelta(minutes=60)
    assert sign_in_policy(cast.charlie).idle == timedelta(minutes=60)


def test_a_sibling_is_not_ruled(cast: Cast) -> None:
    sign_in_rule_set(actor=ACTOR, company=cast.msp_a, requires_second_factor=True, idle_minutes=5, now=NOW)
    assert sign_in_policy(cast.charlie).idle is None


@pytest.mark.parametrize(("minutes", "is_out"), [(9, False), (11, True)])
def test_an_idle_session_ends(cast: Cast, monkeypatch: pytest.MonkeyPatch, minutes: int, is_out: bool) -> None:
    sign_in_rule_set(actor=ACTOR, company=cast.msp_a, requires_second_factor=False, idle_minutes=10, now=NOW)
    client = signed_in(cast.alice)
    client.get("/users/")
    later = clock.now() + timedelta(minutes=minutes)
    monkeypatch.setattr("seatkeep_webkit.guarding.read_clock", lambda: later)
    answer = client.get("/users/")
    assert answer.headers.get("Location", "").startswith("/accounts/login/") is is_out
    assert ("_auth_user_id" in client.session) is not is_out


def test_a_code_that_one_process_keeps_another_one_finds(db: None) -> None:
    secret = "allauth.idp.oidc.authorization_code[seatkeep-console:the-code]"
    caches["default"].set(secret, {"sub": "x"}, timeout=60)
    other_process = type(caches["default"])("kept_keptvalue", caches.settings["default"])
    other_process.key_func = caches["default"].key_func
    assert other_process.get(secret) == {"sub": "x"}
    assert "the-code" not in str(list(_rows()))


def _rows() -> object:
    from seatkeep_webkit.kept.models import KeptValue

    return KeptValue.objects.values_list("cache_key", flat=True)
