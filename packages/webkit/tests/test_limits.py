"""Rate limits, idempotency keys and the audit journal on real PostgreSQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings
from django.urls import path
from ninja import NinjaAPI, Schema
from ninja.security import HttpBearer
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.selectors import audit_list
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import ConflictError, RateLimitedError
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.ids import new_uid
from seatkeep_webkit.problems import install_error_handlers
from seatkeep_webkit.ratelimit.services import rate_limit
from seatkeep_webkit.testing.models import Computer

MINUTE = timedelta(minutes=1)


class _Bearer(HttpBearer):
    def authenticate(self, request: Any, token: str) -> str | None:
        request.actor = Actor(kind=ActorKind.INSTANCE, id=token, label=token)
        return token if token in ("one", "two") else None


class ComputerIn(Schema):
    """What the test API takes."""

    name: str


api = NinjaAPI(auth=_Bearer(), urls_namespace="test-limits")
install_error_handlers(api)


@api.post("/computers")
@idempotent
def computer_post(request: Any, body: ComputerIn) -> dict[str, int]:
    """Create a computer, unless its name says no."""
    if body.name == "no":
        raise ConflictError("No.", code="no")
    if body.name == "boom":
        raise RuntimeError("boom")
    return {"id": Computer.objects.create(name=body.name, customer="").pk}


urlpatterns = [path("api/", api.urls)]


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    """The addresses of this file for a whole test: threads that each override settings leave them overridden."""
    with override_settings(ROOT_URLCONF=__name__):
        yield


def _post(body: object, *, key: str | None = None, token: str = "one") -> Any:
    headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key is not None else {})}
    raw = body if isinstance(body, str) else json.dumps(body)
    client = Client(raise_request_exception=False)
    return client.post("/api/computers", raw, content_type="application/json", headers=headers)


def _at_once(count: int, act: Callable[[], object]) -> None:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_limit_is_used_up_and_refills(db: None, now: datetime) -> None:
    states = [rate_limit(key="k", limit=3, window=MINUTE, now=now) for _ in range(3)]
    assert [state.remaining for state in states] == [2, 1, 0]
    with pytest.raises(RateLimitedError) as refused:
        rate_limit(key="k", limit=3, window=MINUTE, now=now)
    assert refused.value.extra == {"retry_after_seconds": 20}
    assert rate_limit(key="k", limit=3, window=MINUTE, now=now + timedelta(seconds=20)).remaining == 0


def test_limits_of_other_keys_do_not_count(db: None, now: datetime) -> None:
    rate_limit(key="a", limit=1, window=MINUTE, now=now)
    assert rate_limit(key="b", limit=1, window=MINUTE, now=now).remaining == 0


@pytest.mark.race
def test_contenders_at_once_never_get_more_than_the_limit(transactional_db: None, now: datetime) -> None:
    passed: list[int] = []

    def contend() -> None:
        for _ in range(5):
            try:
                rate_limit(key="race", limit=7, window=MINUTE, now=now)
            except RateLimitedError:
                continue
            passed.append(1)

    _at_once(6, contend)
    assert len(passed) == 7


def test_the_same_key_and_body_is_answered_the_same(transactional_db: None) -> None:
    first, second = _post({"name": "a"}, key="k1"), _post({"name": "a"}, key="k1")
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert second["Idempotency-Replayed"] == "true"
    assert Computer.objects.count() == 1


def test_the_same_key_with_another_body_is_a_conflict(transactional_db: None) -> None:
    _post({"name": "a"}, key="k1")
    answer = _post({"name": "b"}, key="k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


def test_attack_key_of_somebody_else_gives_nothing_of_theirs(transactional_db: None) -> None:
    first = _post({"name": "a"}, key="k1", token="one")
    other = _post({"name": "a"}, key="k1", token="two")
    assert other.json() != first.json()
    assert _post({"name": "a"}, key="k1", token="stolen").status_code == 401


def test_a_refusal_is_not_stored_and_a_failure_leaves_nothing(transactional_db: None) -> None:
    assert _post({"name": "no"}, key="k1").json()["code"] == "no"
    assert "Idempotency-Replayed" not in _post({"name": "no"}, key="k1")
    failed = _post({"name": "boom"}, key="k2")
    assert (failed.status_code, failed.json()["code"]) == (500, "internal")
    assert "boom" not in failed.content.decode()


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "ключ"])
def test_a_malformed_key_is_refused(transactional_db: None, key: str) -> None:
    assert _post({"name": "a"}, key=key).json()["code"] == "idempotency_key_invalid"


@pytest.mark.parametrize("body", ["", "{", "[]", '{"name": 3}', '"x"', "\x00"])
def test_a_garbage_body_is_a_clear_error(transactional_db: None, body: str) -> None:
    answer = _post(body)
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.race
def test_the_same_request_sent_at_once_works_once(transactional_db: None) -> None:
    answers: list[bytes] = []
    _at_once(4, lambda: answers.append(_post({"name": "a"}, key="race").content))
    assert len(set(answers)) == 1
    assert Computer.objects.count() == 1


def test_an_audit_entry_names_who_and_what(db: None, now: datetime) -> None:
    company = new_uid()
    actor = Actor(kind=ActorKind.USER, id="7", label="a@example.com", impersonator="b@example.com", ip="203.0.113.9")
    audit_record(
        actor=actor, action="license:suspend", subject_type="license", subject_id=3, company_uid=company, now=now
    )
    entry = audit_list(company_uids=[company]).get()
    assert (entry.actor_label, entry.impersonator, entry.ip) == ("a@example.com", "b@example.com", "203.0.113.9")
    assert not audit_list(company_uids=[new_uid()]).exists()
    assert not audit_list(company_uids=[]).exists()


@pytest.mark.parametrize("act", ["update", "delete"])
def test_attack_rewriting_the_journal_is_refused_by_the_database(db: None, now: datetime, act: str) -> None:
    audit_record(actor=Actor.system("t"), action="a:b", subject_type="a", subject_id=1, now=now)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(actor_label="x") if act == "update" else AuditEntry.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_attack_a_stored_answer_is_not_readable_in_the_database() -> None:
    first = _post({"name": "a"}, key="k")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM idempotency_idempotencyrecord")
        stored = bytes(cursor.fetchone()[0])
    assert first.content not in stored
    assert _post({"name": "a"}, key="k").content == first.content
