"""Takes an import back while nothing that it made is in use or was changed since; all of it, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.agreements.batches import AgreementWish, agreements_close_many, agreements_set_many
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import Terms
from seatkeep_hub.companies.enums import CompanyStatus
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.services import company_rename, company_update
from seatkeep_hub.imports.applying import AGREEMENTS_AT_ONCE, COMPANIES_AT_ONCE, chunks
from seatkeep_hub.imports.cells import Fault, tags_of
from seatkeep_hub.imports.enums import ImportState
from seatkeep_hub.imports.errors import ImportStateError, ImportUsedError
from seatkeep_hub.imports.models import ImportRow, ImportRun
from seatkeep_hub.imports.services import actor_of, alone, lock
from seatkeep_hub.imports.words import fault_words
from seatkeep_hub.licensing.models import License, Seat
from seatkeep_hub.licensing.services import license_quantity_change
from seatkeep_hub.licensing.suspension import company_remove

SHOWN_AT_MOST = 20


class Trace(NamedTuple):
    """What one row did: ids, and what was there before (None: it was made by this import)."""

    number: int
    company_id: int | None
    company_before: dict[str, str] | None
    agreement_id: int | None
    agreement_before: list[object] | None


@transaction.atomic
def import_undo(*, actor: Actor, run: ImportRun, now: datetime) -> ImportRun:
    """Order that an import be taken back (`jobs.undo` does it). Idempotent while it runs or when it is done.

    Companies that it made are removed, their agreements closed; what it changed gets its values back; seats that it
    ordered are given back where nobody ordered since.

    Raises:
        ImportUsedError: Something is in use or was changed since; `rows` lists up to twenty.
        ImportStateError: It was never applied.
    """
    locked = lock(run)
    if locked.state in (ImportState.UNDOING, ImportState.UNDONE):
        return locked
    if locked.state not in (ImportState.APPLIED, ImportState.FAILED) or locked.applied_at is None:
        raise ImportStateError
    found = blockers(locked)
    if found:
        rows = [{"row": row, "code": fault.code, "detail": fault_words(fault.code)} for row, fault in found]
        raise ImportUsedError(rows=rows[:SHOWN_AT_MOST], count=len(rows))
    locked.state, locked.done = ImportState.UNDOING, 0
    locked.save(update_fields=["state", "done"])
    audit_record(
        actor=actor,
        action="import:undo",
        subject_type="import",
        subject_id=str(locked.uid),
        company_uid=locked.target.uid,
        details={"file": locked.file_name, "rows": locked.total},
        now=now,
    )
    return locked


def import_undo_run(*, uid: UUID, now: datetime) -> ImportRun:
    """Do or go on with an undo that was ordered; every step is idempotent, so a killed worker loses nothing."""
    run = ImportRun.objects.select_related("target").get(uid=uid)
    with alone(run) as is_mine:
        run.refresh_from_db()
        return _undo(run, now) if is_mine and run.state == ImportState.UNDOING else run


def blockers(run: ImportRun) -> list[tuple[int, Fault]]:
    """Rows that cannot be taken back, with why."""
    traces = traces_of(run)
    rows = {one.company_id: one.number for one in traces if one.company_id is not None}
    made = {one.company_id for one in traces if one.company_id is not None and one.company_before is None}
    faults = {**_changed(run, traces), **_used(made, rows)}
    return sorted(faults.items())


def _undo(run: ImportRun, now: datetime) -> ImportRun:
    traces = traces_of(run)
    _agreements_undo(run, traces, now)
    _quantities_undo(run, now)
    _companies_undo(run, traces, now)
    run.state, run.finished_at = ImportState.UNDONE, now
    run.save(update_fields=["state", "finished_at"])
    return run


def traces_of(run: ImportRun) -> list[Trace]:
    """What each row did, in the order of the file."""
    found = []
    kept = ImportRow.objects.filter(run=run).exclude(trace={}).order_by("number")
    for number, trace in kept.values_list("number", "trace"):
        company, agreement = trace.get("company", {}), trace.get("agreement", {})
        found.append(
            Trace(number, company.get("id"), company.get("before"), agreement.get("id"), agreement.get("before"))
        )
    return found


def _changed(run: ImportRun, traces: Sequence[Trace]) -> dict[int, Fault]:
    """Every write of the import bears the import's instant, so another instant tells of a later change."""
    companies = {one.company_id: one.number for one in traces if one.company_id is not None}
    agreements = {one.agreement_id: one.number for one in traces if one.agreement_id is not None}
    then = run.applied_at or run.created_at
    later = Company.objects.filter(pk__in=companies).exclude(updated_at=then).values_list("pk", flat=True)
    moved = Agreement.objects.filter(pk__in=agreements).exclude(updated_at=then)
    fault = Fault("", "changed_since")
    numbers = [companies[pk] for pk in later] + [agreements[pk] for pk in moved.values_list("pk", flat=True)]
    return dict.fromkeys(numbers, fault)


