"""Attacks on signed tokens, and agreement with PyJWT."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from license_cast import (
    ACTIVATE,
    DEVICE_KEY,
    HUB,
    HUB_KEY,
    HUB_KEYS,
    INSTANCE_KEY,
    LEASE,
    MALLORY_KEY,
    NOW,
    NOW_SECONDS,
    TICKET,
)
from seatkeep_license import errors, jose
from seatkeep_license.encoding import b64url_encode
from seatkeep_license.keys import KeySet, SigningKey, VerifyKey
from seatkeep_license.leases import LEASE_TYP, lease_sign, lease_verify
from seatkeep_license.requests import activate_build, activate_verify
from seatkeep_license.tickets import ticket_sign, ticket_verify

CLAIMS: dict[str, Any] = {"aud": HUB, "iss": "me", "iat": NOW_SECONDS, "exp": NOW_SECONDS + 60}
TYP = "seatkeep-test+jwt"


def verify(token: str | bytes, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {"typ": TYP, "now": NOW, "keyset": HUB_KEYS, "audience": HUB} | changes
    return jose.verify(token, **arguments)


def forged(header: dict[str, Any], claims: dict[str, Any] = CLAIMS, key: SigningKey = HUB_KEY) -> str:
    parts = b64url_encode(json.dumps(header).encode()) + b"." + b64url_encode(json.dumps(claims).encode())
    return (parts + b"." + b64url_encode(key.sign(parts))).decode()


def test_what_was_signed_comes_back() -> None:
    assert verify(jose.sign(CLAIMS, HUB_KEY, TYP)) == CLAIMS


def test_our_token_verifies_with_pyjwt() -> None:
    token = jose.sign(CLAIMS, HUB_KEY, TYP)

    public_key = jwt.PyJWK(HUB_KEY.verify_key.jwk)
    claims = jwt.decode(token, public_key, algorithms=["EdDSA"], audience=HUB, options={"verify_exp": False})

    assert claims == CLAIMS


def test_token_of_pyjwt_verifies_here() -> None:
    private_key = jwt.PyJWK({**HUB_KEY.verify_key.jwk, "d": b64url_encode(HUB_KEY.seed).decode()})

    token = jwt.encode(CLAIMS, private_key, algorithm="EdDSA", headers={"typ": TYP, "kid": HUB_KEY.kid})

    assert verify(token) == CLAIMS


def test_alg_none_is_refused() -> None:
    header = b64url_encode(json.dumps({"alg": "none", "typ": TYP, "kid": HUB_KEY.kid}).encode())
    with pytest.raises(errors.TokenAlgorithmError):
        verify(header + b"." + b64url_encode(json.dumps(CLAIMS).encode()) + b".")


def test_hs256_with_the_public_key_as_secret_is_refused() -> None:
    token = jwt.encode(CLAIMS, HUB_KEY.verify_key.raw, algorithm="HS256", headers={"typ": TYP, "kid": HUB_KEY.kid})
    with pytest.raises(errors.TokenAlgorithmError):
        verify(token)


def test_token_for_another_use_is_refused() -> None:
    with pytest.raises(errors.TokenTypeError):
        verify(jose.sign(CLAIMS, HUB_KEY, LEASE_TYP))


def test_token_by_an_unknown_key_is_refused_and_names_it() -> None:
    with pytest.raises(errors.KeyUnknownError) as refused:
        verify(jose.sign(CLAIMS, MALLORY_KEY, TYP))
    assert refused.value.kid == MALLORY_KEY.kid


def test_foreign_signature_under_a_trusted_kid_is_refused() -> None:
    with pytest.raises(errors.SignatureInvalidError):
        verify(forged({"alg": "EdDSA", "typ": TYP, "kid": HUB_KEY.kid}, key=MALLORY_KEY))


def test_own_key_in_the_header_does_not_make_it_trusted() -> None:
    header = {"alg": "EdDSA", "typ": TYP, "kid": HUB_KEY.kid, "jwk": MALLORY_KEY.verify_key.jwk}
    with pytest.raises(errors.SignatureInvalidError):
        verify(forged(header, key=MALLORY_KEY))


@pytest.mark.parametrize(
    "extra", [{"crit": ["exp"]}, {"jku": "https://evil.example/jwks"}, {"x5u": "x"}, {"b64": False}]
)
def test_header_with_an_extension_is_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(errors.TokenMalformedError):
        verify(forged({"alg": "EdDSA", "typ": TYP, "kid": HUB_KEY.kid} | extra))


def test_token_without_kid_is_refused() -> None:
    with pytest.raises(errors.TokenMalformedError):
        verify(forged({"alg": "EdDSA", "typ": TYP}))


@pytest.mark.parametrize("audience", ["https://other.example", "HTTPS://licensing.example.com", "", None, [HUB]])
def test_token_for_a_foreign_audience_is_refused(audience: object) -> None:
    with pytest.raises(errors.AudienceForeignError):
        verify(jose.sign({**CLAIMS, "aud": audience}, HUB_KEY, TYP))


def test_token_of_a_foreign_issuer_is_refused() -> None:
    with pytest.raises(errors.IssuerForeignError):
        verify(jose.sign(CLAIMS, HUB_KEY, TYP), issuer="you")


def test_expired_token_is_refused_from_expiry_plus_leeway_on() -> None:
    token = jose.sign(CLAIMS, HUB_KEY, TYP)
    last = NOW + timedelta(seconds=60 + 120)

    verify(token, now=last - timedelta(microseconds=1))
    with pytest.raises(errors.TokenExpiredError):
        verify(token, now=last)


def test_token_from_the_future_is_refused_beyond_the_leeway() -> None:
    token = jose.sign(CLAIMS, HUB_KEY, TYP)

    verify(token, now=NOW - timedelta(seconds=120))
    with pytest.raises(errors.ClockSkewError):
        verify(token, now=NOW - timedelta(seconds=121))


@pytest.mark.parametrize("value", ["soon", 1.5, True, -1, 10**18])
def test_expiry_that_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(errors.TokenMalformedError):
        verify(jose.sign({**CLAIMS, "exp": value}, HUB_KEY, TYP))


@pytest.mark.parametrize("garbage", [b"", b".", b"..", b"a.b.c", b"\xff\xfe.\x00.x", b"a" * 20_000, b"e30.e30.e30.e30"])
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(errors.TokenMalformedError):
        verify(garbage)


def test_deeply_nested_claims_are_refused() -> None:
    parts = jose.sign({}, HUB_KEY, TYP).encode().split(b".")
    bomb = parts[0] + b"." + b64url_encode(b'{"a":' + b"[" * 5_000)
    with pytest.raises(errors.TokenMalformedError):
        verify(bomb + b"." + b64url_encode(HUB_KEY.sign(bomb)))


def test_second_spelling_of_the_same_signature_is_refused() -> None:
    token = jose.sign(CLAIMS, HUB_KEY, TYP)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sibling = alphabet[alphabet.index(token[-1]) ^ 1]
    with pytest.raises(errors.TokenMalformedError):
        verify(token[:-1] + sibling)


def test_padding_and_line_ends_are_refused() -> None:
    token = jose.sign(CLAIMS, HUB_KEY, TYP)
    for spelling in (token + "==", token + "\n", " " + token):
        with pytest.raises(errors.TokenError):
            verify(spelling)


flips = st.tuples(st.integers(min_value=0), st.integers(min_value=1, max_value=255))


def flip(token: str, place_and_mask: tuple[int, int]) -> bytes:
    raw = bytearray(token.encode())
    raw[place_and_mask[0] % len(raw)] ^= place_and_mask[1]
    return bytes(raw)


@given(flips)
def test_no_flipped_byte_of_a_lease_verifies(place_and_mask: tuple[int, int]) -> None:
    with pytest.raises(errors.TokenError):
        lease_verify(flip(lease_sign(LEASE, HUB_KEY), place_and_mask), HUB_KEYS)


@given(flips)
def test_no_flipped_byte_of_a_ticket_verifies(place_and_mask: tuple[int, int]) -> None:
    token = flip(ticket_sign(TICKET, INSTANCE_KEY), place_and_mask)
    with pytest.raises(errors.TokenError):
        ticket_verify(token, keys=INSTANCE_KEY.verify_key, audience=HUB, now=NOW, device_key=DEVICE_KEY.verify_key)


@given(flips)
def test_no_flipped_byte_of_a_request_verifies(place_and_mask: tuple[int, int]) -> None:
    with pytest.raises(errors.TokenError):
        activate_verify(flip(activate_build(ACTIVATE, DEVICE_KEY), place_and_mask), audience=HUB, now=NOW)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_as_a_token_and_nothing_worse(raw: bytes) -> None:
    with pytest.raises(errors.TokenError):
        verify(raw)


def test_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    # RFC 8037, appendix A.3.
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

    assert VerifyKey.from_jwk(jwk).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_jwk_that_claims_the_id_of_another_key_is_refused() -> None:
    with pytest.raises(errors.KeyMaterialError):
        VerifyKey.from_jwk({**MALLORY_KEY.verify_key.jwk, "kid": HUB_KEY.kid})


def test_private_key_in_a_jwks_is_refused() -> None:
    leaked = {**HUB_KEY.verify_key.jwk, "d": b64url_encode(HUB_KEY.seed).decode()}
    with pytest.raises(errors.KeyMaterialError):
        KeySet.from_jwks({"keys": [leaked]})


def test_jwks_survives_a_round_trip_and_leaves_out_other_kinds_of_keys() -> None:
    jwks: dict[str, Any] = {"keys": [*HUB_KEYS.to_jwks()["keys"], {"kty": "RSA", "n": "x", "e": "AQAB"}]}

    assert [key.kid for key in KeySet.from_jwks(jwks)] == [HUB_KEY.kid]


def test_repr_of_a_signing_key_does_not_show_its_seed() -> None:
    assert HUB_KEY.seed.hex() not in repr(HUB_KEY)
    assert repr(HUB_KEY) == f"SigningKey({HUB_KEY.kid})"


def test_naive_time_is_a_programming_error() -> None:
    with pytest.raises(TypeError):
        verify(jose.sign(CLAIMS, HUB_KEY, TYP), now=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))
