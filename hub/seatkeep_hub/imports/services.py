"""Writes of imports: take a file, name its columns, plan, and hand over to the jobs that apply and undo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from seatkeep_webkit.actors import Actor, actor_pack, actor_unpack
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.companies.errors import AccessDeniedError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.imports import files, form
from seatkeep_hub.imports.cells import Entry, Fault
from seatkeep_hub.imports.enums import AdvisoryLock, ImportState, RowResult
from seatkeep_hub.imports.errors import (
    ImportFileError,
    ImportHasErrorsError,
    ImportMappingError,
    ImportStateError,
)
from seatkeep_hub.imports.models import ColumnMemory, ImportRow, ImportRun
from seatkeep_hub.imports.planning import RowPlan, plan
from seatkeep_hub.imports.selectors import world_read
from seatkeep_hub.imports.words import file_words, mapping_words

ROWS_AT_ONCE = 2_000


@transaction.atomic
def import_begin(
    *, actor: Actor, target: Company, file_name: str, content: bytes, now: datetime, is_json: bool = False
) -> ImportRun:
    """Take a file into a company, and guess which column is what. Nothing of it is written yet, no mail is sent.

    Args:
        actor: Who does it; whether they may change `target` is the caller's look-up.
        target: Rows without a parent come to stand directly below it.
        file_name: For people.
        content: At most `files.MAX_BYTES`.
        now: Current time, aware UTC.
        is_json: The content is rows as JSON.

    Raises:
        ImportFileError: The file cannot be read; `error_code` says why.
    """
    table = table_of(content, is_json=is_json)
    memory = ColumnMemory.objects.filter(company=target).first()
    run = ImportRun.objects.create(
        target=target,
        file_name=file_name[-200:],
        content=content,
        is_json=is_json,
        header=list(table.header),
        mapping=form.guess(table.header, memory.headings if memory else {}),
        actor=actor_pack(actor),
        actor_label=actor.label[:200],
        total=len(table.lines),
        created_at=now,
    )
    _record(run, actor, "upload", now)
    return run


@transaction.atomic
def import_map(*, run: ImportRun, mapping: Mapping[str, int], erases_empty: bool = False) -> ImportRun:
    """Say which column holds what, remember it for the next file, and have the rows checked (`jobs.check`).

    Args:
        run: The import.
        mapping: Index of the column, by field.
        erases_empty: Empty cells erase what is there; by default they keep it.

    Raises:
        ImportMappingError: A column is named that is not there, or twice, or none holds the number.
        ImportStateError: It is applied already, or being applied.
    """
    locked = lock(run)
    if locked.state not in (ImportState.READ, ImportState.PLANNED, ImportState.PLANNING):
        raise ImportStateError
    faults = form.mapping_faults(mapping, locked.header)
    if faults:
        raise ImportMappingError(fields={name: [mapping_words(code)] for name, code in faults.items()})
    locked.mapping, locked.state, locked.done = dict(mapping), ImportState.PLANNING, 0
    locked.erases_empty = erases_empty
    locked.save(update_fields=["mapping", "state", "done", "erases_empty"])
    headings = {name: locked.header[index] for name, index in mapping.items()}
    ColumnMemory.objects.update_or_create(company_id=locked.target_id, defaults={"headings": headings})
    return locked


@transaction.atomic
def import_check(*, uid: UUID) -> ImportRun:
    """Plan every row against what there is now, and keep the result per row. Idempotent; writes nothing else."""
    run = lock(ImportRun.objects.only("pk").get(uid=uid))
    if run.state == ImportState.PLANNING:
        rows_keep(run, plan_make(run))
        run.state = ImportState.PLANNED
        run.save(update_fields=["state"])
    return run


@transaction.atomic
def import_apply(*, actor: Actor, run: ImportRun, now: datetime) -> ImportRun:
    """Order the work of a checked import (`jobs.apply` does it). Idempotent while it runs or when it is done.

    It is done in the name, and with the access, of whoever applies it. An import that stopped on the way goes on
    where it was.

    Raises:
        ImportHasErrorsError: A row has an error.
        ImportStateError: It is not checked yet, or undone.
    """
    locked = lock(run)
    if locked.state in (ImportState.APPLYING, ImportState.APPLIED):
        return locked
    if locked.state not in (ImportState.PLANNED, ImportState.FAILED):
        raise ImportStateError
    if locked.state == ImportState.PLANNED and locked.counts.get(RowResult.ERROR):
        raise ImportHasErrorsError
    locked.state, locked.applied_at, locked.note = ImportState.APPLYING, locked.applied_at or now, ""
    locked.actor, locked.actor_label = actor_pack(actor), actor.label[:200]
    locked.save(update_fields=["state", "applied_at", "note", "actor", "actor_label"])
    _record(locked, actor, "apply", now)
    return locked


def table_of(content: bytes, *, is_json: bool) -> files.Table:
    """Read a file.

    Raises:
        ImportFileError: It breaks a limit, or is none.
    """
    try:
        return files.table_of_json(content) if is_json else files.table_read(content)
    except files.TableFileError as error:
        raise ImportFileError(file_words(error.code, error.detail), code=f"import_{error.code}") from error


def plan_make(run: ImportRun) -> list[RowPlan]:
    """Plan a run's rows against what there is now; the one who uploaded must still be allowed to.

    Raises:
        AccessDeniedError: They may not change the target any more.
    """
    table = table_of(bytes(run.content), is_json=run.is_json)
    entries = [_entry(line, run.mapping) for line in table.lines]
    keys = {entry.texts.get(name, "") for entry in entries for name in (form.KEY, "parent_identifier")} - {""}
    names = {entry.texts.get("name", "") for entry in entries} - {""}
    world = world_read(actor=actor_of(run), target=run.target, keys=keys, names=names)
    if not world.target.can_write:
        raise AccessDeniedError
    return plan(entries, world, erases_empty=run.erases_empty)


def rows_keep(run: ImportRun, rows: Iterable[RowPlan]) -> None:
    """Keep what each row would do, in place of what was kept before."""
    ImportRow.objects.filter(run=run).delete()
    made = [
        ImportRow(
            run=run,
            number=row.number,
            key=row.key[:100],
            name=row.name[:200],
            result=row.result,
            faults=[list(fault) for fault in row.faults],
            changes=row.changes,
        )
        for row in rows
    ]
    ImportRow.objects.bulk_create(made, batch_size=ROWS_AT_ONCE)
    run.counts = {str(result): sum(row.result == result for row in made) for result in RowResult}
    run.save(update_fields=["counts"])


def lock(run: ImportRun) -> ImportRun:
    """Lock a run and read it anew."""
    return ImportRun.objects.select_for_update(of=("self",)).select_related("target").get(pk=run.pk)


@contextmanager
def alone(run: ImportRun) -> Iterator[bool]:
    """Whether nobody else works on this run; holds it until the end, or until a killed worker's connection is gone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [AdvisoryLock.IMPORT_RUN.value, run.pk % 2**31])
        is_mine = bool(cursor.fetchone()[0])
        try:
            yield is_mine
        finally:
            if is_mine:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [AdvisoryLock.IMPORT_RUN.value, run.pk % 2**31])


def actor_of(run: ImportRun) -> Actor:
    """Who uploaded it, then who applied it: in whose name, and with whose access, the jobs work."""
    return actor_unpack(run.actor)


def _entry(line: files.Line, mapping: Mapping[str, int]) -> Entry:
    texts = {name: line.cells[index] for name, index in mapping.items()}
    faults = [Fault(name, line.faults[index]) for name, index in mapping.items() if index in line.faults]
    if "more_cells" in line.faults.values() and not any(fault.code == "more_cells" for fault in faults):
        faults.append(Fault(form.KEY, "more_cells"))
    return Entry(line.number, texts, tuple(faults))


def _record(run: ImportRun, actor: Actor, verb: str, now: datetime) -> None:
    audit_record(
        actor=actor,
        action=f"import:{verb}",
        subject_type="import",
        subject_id=str(run.uid),
        company_uid=run.target.uid,
        details={"file": run.file_name, "rows": run.total},
        now=now,
    )
