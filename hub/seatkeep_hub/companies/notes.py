"""Notes about a company: dated, with their author; edited by the author, removed by whoever may change the company."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.companies import rules
from seatkeep_hub.companies.errors import NoteAuthorError, NoteNotFoundError
from seatkeep_hub.companies.fields import faults_raise
from seatkeep_hub.companies.models import Company, CompanyNote


def note_list(company: Company) -> QuerySet[CompanyNote]:
    """Notes about one company, the newest first; whether the viewer may see it is the caller's look-up."""
    return CompanyNote.objects.filter(company=company).order_by("-id")


def note_get(company: Company, uid: UUID) -> CompanyNote:
    """One note about a company that the viewer may see.

    Raises:
        NoteNotFoundError: There is none.
    """
    found = note_list(company).filter(uid=uid).first()
    if found is None:
        raise NoteNotFoundError
    return found


@transaction.atomic
def note_add(*, actor: Actor, company: Company, text: str, now: datetime) -> CompanyNote:
    """Write something down about a company; up to 4,000 characters.

    Raises:
        CompanyFieldError: The text is empty, too long, or not to be shown.
    """
    note = CompanyNote.objects.create(
        company=company, text=_checked(text), author=actor.label[:200], author_id=actor.id[:64], created_at=now
    )
    _record(note, actor, "add", now)
    return note


@transaction.atomic
def note_edit(*, actor: Actor, note: CompanyNote, text: str, now: datetime) -> CompanyNote:
    """Change the text of one's own note. The same text changes nothing.

    Raises:
        NoteAuthorError: Somebody else wrote it.
        CompanyFieldError: The text is empty, too long, or not to be shown.
    """
    locked = CompanyNote.objects.select_for_update().get(pk=note.pk)
    if not is_author(actor, locked):
        raise NoteAuthorError
    text = _checked(text)
    if locked.text != text:
        locked.text, locked.edited_at = text, now
        locked.save(update_fields=["text", "edited_at"])
        _record(locked, actor, "edit", now)
    return locked


@transaction.atomic
def note_delete(*, actor: Actor, note: CompanyNote, now: datetime) -> None:
    """Remove a note for good. Idempotent."""
    deleted, _ = CompanyNote.objects.filter(pk=note.pk).delete()
    if deleted:
        _record(note, actor, "delete", now)


def is_author(actor: Actor, note: CompanyNote) -> bool:
    """Whether this actor wrote the note."""
    return note.author_id == actor.id[:64]


def _checked(text: str) -> str:
    fault = rules.note_fault(text)
    faults_raise({"text": fault} if fault else {})
    return text.strip()


def _record(note: CompanyNote, actor: Actor, verb: str, now: datetime) -> None:
    # The text itself stays out of the journal, which nobody can edit.
    audit_record(
        actor=actor,
        action=f"company-note:{verb}",
        subject_type="company",
        subject_id=str(note.company.uid),
        company_uid=note.company.uid,
        details={"author": note.author},
        now=now,
    )
