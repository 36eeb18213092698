"""`/imports`: companies and agreements from a file or from rows, with a check before and an undo after."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.imports import jobs
from seatkeep_hub.imports.enums import RowResult
from seatkeep_hub.imports.exports import CONTENT_TYPES, export_file, template_file
from seatkeep_hub.imports.form import KEY
from seatkeep_hub.imports.models import ImportRow, ImportRun
from seatkeep_hub.imports.selectors import import_get, import_list, row_list
from seatkeep_hub.imports.services import import_apply, import_begin, import_map
from seatkeep_hub.imports.undoing import import_undo
from seatkeep_hub.imports.words import fault_words
from seatkeep_hub.msp.requests import approval_check

router = Router(tags=["Imports"])
FileFormat = Literal["csv", "xlsx"]
AskedFormat = Annotated[FileFormat, Query(alias="format")]
_FILE = {
    "responses": {
        200: {
            "description": "The file",
            "content": {one: {"schema": {"type": "string", "format": "binary"}} for one in CONTENT_TYPES.values()},
        }
    }
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            CONTENT_TYPES["xlsx"]: {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["rows"],
                    "properties": {"rows": {"type": "array", "items": {"type": "object"}}},
                }
            },
        },
    }
}


class FaultOut(Schema):
    """What is wrong with one column of a row."""

    field: str
    code: str
    message: str


class RowOut(Schema):
    """What one row would do, or did: CREATE, CHANGE, SAME or ERROR."""

    number: int
    key: str
    name: str
    result: RowResult
    changes: dict[str, list[str]]
    faults: list[FaultOut]

    @staticmethod
    def resolve_faults(row: ImportRow) -> list[dict[str, str]]:
        """With the sentences for people."""
        return [
            {"field": field, "code": code, "message": fault_words(code, detail)} for field, code, detail in row.faults
        ]


class ImportOut(Schema):
    """One import. `mapping` is the index of the column by field; `counts` the rows by result once it is checked."""

    id: UUID
    company_id: UUID
    file_name: str
    state: str
    header: list[str]
    mapping: dict[str, int]
    erases_empty: bool
    counts: dict[str, int]
    done: int
    total: int
    note: str
    created_at: datetime
    applied_at: datetime | None

    @staticmethod
    def resolve_id(run: ImportRun) -> UUID:
        """The uid is the id outside."""
        return run.uid

    @staticmethod
    def resolve_company_id(run: ImportRun) -> UUID:
        """Where the rows come to stand."""
        return run.target.uid


class MappingIn(Schema):
    """Index of the column, by field; fields that are left out stay as they are. Empty cells keep what is there, too,
    unless `erases_empty`.
    """

    mapping: dict[str, Annotated[int, Field(ge=0, le=63)]]
    erases_empty: bool = False


@router.get("/imports/template", response={200: Any}, summary="The form of an import", openapi_extra=_FILE)
def import_template(request: HttpRequest, file_format: AskedFormat = "csv") -> HttpResponse:
    """The form with one example row."""
    viewer_of(request)
    return file_answer(template_file(is_xlsx=file_format == "xlsx"), "seatkeep-companies-template", file_format)


@router.get("/companies/{company_id}/export", response={200: Any}, summary="Export companies", openapi_extra=_FILE)
def company_export(request: HttpRequest, company_id: UUID, file_format: AskedFormat = "csv") -> HttpResponse:
    """Companies below one, with their agreements, in the form of an import: importing it again changes nothing."""
    viewer = viewer_of(request)
    target = company_get(viewer, company_id)
    return file_answer(export_file(viewer, target, is_xlsx=file_format == "xlsx"), "seatkeep-companies", file_format)


@router.get("/imports", response=PageOut[ImportOut], summary="List imports")
def import_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[ImportRun]:
    """Imports into companies that you may change."""
    return paginate(import_list(viewer_of(request)), order=("id",), cursor=cursor, limit=limit)


@router.post("/companies/{company_id}/imports", response={202: ImportOut}, summary="Upload", openapi_extra=_BODY)
@idempotent
def import_new(
    request: HttpRequest, company_id: UUID, file_name: Annotated[str, Query(max_length=200)] = "api"
) -> Status[ImportRun]:
    """Upload CSV, XLSX, CSV in gzip or `{"rows": […]}` as the body, to come to stand below a company.

    Where a column holds the custom identifier, the rows are checked at once (`state` becomes PLANNED); else name the
    columns first. Nothing is written before it is applied. Sends no mail.
    """
    viewer = viewer_of(request)
    target = company_get(viewer, company_id, level=AccessLevel.WRITE)
    approval_check(viewer, target)
    run = import_begin(
        actor=actor_from_request(request),
        target=target,
        file_name=file_name,
        content=request.body,
        is_json=request.content_type == "application/json",
        now=read_clock(),
    )
    if KEY in run.mapping:
        run = import_map(run=run, mapping=run.mapping)
        jobs.check.defer(uid=str(run.uid))
    return Status(202, run)


@router.get("/imports/{import_id}", response=ImportOut, summary="Show an import")
def import_show(request: HttpRequest, import_id: UUID) -> ImportRun:
    """How far it is."""
    return import_get(viewer_of(request), import_id)


@router.get("/imports/{import_id}/rows", response=PageOut[RowOut], summary="Rows of an import")
def import_rows(
    request: HttpRequest,
    import_id: UUID,
    result: RowResult | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[ImportRow]:
    """What each row would do, or did; only those with one result, if given."""
    rows = row_list(import_get(viewer_of(request), import_id))
    return paginate(rows.filter(result=result) if result else rows, order=("number",), cursor=cursor, limit=limit)


@router.put("/imports/{import_id}/mapping", response={202: ImportOut}, summary="Name the columns")
def import_columns(request: HttpRequest, import_id: UUID, body: MappingIn) -> Status[ImportRun]:
    """Say which column holds what, and have the rows checked. Remembered for the next file."""
    run = import_get(viewer_of(request), import_id)
    run = import_map(run=run, mapping=body.mapping, erases_empty=body.erases_empty)
    jobs.check.defer(uid=str(run.uid))
    return Status(202, run)


@router.post("/imports/{import_id}/apply", response={202: ImportOut}, summary="Apply an import")
@idempotent
def import_go(request: HttpRequest, import_id: UUID) -> Status[ImportRun]:
    """Do what the check said; refused while a row has an error. One that stopped on the way goes on."""
    run = import_get(viewer_of(request), import_id)
    run = import_apply(actor=actor_from_request(request), run=run, now=read_clock())
    jobs.apply.defer(uid=str(run.uid))
    return Status(202, run)


@router.post("/imports/{import_id}/undo", response={202: ImportOut}, summary="Undo an import")
@idempotent
def import_back(request: HttpRequest, import_id: UUID) -> Status[ImportRun]:
    """Take it back while nothing that it made is in use or was changed since; a refusal's `rows` say where it is."""
    run = import_get(viewer_of(request), import_id)
    run = import_undo(actor=actor_from_request(request), run=run, now=read_clock())
    jobs.undo.defer(uid=str(run.uid))
    return Status(202, run)


def file_answer(content: bytes, name: str, kind: FileFormat) -> HttpResponse:
    """A file to be saved."""
    answer = HttpResponse(content, content_type=CONTENT_TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer
