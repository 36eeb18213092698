"""Ids, environment, actors, errors."""

from __future__ import annotations

import json
import uuid

import pytest
from django.test import RequestFactory
from seatkeep_webkit.actors import Actor, ActorKind, actor_from_request, client_ip
from seatkeep_webkit.env import SettingError, env_bool, env_int, env_list, env_path, env_url
from seatkeep_webkit.errors import ConflictError, RateLimitedError
from seatkeep_webkit.ids import new_uid, uid_at
from seatkeep_webkit.problems import problem_response
from seatkeep_webkit.settings import database_from_url


def test_a_uid_is_version_seven_and_sorts_by_time() -> None:
    early, late = uid_at(unix_ms=1000, random_bits=2**74 - 1), uid_at(unix_ms=1001, random_bits=0)
    assert early < late
    assert (new_uid().version, new_uid().variant) == (7, uuid.RFC_4122)


@pytest.mark.parametrize("value", ["", "licensing.example.com", "https://", "http://host:port"])
def test_a_wrong_url_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SEATKEEP_X_URL", value)
    with pytest.raises(SettingError, match=r"^SEATKEEP_X_URL: "):
        env_url("SEATKEEP_X_URL")


def test_readers_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATKEEP_X", "a, b ,,")
    assert env_list("SEATKEEP_X") == ["a", "b"]
    for reader in (env_bool, env_int, env_path):
        with pytest.raises(SettingError, match="SEATKEEP_X"):
            reader("SEATKEEP_X")


def test_a_database_url_may_name_a_socket_folder() -> None:
    found = database_from_url("postgresql://u:p%40ss@/name?host=/run/pg")
    assert (found["HOST"], found["PASSWORD"], found["NAME"]) == ("/run/pg", "p@ss", "name")


def test_attack_spoofed_forwarded_address_from_outside_is_not_believed() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="10.0.0.1")
    assert client_ip(request) == "203.0.113.9"


def test_attack_forwarded_list_begun_by_the_client_counts_only_at_its_end() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="10.0.0.1, 203.0.113.9")
    assert client_ip(request) == "203.0.113.9"


def test_an_actor_set_by_authentication_wins() -> None:
    request = RequestFactory().get("/")
    request.actor = Actor(kind=ActorKind.INSTANCE, id="i", label="Console")  # type: ignore[attr-defined]  # set by APIs
    assert actor_from_request(request).kind is ActorKind.INSTANCE


def test_a_problem_document_has_code_fields_and_extras() -> None:
    error = ConflictError("Taken.", code="name_taken", fields={"name": ["Taken."]}, limit=3)
    response = problem_response(error)
    body = json.loads(response.content)
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert (body["code"], body["errors"], body["limit"]) == ("name_taken", {"name": ["Taken."]}, 3)


def test_a_rate_limit_says_when_to_come_back() -> None:
    assert problem_response(RateLimitedError(retry_after_seconds=7))["Retry-After"] == "7"
