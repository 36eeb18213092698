"""How a device joins, and how another must not."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from protocol_cast import AGENT_KEY, COMPANY, DEVICE, INSTANCE, MALLORY_KEY, NOW, OTHER, ROOT_KEY
from seatkeep_license import errors
from seatkeep_protocol.enrollment import (
    EnrollAddresses,
    EnrollAnswer,
    EnrollRequest,
    JwtRequest,
    NatsAccess,
    Previous,
    PreviousProof,
    answer_decode,
    enroll_build,
    enroll_verify,
    is_previous_proven,
    jwt_request_build,
    jwt_request_verify,
    previous_build,
)
from seatkeep_protocol.messages import OsInfo
from seatkeep_protocol.vocabulary import DeviceKind, OsFamily

CONSOLE = "https://console.example.com"
SECONDS = int(NOW.timestamp())
REQUEST = EnrollRequest(
    aud=CONSOLE,
    iat=SECONDS,
    jti="one",
    hostname="reception-1",
    os=OsInfo(family=OsFamily.LINUX, name="Debian", version="13", arch="x86_64"),
    kind=DeviceKind.WORKSTATION,
    fp={"machine_id": "00"},
    nkey="U" + "A" * 55,
    x25519="A" * 43,
    agent_version="0.1.0",
)
JWT = JwtRequest(aud=CONSOLE, iat=SECONDS, jti="two", device=DEVICE)


def test_request_proves_the_agents_key() -> None:
    assert enroll_verify(enroll_build(REQUEST, AGENT_KEY), audience=CONSOLE, now=NOW) == (REQUEST, AGENT_KEY.verify_key)


def test_a_named_group_travels_along_and_is_left_out_where_there_is_none() -> None:
    named = msgspec.structs.replace(REQUEST, group="Büro/Empfang")

    assert enroll_verify(enroll_build(named, AGENT_KEY), audience=CONSOLE, now=NOW)[0] == named
    assert "group" not in msgspec.to_builtins(REQUEST)


def test_request_to_another_console_is_refused() -> None:
    with pytest.raises(errors.AudienceForeignError):
        enroll_verify(enroll_build(REQUEST, AGENT_KEY), audience="https://other.example", now=NOW)


def test_request_kept_for_later_is_refused() -> None:
    with pytest.raises(errors.ClockSkewError):
        enroll_verify(enroll_build(REQUEST, AGENT_KEY), audience=CONSOLE, now=NOW + timedelta(seconds=121))


@pytest.mark.parametrize("change", [{"nkey": "A" * 56}, {"x25519": "short"}, {"hostname": ""}, {"hostname": "x" * 256}])
def test_request_out_of_shape_is_refused_and_names_the_field(change: dict[str, str]) -> None:
    odd: EnrollRequest = msgspec.structs.replace(REQUEST, **change)
    with pytest.raises(errors.TokenMalformedError, match=next(iter(change))):
        enroll_verify(enroll_build(odd, AGENT_KEY), audience=CONSOLE, now=NOW)


def test_request_for_a_jwt_does_not_enroll() -> None:
    with pytest.raises(errors.TokenMalformedError):
        enroll_verify(jwt_request_build(JWT, AGENT_KEY), audience=CONSOLE, now=NOW)


def test_jwt_is_asked_for_by_the_enrolled_key() -> None:
    token = jwt_request_build(JWT, AGENT_KEY)

    assert jwt_request_verify(token, key=AGENT_KEY.verify_key, audience=CONSOLE, now=NOW) == JWT


def test_jwt_of_another_device_is_not_given_to_a_stranger() -> None:
    with pytest.raises(errors.KeyUnknownError):
        jwt_request_verify(jwt_request_build(JWT, MALLORY_KEY), key=AGENT_KEY.verify_key, audience=CONSOLE, now=NOW)


def vouch(device: str = DEVICE, audience: str = CONSOLE, for_key: str = MALLORY_KEY.kid) -> Previous:
    proof = PreviousProof(aud=audience, iat=SECONDS, device=device, jkt=for_key)
    return Previous(device=DEVICE, proof=previous_build(proof, AGENT_KEY))


def is_proven(previous: Previous, seconds: int = 0) -> bool:
    return is_previous_proven(
        previous,
        old_key=AGENT_KEY.verify_key,
        new_key=MALLORY_KEY.verify_key,
        audience=CONSOLE,
        now=NOW + timedelta(seconds=seconds),
    )


def test_old_key_may_hand_over_to_a_new_one() -> None:
    assert is_proven(vouch())


def test_device_is_not_taken_over_without_its_old_key() -> None:
    forged = PreviousProof(aud=CONSOLE, iat=SECONDS, device=DEVICE, jkt=MALLORY_KEY.kid)

    assert not is_proven(Previous(device=DEVICE, proof=previous_build(forged, MALLORY_KEY)))


@pytest.mark.parametrize(
    "previous", [vouch(device=OTHER), vouch(audience="https://other.example"), vouch(for_key=AGENT_KEY.kid)]
)
def test_proof_for_another_device_console_or_key_proves_nothing(previous: Previous) -> None:
    assert not is_proven(previous)


def test_proof_kept_for_later_proves_nothing() -> None:
    assert not is_proven(vouch(), seconds=121)


def test_answer_says_what_it_is_and_reads_back() -> None:
    answer = EnrollAnswer(
        device=DEVICE,
        company=COMPANY,
        instance=INSTANCE,
        nats=NatsAccess("jwt", ["wss://console.example.com/agent"]),
        root_key=ROOT_KEY.verify_key.jwk,
        min_version=1,
        addresses=EnrollAddresses([CONSOLE], []),
    )

    raw = msgspec.json.encode(answer)
    assert msgspec.json.decode(raw)["status"] == "enrolled"
    assert answer_decode(raw) == answer


def test_answer_of_a_confused_server_is_refused() -> None:
    with pytest.raises(errors.TokenMalformedError):
        answer_decode(b"<html>502</html>")
