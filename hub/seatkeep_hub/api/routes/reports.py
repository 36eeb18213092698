"""`/usage/report`: usage summed by product or category, for a period, its months or its days."""

from __future__ import annotations

import base64
import json
from datetime import date
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field
from seatkeep_webkit.paging import CursorInvalidError

from seatkeep_hub.agreements.enums import ReportBy, ReportStep
from seatkeep_hub.agreements.reports import ReportRow, usage_report
from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.selectors import company_get

router = Router(tags=["Usage"])


class ReportOut(Schema):
    """One company, product or category, and step; ordered, agreed and in use in seat-days."""

    step_on: date
    company_id: UUID
    company: str
    code: str
    name: str
    days: int
    ordered: int
    agreed: int
    in_use: int
    device_days: int

    @staticmethod
    def resolve_company_id(row: ReportRow) -> UUID:
        """The uid is the id outside."""
        return row.company_uid


@router.get("/usage/report", response=PageOut[ReportOut], summary="Report usage")
def usage_report_show(
    request: HttpRequest,
    first: date,
    last: date,
    company_id: Query[Annotated[list[UUID], Field(max_length=100, default_factory=list)]],
    by: ReportBy = ReportBy.PRODUCT,
    step: ReportStep = ReportStep.PERIOD,
    cursor: str | None = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Companies that you may see, or only those named and what is below them; both days included."""
    viewer = viewer_of(request)
    companies = [company_get(viewer, one) for one in company_id]
    rows = usage_report(
        viewer, first=first, last=last, by=by, step=step, companies=companies, after=_read(cursor), limit=limit + 1
    )
    more = len(rows) > limit
    return {"items": rows[:limit], "next_cursor": _write(rows[limit - 1]) if more else None}


def _write(row: ReportRow) -> str:
    return base64.urlsafe_b64encode(json.dumps(row.key).encode()).decode()


def _read(cursor: str | None) -> tuple[str, int, str] | None:
    if not cursor:
        return None
    try:
        day, company, code = json.loads(base64.urlsafe_b64decode(cursor))
        date.fromisoformat(day)
        if not (type(company) is int and 0 < company < 2**63 and isinstance(code, str) and "\0" not in code):
            raise CursorInvalidError
    except (ValueError, TypeError):
        raise CursorInvalidError from None
    return day, company, code
