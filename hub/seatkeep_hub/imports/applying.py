"""Does what was planned, in short transactions, so that no device waits long and a killed worker goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.errors import AppError

from seatkeep_hub.agreements.batches import AgreementWish, agreements_set_many
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import Terms
from seatkeep_hub.companies.enums import CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.services import CompanyWish, companies_create, company_rename, company_update
from seatkeep_hub.imports.cells import tags_of
from seatkeep_hub.imports.enums import ImportState
from seatkeep_hub.imports.form import KEY
from seatkeep_hub.imports.models import ImportRow, ImportRun
from seatkeep_hub.imports.planning import CompanyStep, RowPlan, steps_in_order
from seatkeep_hub.imports.selectors import numbers_of, uids_in, values_of
from seatkeep_hub.imports.services import actor_of, alone, lock, plan_make, rows_keep
from seatkeep_hub.licensing.models import License

COMPANIES_AT_ONCE = 200
AGREEMENTS_AT_ONCE = 100
"""So few, because devices that activate on the same license wait meanwhile: some tenths of a second."""
_T = TypeVar("_T")


def import_apply_run(*, uid: UUID, now: datetime) -> ImportRun:
    """Do or go on with an import that was ordered.

    It is planned anew first: where somebody changed something meanwhile so that a row has an error now, nothing is
    written and the import is back at its check. Each chunk is a transaction; a refusal stops it there, with the row
    that was refused, and what was done before can be undone. A second worker leaves it to the first.
    """
    run = ImportRun.objects.select_related("target").get(uid=uid)
    with alone(run) as is_mine:
        run.refresh_from_db()
        return _apply(run, now) if is_mine and run.state == ImportState.APPLYING else run


def chunks(items: Sequence[_T], size: int) -> Iterator[list[_T]]:
    """Parts of at most `size`, in order."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _apply(run: ImportRun, now: datetime) -> ImportRun:
    try:
        rows = plan_make(run)
        if any(row.faults for row in rows):
            return _back(run, rows)
        run.done = ImportRow.objects.filter(run=run).exclude(trace={}).count()
        _companies_apply(run, rows)
        _agreements_apply(run, rows)
    except AppError as error:
        return _end(run, ImportState.FAILED, now, note=str(error.detail))
    run.content = b""  # Nothing reads it any more: undoing goes by the traces of the rows.
    return _end(run, ImportState.APPLIED, now)


@transaction.atomic
def _back(run: ImportRun, rows: Sequence[RowPlan]) -> ImportRun:
    locked = lock(run)
    if ImportRow.objects.filter(run=locked).exclude(trace={}).exists():
        faulty = next(row for row in rows if row.faults)
        return _end(locked, ImportState.FAILED, None, note=f"{faulty.number}: {faulty.faults[0].code}")
    rows_keep(locked, rows)
    locked.state, locked.applied_at, locked.note = ImportState.PLANNED, None, "changed_meanwhile"
    locked.save(update_fields=["state", "applied_at", "note"])
    return locked


def _end(run: ImportRun, state: ImportState, now: datetime | None, *, note: str = "") -> ImportRun:
    run.state, run.finished_at, run.note = state, now, note[:500]
    run.save(update_fields=["state", "finished_at", "note", "content"])
    return run


def _companies_apply(run: ImportRun, rows: Sequence[RowPlan]) -> None:
    actor, made = actor_of(run), dict[str, Company]()
    for chunk in chunks(steps_in_order(rows), COMPANIES_AT_ONCE):
        with transaction.atomic():
            kept = _rows_of(run, chunk)
            traces = _companies_chunk(run, [row.company for row in chunk if row.company], made, actor)
            numbers = [row.number for row in chunk if row.company]
            _progress(run, kept, {number: {"company": trace} for number, trace in zip(numbers, traces, strict=True)})


def _companies_chunk(
    run: ImportRun, steps: Sequence[CompanyStep], made: dict[str, Company], actor: Actor
) -> list[dict[str, object]]:
    """Make or change companies in the order given; new ones that follow each other together.

    Returns:
        Each one's trace: its id, and the values before, or None for a new one.
    """
    known = [one.parent_id for one in steps if one.place is None and one.parent_id is not None]
    parents = Company.objects.defer("search").in_bulk(known)
    traces: list[dict[str, object]] = []
    for part in _parts(steps):
        if part[0].place is not None:
            traces.append(_company_change(run, part[0], part[0].place.id, actor))
            continue
        above = [made[one.parent_key] if one.parent_id is None else parents[one.parent_id] for one in part]
        wishes = [_wish(one, parent) for one, parent in zip(part, above, strict=True)]
        new = companies_create(actor=actor, wishes=wishes, now=run.applied_at or run.created_at)
        made.update(zip((one.key for one in part), new, strict=True))
        traces += [{"id": company.pk, "before": None} for company in new]
    return traces


def _parts(steps: Sequence[CompanyStep]) -> Iterator[list[CompanyStep]]:
    """Steps that can be done together, in order: one change, or new companies of which none stands below another."""
    part: dict[str, CompanyStep] = {}
    for one in steps:
        is_alone = one.place is not None
        if part and (is_alone or (one.parent_id is None and one.parent_key in part)):
            yield list(part.values())
            part = {}
        if is_alone:
            yield [one]
        else:
            part[one.key] = one
    if part:
        yield list(part.values())


def _wish(step: CompanyStep, above: Company) -> CompanyWish:
    values = _values(step)
    name = str(values.pop("name"))
    return CompanyWish(step.kind, name, above, {**values, KEY: step.key})


def _company_change(run: ImportRun, step: CompanyStep, company_id: int, actor: Actor) -> dict[str, object]:
    now, values = run.applied_at or run.created_at, _values(step)
    company = Company.objects.get(pk=company_id)
    before = {name: value for name, value in values_of(company).items() if name in step.values}
    if "name" in values:
        company = company_rename(actor=actor, company=company, name=str(values.pop("name")), now=now)
    company_update(actor=actor, company=company, now=now, **values)
    return {"id": company.pk, "before": before}


def _values(step: CompanyStep) -> dict[str, Any]:
    return {name: tags_of(text) if name == "tags" else text for name, text in step.values.items()}


def _agreements_apply(run: ImportRun, rows: Sequence[RowPlan]) -> None:
    by_license: dict[int, list[RowPlan]] = {}
    for row in rows:
        if row.agreement is not None:
            by_license.setdefault(row.agreement.license_id, []).append(row)
    for license_id, steps in by_license.items():
        companies = _companies_of(run, steps)
        for chunk in chunks(steps, AGREEMENTS_AT_ONCE):
            _agreements_chunk(run, License.objects.get(pk=license_id), chunk, companies)


@transaction.atomic
def _agreements_chunk(
    run: ImportRun, license: License, chunk: Sequence[RowPlan], companies: dict[str, Company]
) -> None:
    steps = [row.agreement for row in chunk if row.agreement is not None]
    wishes = [AgreementWish(companies[one.key], one.product, Terms(*one.numbers)) for one in steps]
    before = _agreements_before(license, [wish.company.pk for wish in wishes])
    made = agreements_set_many(
        actor=actor_of(run), license=license, wishes=wishes, now=run.applied_at or run.created_at, note=f"{run}"
    )
    kept = _rows_of(run, chunk)
    traces: dict[int, dict[str, object]] = {
        row.number: {"agreement": {"id": agreement.pk, "before": before.get(agreement.pk)}}
        for row, agreement in zip(chunk, made, strict=True)
    }
    _quantity_note(run, license)
    _progress(run, kept, traces)


def _agreements_before(license: License, company_ids: Sequence[int]) -> dict[int, list[object]]:
    found = Agreement.objects.filter(license=license, company__in=company_ids, closed_at=None)
    return {one.pk: list(numbers_of(one)) for one in found}


def _companies_of(run: ImportRun, rows: Sequence[RowPlan]) -> dict[str, Company]:
    keys = {row.agreement.key for row in rows if row.agreement}
    below = Company.objects.filter(path__contains=[run.target.pk]).exclude(status=CompanyStatus.REMOVED)
    meant = Q(custom_identifier__in=keys) | Q(custom_identifier="", uid__in=uids_in(keys))
    return {one.custom_identifier or str(one.uid): one for one in below.defer("search").filter(meant)}


def _quantity_note(run: ImportRun, license: License) -> None:
    """Remember what was ordered before and after, so that an undo can take back what this import ordered."""
    after = License.objects.get(pk=license.pk)
    first = run.quantities.get(str(license.pk), [license.quantity])[0]
    run.quantities = {**run.quantities, str(license.pk): [first, after.quantity, after.last_entry_number]}
    run.save(update_fields=["quantities"])


def _rows_of(run: ImportRun, chunk: Sequence[RowPlan]) -> dict[int, ImportRow]:
    numbers = [row.number for row in chunk]
    found = ImportRow.objects.filter(run=run, number__in=numbers).only("number", "trace")
    return {row.number: row for row in found}


def _progress(run: ImportRun, kept: dict[int, ImportRow], traces: Mapping[int, dict[str, object]]) -> None:
    """Keep what rows did, and count those that did their first thing."""
    run.done += sum(not kept[number].trace for number in traces)
    for number, trace in traces.items():
        kept[number].trace |= trace
    ImportRow.objects.bulk_update([kept[number] for number in traces], ["trace"])
    run.save(update_fields=["done"])
