"""Signed calls of an instance; each test is named after an attack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.instances import rules
from seatkeep_hub.instances.errors import CallRefusedError
from seatkeep_hub.instances.models import Instance
from seatkeep_hub.instances.proof import TYP, call_verify
from seatkeep_hub.instances.services import instance_revoke
from seatkeep_license import jose
from seatkeep_license.keys import SigningKey

KEY = SigningKey.from_seed(bytes(range(32)))
BODY = json.dumps({"a": 1}).encode()


@pytest.fixture
def instance(cast: Cast) -> Instance:
    return Instance.objects.create(
        company=cast.msp_a,
        name="Console",
        public_key=KEY.verify_key.raw,
        key_thumbprint=KEY.kid,
        console_url="http://console.localhost:8080",
        created_at=NOW,
    )


def token(instance: Instance, key: SigningKey = KEY, typ: str = TYP, **changes: Any) -> str:
    issued = int(NOW.timestamp())
    claims = {
        "iss": str(instance.uid),
        "aud": "http://licensing.localhost:8080",
        "iat": issued,
        "exp": issued + 60,
        "jti": "a-unique-id-1",
        "htm": "POST",
        "htu": "/api/v1/x?y=1",
        "bh": rules.body_hash(BODY),
    }
    return jose.sign({**claims, **changes}, key, typ)


def call(text: str, method: str = "POST", path: str = "/api/v1/x?y=1", body: bytes = BODY) -> Instance:
    return call_verify(text, method=method, path=path, body=body, now=NOW)


def refusal(text: str, **changes: Any) -> object:
    with pytest.raises(CallRefusedError) as caught:
        call(text, **changes)
    return caught.value.extra["reason"]


def test_a_right_call_names_its_instance(instance: Instance) -> None:
    assert call(token(instance)) == instance


def test_attack_replayed_call(instance: Instance) -> None:
    call(token(instance))
    assert refusal(token(instance)) == "replayed"


def test_attack_same_token_with_another_body(instance: Instance) -> None:
    assert refusal(token(instance), body=b"{}") == "bh"


def test_attack_same_token_on_another_path(instance: Instance) -> None:
    assert refusal(token(instance), path="/api/v1/x?y=2") == "htu"


def test_attack_same_token_with_another_method(instance: Instance) -> None:
    assert refusal(token(instance), method="DELETE") == "htm"


def test_attack_signed_by_a_foreign_key(instance: Instance) -> None:
    assert refusal(token(instance, key=SigningKey.generate())) == "signature"


def test_attack_ticket_used_as_call(instance: Instance) -> None:
    assert refusal(token(instance, typ="seatkeep-ticket+jwt")) == "signature"


def test_attack_token_that_lives_for_a_year(instance: Instance) -> None:
    assert refusal(token(instance, exp=int(NOW.timestamp()) + 31_536_000)) == "exp"


def test_attack_token_for_another_hub(instance: Instance) -> None:
    assert refusal(token(instance, aud="https://evil.example")) == "aud"


def test_attack_call_in_the_name_of_another_instance(instance: Instance) -> None:
    assert refusal(token(instance, iss="018f0000-0000-7000-8000-000000000000")) == "iss"


def test_attack_call_after_revocation(instance: Instance) -> None:
    instance_revoke(instance=instance, actor=ACTOR, now=NOW)
    assert refusal(token(instance)) == "revoked"


def test_attack_call_without_jti(instance: Instance) -> None:
    assert refusal(token(instance, jti="")) == "jti"
