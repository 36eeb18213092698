"""Links: a manager asks, a Security Admin decides, the one-MSP set-up decides by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.instances import rules
from seatkeep_hub.instances.enums import LinkStatus
from seatkeep_hub.instances.errors import InstanceKeyUsedError, LinkRequestOverError
from seatkeep_hub.instances.models import Instance
from seatkeep_hub.instances.selectors import link_request_by_user_code
from seatkeep_hub.instances.services import (
    LinkStarted,
    bootstrap_grant,
    instance_revoke,
    link_request_approve,
    link_request_create,
    link_request_deny,
)
from seatkeep_license.keys import SigningKey

BOOTSTRAP = "bootstrap-token-of-the-tests"


def start(token: str | None = None, key: SigningKey | None = None) -> LinkStarted:
    verify = (key or SigningKey.generate()).verify_key
    return link_request_create(
        name="Console",
        console_url="http://console.localhost:8080",
        public_key=verify.raw,
        key_thumbprint=verify.kid,
        bootstrap_token=token,
        now=NOW,
    )


def test_approval_registers_the_instances_own_key(cast: Cast) -> None:
    key = SigningKey.generate()
    request = start(key=key).request
    instance = link_request_approve(request=request, company=cast.msp_a, actor=ACTOR, now=NOW)
    assert (bytes(instance.public_key), instance.company, instance.is_revoked) == (
        key.verify_key.raw,
        cast.msp_a,
        False,
    )


def test_a_decided_request_cannot_be_decided_again(cast: Cast) -> None:
    request = start().request
    link_request_deny(request=request, actor=ACTOR, now=NOW)
    with pytest.raises(LinkRequestOverError):
        link_request_approve(request=request, company=cast.msp_a, actor=ACTOR, now=NOW)


def test_a_request_ends_after_its_lifetime(cast: Cast) -> None:
    request = start().request
    with pytest.raises(LinkRequestOverError):
        link_request_by_user_code(request.user_code, now=NOW + rules.LINK_LIFETIME)


def test_the_code_may_be_typed_in_any_spelling(cast: Cast) -> None:
    request = start().request
    typed = request.user_code.lower().replace("-", " ")
    assert link_request_by_user_code(typed, now=NOW) == request


def test_one_key_cannot_be_linked_twice(cast: Cast) -> None:
    key = SigningKey.generate()
    link_request_approve(request=start(key=key).request, company=cast.msp_a, actor=ACTOR, now=NOW)
    with pytest.raises(InstanceKeyUsedError):
        link_request_approve(request=start(key=key).request, company=cast.msp_b, actor=ACTOR, now=NOW)


def test_bootstrap_request_before_the_wizard_is_approved_by_it(cast: Cast) -> None:
    request = start(BOOTSTRAP).request
    assert bootstrap_grant(company=cast.msp_a, now=NOW) == 1
    request.refresh_from_db()
    assert request.status == LinkStatus.APPROVED


def test_bootstrap_request_after_the_wizard_is_approved_at_once(cast: Cast) -> None:
    bootstrap_grant(company=cast.msp_a, now=NOW)
    start(BOOTSTRAP)
    assert Instance.objects.get().company == cast.msp_a


def test_attack_guessed_bootstrap_token_links_nothing(cast: Cast) -> None:
    bootstrap_grant(company=cast.msp_a, now=NOW)
    start("guessed")
    assert not Instance.objects.exists()


def test_revoking_twice_changes_nothing(cast: Cast) -> None:
    instance = link_request_approve(request=start().request, company=cast.msp_a, actor=ACTOR, now=NOW)
    instance_revoke(instance=instance, actor=ACTOR, now=NOW)
    instance_revoke(instance=instance, actor=ACTOR, now=NOW + timedelta(hours=1))
    instance.refresh_from_db()
    assert instance.is_revoked


def test_a_sign_in_may_go_on_at_every_console_that_was_approved(cast: Cast) -> None:
    def linked(url: str) -> Instance:
        verify = SigningKey.generate().verify_key
        started = link_request_create(
            name="Console",
            console_url=url,
            public_key=verify.raw,
            key_thumbprint=verify.kid,
            bootstrap_token=None,
            now=NOW,
        )
        return link_request_approve(request=started.request, company=cast.msp_a, actor=ACTOR, now=NOW)

    def allowed() -> str:
        # A new client has a new chain of middleware, which asks at once.
        return Client().get("/accounts/login/")["Content-Security-Policy"].partition("form-action ")[2]

    linked("https://second.example:8443/")
    gone = linked("https://third.example/")
    start()
    instance_revoke(instance=gone, actor=ACTOR, now=NOW)
    assert allowed().split() == ["'self'", "http://console.localhost:8080", "https://second.example:8443"]
