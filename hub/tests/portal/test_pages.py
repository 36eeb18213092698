"""Pages: each answers for who may see it, and a sibling sees nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.instances.models import Instance
from seatkeep_hub.instances.services import link_request_create
from seatkeep_hub.licensing.models import SecurityAdmin
from seatkeep_hub.licensing.security_admins import security_admin_accept, security_admin_invite
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.identity import access_claim
from seatkeep_hub.portal.models import FirstRun
from seatkeep_license.keys import SigningKey
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.clock import now

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PAGES = [
    "/",
    "/companies/",
    "/companies/new/",
    "/licenses/",
    "/licenses/order/",
    "/seats/",
    "/usage/",
    "/users/",
    "/users/invite/",
    "/users/roles/",
    "/me/sessions/",
    "/security-admins/",
    "/security-admins/invite/",
    "/consoles/",
    "/link/",
    "/audit/",
    "/settings/",
    "/settings/tokens/new/",
    "/search/?q=Bak",
]
COMPANY_TABS = [
    "",
    "licenses/",
    "seats/",
    "usage/",
    "people/",
    "sign-in-rules/",
    "audit/",
    "name/",
    "suspend/",
    "agreement/",
    "off-board/",
]


@pytest.fixture(autouse=True)
def _set_up(cast: Cast) -> None:
    FirstRun.objects.create(
        mode=UseMode.DISTRIBUTOR,
        owner=cast.diana,
        company=cast.distributor,
        public_address="http://licensing.localhost:8080",
        completed_at=NOW,
    )


def browser(user: object) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)  # type: ignore[arg-type]  # any of the cast
    return client


@pytest.mark.parametrize("path", PAGES)
def test_page_opens(path: str, cast: Cast) -> None:
    assert browser(cast.alice).get(path).status_code == 200


@pytest.mark.parametrize("tab", COMPANY_TABS)
def test_company_tab_opens(tab: str, cast: Cast) -> None:
    assert browser(cast.alice).get(f"/companies/{cast.customer.uid}/{tab}").status_code == 200


@pytest.mark.parametrize("tab", COMPANY_TABS)
def test_sibling_gets_404(tab: str, cast: Cast) -> None:
    assert browser(cast.charlie).get(f"/companies/{cast.customer.uid}/{tab}").status_code == 404


def test_sibling_gets_404_of_a_license(cast: Cast) -> None:
    assert browser(cast.charlie).get(f"/licenses/{cast.license.uid}/").status_code == 404


def test_reader_cannot_see_the_key(cast: Cast) -> None:
    answer = browser(cast.bob).post(f"/licenses/{cast.license.uid}/key/", {"confirmed": "1"})
    assert answer.status_code == 403


def test_order_changes_and_history(cast: Cast) -> None:
    client = browser(cast.alice)
    client.post(f"/licenses/{cast.license.uid}/seats/", {"quantity": "12", "note": "two more"})
    assert "two more" in client.get(f"/licenses/{cast.license.uid}/").content.decode()


def test_invitation_sends_a_real_mail_with_a_twin(cast: Cast, settings: Any) -> None:
    settings.SMTP_IS_SET = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    answers = {"company": str(cast.msp_a.uid), "email": "sec@example.com"}
    browser(cast.alice).post("/security-admins/invite/", answers)
    assert (mail.outbox[0].to, len(mail.outbox[0].alternatives)) == (["sec@example.com"], 1)  # type: ignore[attr-defined]  # of the HTML twin


def test_the_invited_person_becomes_security_admin(cast: Cast) -> None:
    token = security_admin_invite(actor=ACTOR, company=cast.msp_a, email="sec@example.com", now=now()).token
    client = Client()
    client.get(f"/invite/admin/{token}/")
    answers = {"answer": "accept", "name": "Sec", "password": "quite a long sentence", "again": "quite a long sentence"}
    client.post("/invite/admin/", answers)
    admin = SecurityAdmin.objects.get()
    assert (admin.status, admin.user and admin.user.email) == ("ACCEPTED", "sec@example.com")


def test_attack_invitation_used_twice(cast: Cast) -> None:
    token = security_admin_invite(actor=ACTOR, company=cast.msp_a, email="bob@example.com", now=now()).token
    security_admin_accept(actor=ACTOR, token=token, user=cast.bob, now=now())
    client = Client()
    client.get(f"/invite/admin/{token}/")
    assert client.get("/invite/admin/").status_code == 409


def test_attack_person_who_is_no_security_admin_approves_a_link(cast: Cast) -> None:
    code = asked()
    browser(cast.alice).post(f"/link/{code}/", {"answer": "approve", "company": str(cast.msp_a.uid)})
    assert not Instance.objects.exists()


def test_security_admin_approves_a_link(cast: Cast) -> None:
    token = security_admin_invite(actor=ACTOR, company=cast.msp_a, email="bob@example.com", now=now()).token
    security_admin_accept(actor=ACTOR, token=token, user=cast.bob, now=now())
    code = asked()
    browser(cast.bob).post(f"/link/{code}/", {"answer": "approve", "company": str(cast.msp_a.uid)})
    assert Instance.objects.get().company == cast.msp_a


def test_the_claim_says_what_a_person_may_do(cast: Cast) -> None:
    assert access_claim(cast.bob) == [{"company_id": str(cast.msp_a.uid), "level": "READ", "role": "OWNER"}]


def test_attack_person_raises_their_own_access(cast: Cast) -> None:
    wanted = {"selected": str(cast.msp_a.pk), "role": "OWNER"}
    settings_before = AuditEntry.objects.filter(action="access:set").count()
    answer = browser(cast.alice).post(f"/users/{cast.alice.uid}/access/set/", wanted)
    assert answer.status_code in (403, 422)
    assert AuditEntry.objects.filter(action="access:set").count() == settings_before


def asked() -> str:
    key = SigningKey.generate().verify_key
    started = link_request_create(
        name="Console",
        console_url="http://console.localhost:8080",
        public_key=key.raw,
        key_thumbprint=key.kid,
        bootstrap_token=None,
        now=now(),
    )
    return started.request.user_code
