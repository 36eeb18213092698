"""Attacks on tickets, device requests and instance calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from license_cast import (
    ACTIVATE,
    CONSOLE_INSTANCE,
    DEVICE_KEY,
    HUB,
    INSTANCE_KEY,
    MALLORY_KEY,
    NOW,
    RELEASE,
    RENEW,
    TICKET,
)
from seatkeep_license import errors
from seatkeep_license.jose import sign
from seatkeep_license.requests import (
    ACTIVATE_TYP,
    ActivateRequest,
    Credential,
    activate_build,
    activate_verify,
    instance_token_build,
    instance_token_verify,
    release_build,
    release_verify,
    renew_build,
    renew_verify,
)
from seatkeep_license.tickets import Ticket, ticket_kid, ticket_sign, ticket_verify


def use_ticket(token: str, **changes: Any) -> Ticket:
    arguments: dict[str, Any] = {
        "keys": INSTANCE_KEY.verify_key,
        "audience": HUB,
        "now": NOW,
        "device_key": DEVICE_KEY.verify_key,
        "product": "endpoint-workstation",
    } | changes
    return ticket_verify(token, **arguments)


def test_ticket_names_its_signer_before_it_is_trusted() -> None:
    assert ticket_kid(ticket_sign(TICKET, INSTANCE_KEY)) == INSTANCE_KEY.kid


def test_stolen_ticket_is_of_no_use_to_another_device() -> None:
    with pytest.raises(errors.KeyBindingError):
        use_ticket(ticket_sign(TICKET, INSTANCE_KEY), device_key=MALLORY_KEY.verify_key)


def test_ticket_forged_by_a_device_is_refused() -> None:
    with pytest.raises(errors.KeyUnknownError):
        use_ticket(ticket_sign(TICKET, DEVICE_KEY))


def test_ticket_for_another_hub_is_refused() -> None:
    with pytest.raises(errors.AudienceForeignError):
        use_ticket(ticket_sign(TICKET, INSTANCE_KEY), audience="https://other.example")


def test_ticket_for_another_product_is_refused() -> None:
    with pytest.raises(errors.TokenMalformedError):
        use_ticket(ticket_sign(TICKET, INSTANCE_KEY), product="endpoint-server")


def test_ticket_past_its_task_is_refused() -> None:
    with pytest.raises(errors.TokenExpiredError):
        use_ticket(ticket_sign(TICKET, INSTANCE_KEY), now=NOW + timedelta(days=30, seconds=120))


def test_requests_prove_the_key_that_signed_them() -> None:
    assert activate_verify(activate_build(ACTIVATE, DEVICE_KEY), audience=HUB, now=NOW).key == DEVICE_KEY.verify_key
    assert renew_verify(renew_build(RENEW, DEVICE_KEY), audience=HUB, now=NOW).key == DEVICE_KEY.verify_key
    assert release_verify(release_build(RELEASE, DEVICE_KEY), audience=HUB, now=NOW).key == DEVICE_KEY.verify_key


def test_renewal_passed_off_as_a_release_is_refused() -> None:
    with pytest.raises(errors.TokenTypeError):
        release_verify(renew_build(RENEW, DEVICE_KEY), audience=HUB, now=NOW)


def test_request_to_another_hub_is_refused() -> None:
    with pytest.raises(errors.AudienceForeignError):
        renew_verify(renew_build(RENEW, DEVICE_KEY), audience="https://other.example", now=NOW)


@pytest.mark.parametrize("seconds", [-121, 121, 86_400 * 30])
def test_old_or_early_request_is_refused_with_both_times(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    with pytest.raises(errors.ClockSkewError) as refused:
        renew_verify(renew_build(RENEW, DEVICE_KEY), audience=HUB, now=now)
    assert (refused.value.issued_at, refused.value.now) == (NOW, now)


def test_request_without_its_key_is_refused() -> None:
    with pytest.raises(errors.TokenMalformedError):
        activate_verify(sign(ACTIVATE, DEVICE_KEY, ACTIVATE_TYP), audience=HUB, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"license_key": None},
        {"ticket": "x.y.z"},
        {"credential": Credential("SK-1", "secret")},
    ],
)
def test_request_with_no_or_two_ways_is_refused(change: dict[str, Any]) -> None:
    request: ActivateRequest = msgspec.structs.replace(ACTIVATE, **change)
    with pytest.raises(errors.TokenMalformedError):
        activate_verify(activate_build(request, DEVICE_KEY), audience=HUB, now=NOW)


CALL: dict[str, Any] = {"method": "POST", "target": "/api/v1/companies?x=1", "body": b'{"a":1}'}


def call_token() -> str:
    return instance_token_build(INSTANCE_KEY, instance=CONSOLE_INSTANCE, audience=HUB, now=NOW, jti="one", **CALL)


def test_call_of_an_instance_verifies() -> None:
    token = instance_token_verify(call_token(), keys=INSTANCE_KEY.verify_key, audience=HUB, now=NOW, **CALL)

    assert (token.iss, token.jti) == (CONSOLE_INSTANCE, "one")


@pytest.mark.parametrize(
    "change",
    [{"method": "DELETE"}, {"target": "/api/v1/companies?x=2"}, {"body": b'{"a":2}'}, {"body": b""}],
)
def test_proof_moved_to_another_call_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(errors.RequestMismatchError):
        instance_token_verify(call_token(), keys=INSTANCE_KEY.verify_key, audience=HUB, now=NOW, **(CALL | change))


def test_proof_kept_for_later_is_refused() -> None:
    with pytest.raises(errors.TokenError):
        instance_token_verify(
            call_token(),
            keys=INSTANCE_KEY.verify_key,
            audience=HUB,
            now=NOW + timedelta(seconds=180),
            **CALL,
        )


def test_unhashed_ascii_trick_in_the_body_hash_is_refused_not_crashed() -> None:
    claims = {
        "iss": CONSOLE_INSTANCE,
        "aud": HUB,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
        "jti": "one",
        "htm": "POST",
        "htu": CALL["target"],
        "bh": "ü",
    }
    with pytest.raises(errors.RequestMismatchError):
        instance_token_verify(
            sign(claims, INSTANCE_KEY, "seatkeep-instance+jwt"),
            keys=INSTANCE_KEY.verify_key,
            audience=HUB,
            now=NOW,
            **CALL,
        )
