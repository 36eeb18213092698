"""The journal in words."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.services import Detail, audit_record
from seatkeep_webkit.audit.tables import AuditTable
from seatkeep_webkit.audit.words import AuditLine, AuditWords, Named

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
ALICE = Actor(ActorKind.USER, "1", "alice@example.com")
SHOP = "0190a1f0-0000-7000-8000-000000000001"
WORDS = AuditWords(
    actions={"license:suspend": "License suspended", "company:create": "Company created"},
    subjects={"license": "License"},
    labels={"quantity": "seats"},
    values={"FLEXIBLE": "Flexible"},
    programs={"first run": "Set-up"},
    names=lambda ids: {one: Named("Shop", "/shop/") for one in ids if one == SHOP},
)


class Journal(AuditTable):
    words = WORDS


def entry(
    action: str, details: dict[str, Detail] | None = None, *, actor: Actor = ALICE, about: str = "x"
) -> AuditEntry:
    return AuditEntry(
        actor_kind=actor.kind, actor_label=actor.label, impersonator=actor.impersonator, action=action,
        subject_type=action.partition(":")[0], subject_id=about, details=details or {},
    )  # fmt: skip


def line(one: AuditEntry) -> AuditLine:
    return WORDS.lines([one])[0]


def test_codes_become_words() -> None:
    read = line(entry("license:suspend", {"mode": "FLEXIBLE", "quantity": 3, "is_forced": True}))
    assert (read.what, read.subject) == ("License suspended", "License")
    assert read.details == (("Mode", "Flexible"), ("seats", "3"), ("Is forced", "yes"))


def test_what_is_empty_is_left_out() -> None:
    assert line(entry("license:suspend", {"stop_above": None, "note": "", "quantity": 0})).details == (("seats", "0"),)


def test_the_name_is_not_said_twice() -> None:
    assert line(entry("company:create", {"name": "Shop", "kind": "CUSTOMER"}, about=SHOP)).details == (
        ("Kind", "CUSTOMER"),
    )


def test_a_code_without_words_is_legible() -> None:
    assert line(entry("lease_key:rotate")).what == "Lease key: rotate"


def test_an_id_becomes_a_name_as_subject_and_as_detail() -> None:
    assert line(entry("license:suspend", about=SHOP)).about == Named("Shop", "/shop/")
    assert line(entry("license:suspend", {"to": SHOP})).details == (("To", "Shop"),)


def test_ids_of_all_entries_are_looked_up_at_once() -> None:
    asked: list[set[str]] = []
    words = AuditWords({}, {}, names=lambda ids: asked.append(set(ids)) or {})
    words.lines([entry("a:b", about=SHOP), entry("a:b", {"x": str(uuid.UUID(int=5)), "note": "not an id"})])
    assert asked == [{SHOP, str(uuid.UUID(int=5))}]


def test_the_program_and_who_acts_for_another_are_named() -> None:
    assert line(entry("a:b", actor=Actor.system("first run"))).who == "Set-up"
    boss = Actor(ActorKind.USER, "1", "alice@example.com", impersonator="boss@example.com")
    assert line(entry("a:b", actor=boss)).who == "boss@example.com as alice@example.com"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "seen"),
    [("q=suspended", ["license:suspend"]), ("q=bakery", ["company:create"]), ("about=license", ["license:suspend"]),
     ("by=SYSTEM", []), ("by=USER", ["company:create", "license:suspend"])],
)  # fmt: skip
def test_the_journal_is_searched_by_words_and_narrowed(rf: RequestFactory, query: str, seen: list[str]) -> None:
    audit_record(actor=ALICE, action="license:suspend", subject_type="license", subject_id="1", now=NOW)
    audit_record(
        actor=ALICE, action="company:create", subject_type="company", subject_id="2",
        details={"name": "Bakery"}, now=NOW,
    )  # fmt: skip
    request = rf.get(f"/audit/?{query}")
    request.user = AnonymousUser()
    table = Journal(request, AuditEntry.objects.all())
    assert [one.action for one in table.page.items] == seen


@pytest.mark.django_db
def test_a_file_holds_words_too(rf: RequestFactory) -> None:
    audit_record(
        actor=ALICE, action="license:suspend", subject_type="license", subject_id=SHOP, details={"quantity": 2}, now=NOW
    )
    request = rf.get("/audit/?export=csv")
    request.user = AnonymousUser()
    answer = Journal(request, AuditEntry.objects.all()).response("")
    said = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "License suspended" in said
    assert "License Shop" in said
    assert "seats: 2" in said
