"""Usage reports: ordered, agreed and in use side by side, by product or category, for a period, its months or its days.

Ordered seats stand at the company that owns a license and can share it; agreed seats at each customer; a device counts
once, at the company that uses it. Sums over days are seat-days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Count, DateField, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncMonth

from seatkeep_hub.agreements.enums import ReportBy, ReportStep
from seatkeep_hub.agreements.errors import ReportPeriodError
from seatkeep_hub.agreements.models import UsageDay
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.licensing.enums import NodeKind

LONGEST = timedelta(days=3 * 366)


class ReportRow(NamedTuple):
    """One step, company and product or category.

    Attributes:
        step_on: The day; the first of the month; or the first day of the period.
        company_id: Orders rows of one step; not for the outside.
        code: Code of the product, or name of the category.
        company_uid: Who used it.
        company: Its name.
        name: Of the product or category, for people.
        days: Days that were counted.
        ordered: Seat-days ordered; 0 where the company owns no license.
        agreed: Seat-days agreed.
        in_use: Seats in use at the end of each day, summed.
        device_days: Devices that held a seat at any time of a day, summed.
    """

    step_on: date
    company_id: int
    code: str
    company_uid: UUID
    company: str
    name: str
    days: int
    ordered: int
    agreed: int
    in_use: int
    device_days: int

    @property
    def key(self) -> tuple[str, int, str]:
        """Where the row stands, for the next page."""
        return self.step_on.isoformat(), self.company_id, self.code


class ReportSum(NamedTuple):
    """One step and product or category, all companies together; seat-days."""

    step_on: date
    name: str
    ordered: int
    agreed: int
    in_use: int


def usage_report(
    viewer: Viewer,
    *,
    first: date,
    last: date,
    by: ReportBy | str = ReportBy.PRODUCT,
    step: ReportStep | str = ReportStep.PERIOD,
    companies: Sequence[Company] = (),
    after: tuple[str, int, str] | None = None,
    limit: int | None = None,
) -> list[ReportRow]:
    """Report usage of companies that the viewer may see, in the order of `ReportRow.key`.

    Args:
        viewer: Who asks.
        first: The first day.
        last: The last day, inclusive.
        by: One row per product, or per category of products.
        step: One row for the whole period, for each month or for each day.
        companies: Only these and what is below them; all where empty.
        after: Go on after the row with this key.
        limit: How many rows at most.

    Raises:
        ReportPeriodError: The period is empty, or longer than three years.
    """
    rows = _stepped(_days(viewer, first, last, companies), first, by, step)
    if after is not None:
        rows = rows.filter(_beyond(*after))
    grouped = rows.values_list("step_on", "buyer_id", "code", "buyer__uid", "buyer__name", "called").annotate(
        counted=Count("day", distinct=True), **_sums(), devices=Sum("device_days")
    )
    fields = ("step_on", "buyer_id", "code", "buyer__uid", "buyer__name", "called", "counted", *_sums(), "devices")
    found = grouped.order_by("step_on", "buyer_id", "code").values_list(*fields)
    return [ReportRow(*row) for row in found[:limit]]


def usage_sums(
    viewer: Viewer,
    *,
    first: date,
    last: date,
    by: ReportBy | str = ReportBy.PRODUCT,
    step: ReportStep | str = ReportStep.DAY,
    companies: Sequence[Company] = (),
) -> list[ReportSum]:
    """The same for all companies together, by step and name: what a chart draws.

    Raises:
        ReportPeriodError: The period is empty, or longer than three years.
    """
    rows = _stepped(_days(viewer, first, last, companies), first, by, step)
    grouped = rows.values_list("step_on", "called").annotate(**_sums()).order_by("step_on", "called")
    return [ReportSum(*row) for row in grouped.values_list("step_on", "called", *_sums())]


def _days(viewer: Viewer, first: date, last: date, companies: Sequence[Company]) -> QuerySet[UsageDay]:
    if last < first or last - first > LONGEST:
        raise ReportPeriodError
    buyers = companies_visible(viewer)
    if companies:
        below = Q()
        for one in companies:
            below |= Q(path__contains=[one.pk])
        buyers = buyers.filter(below)
    return UsageDay.objects.filter(day__range=(first, last), is_direct=True, buyer__in=buyers.values("pk"))


def _stepped(rows: QuerySet[UsageDay], first: date, by: ReportBy | str, step: ReportStep | str) -> QuerySet[Any]:
    steps = {
        ReportStep.DAY: F("day"),
        ReportStep.MONTH: TruncMonth("day", output_field=DateField()),
        ReportStep.PERIOD: Value(first, output_field=DateField()),
    }
    is_product = by == ReportBy.PRODUCT
    code, name = ("product__code", "product__name") if is_product else ("product__category", "product__category")
    return rows.order_by().annotate(step_on=steps[ReportStep(step)], code=F(code), called=F(name))


def _sums() -> dict[str, Sum]:
    # Each share of a license repeats what was ordered of the whole; only its root says it.
    ordered = Case(When(node__kind=NodeKind.ROOT, then=F("ordered")), default=Value(0))
    return {"ordered_days": Sum(ordered), "agreed_days": Sum("agreed"), "used_days": Sum("in_use")}


def _beyond(step_on: str, company_id: int, code: str) -> Q:
    same_step = Q(step_on=step_on)
    same_company = same_step & Q(buyer_id=company_id)
    return Q(step_on__gt=step_on) | (same_step & Q(buyer_id__gt=company_id)) | (same_company & Q(code__gt=code))