def _used(made: set[int], rows: dict[int, int]) -> dict[int, Fault]:
    """Companies that the import made and that somebody uses by now."""
    below = Company.objects.filter(parent__in=made).exclude(pk__in=made).exclude(status=CompanyStatus.REMOVED)
    found = {
        "used_child": below.values_list("parent_id", flat=True),
        "used_license": License.objects.filter(owner__in=made).values_list("owner_id", flat=True),
        "used_person": User.objects.filter(company__in=made).values_list("company_id", flat=True),
        "used_seat": Seat.objects.filter(node__company__in=made).values_list("node__company_id", flat=True),
    }
    return {rows[pk]: Fault("", code) for code, ids in found.items() for pk in ids}


def _agreements_undo(run: ImportRun, traces: Sequence[Trace], now: datetime) -> None:
    before = {one.agreement_id: one.agreement_before for one in traces if one.agreement_id is not None}
    found = Agreement.objects.filter(pk__in=before, closed_at=None).select_related("company", "license", "product")
    by_license: dict[int, list[Agreement]] = {}
    for one in found.order_by("id"):
        by_license.setdefault(one.license_id, []).append(one)
    for agreements in by_license.values():
        for chunk in chunks(agreements, AGREEMENTS_AT_ONCE):
            _agreements_chunk(run, chunk, before, now)


@transaction.atomic
def _agreements_chunk(
    run: ImportRun, chunk: Sequence[Agreement], before: dict[int, list[object] | None], now: datetime
) -> None:
    actor, license = actor_of(run), chunk[0].license
    made = [one for one in chunk if before[one.pk] is None]
    wishes = [
        AgreementWish(one.company, one.product.code, Terms(*terms))  # type: ignore[arg-type]  # as `numbers_of` wrote it
        for one in chunk
        if (terms := before[one.pk]) is not None
    ]
    agreements_set_many(actor=actor, license=license, wishes=wishes, now=now, note=f"{run}")
    agreements_close_many(actor=actor, license=license, agreements=made, now=now)
    _count(run, len(chunk))


def _quantities_undo(run: ImportRun, now: datetime) -> None:
    for license_id, (before, after, entry) in run.quantities.items():
        license = License.objects.get(pk=int(license_id))
        if before != after and license.last_entry_number == entry:
            license_quantity_change(
                actor=actor_of(run), license=license, quantity=before, now=now, note=f"{run}: import undone"
            )


def _companies_undo(run: ImportRun, traces: Sequence[Trace], now: datetime) -> None:
    before = {one.company_id: one.company_before for one in traces if one.company_id is not None}
    # The deepest first, so that nothing is left below what is removed.
    found = sorted(Company.objects.filter(pk__in=before), key=lambda one: -one.depth)
    for chunk in chunks(found, COMPANIES_AT_ONCE):
        with transaction.atomic():
            for company in chunk:
                _company_undo(run, company, before[company.pk], now)
            _count(run, len(chunk))


def _company_undo(run: ImportRun, company: Company, before: dict[str, str] | None, now: datetime) -> None:
    actor = actor_of(run)
    if before is None:
        company_remove(actor=actor, company=company, now=now)
        return
    values: dict[str, Any] = {name: tags_of(text) if name == "tags" else text for name, text in before.items()}
    if "name" in values:
        company = company_rename(actor=actor, company=company, name=str(values.pop("name")), now=now)
    company_update(actor=actor, company=company, now=now, **values)


def _count(run: ImportRun, done: int) -> None:
    run.done += done
    run.save(update_fields=["done"])
