"""Daily usage: what was ordered, agreed and in use, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import Count, F, Max, Min, QuerySet, Sum
from seatkeep_webkit.ratelimit.services import rate_limit

from seatkeep_hub.agreements.models import DayClock, UsageDay, UsageRun
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, PoolNode
from seatkeep_hub.licensing.statements import sql_text

COUNTS_AT_ONCE = 12
"""So often may one company's day be counted at once; one more every five seconds."""


OVERLAP = timedelta(minutes=10)
"""Counted again: an activation that was still being written when a day was counted."""

SHARES_OF_A_PART = 200_000
"""A hub with more shares counts a day in two parts: PostgreSQL uses one core for one statement that writes."""

ALL_LICENSES = (0, 2**63 - 1)
"""Ids from the first up to, not including, the second."""

EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
"""Where a midnight comes first and last."""

CUT_OFF_REACH = timedelta(hours=12)
"""A cut-off other than midnight moves a day by so much at most (`day_clocks`)."""


class UsageTotal(NamedTuple):
    """A period of one customer and product; `seat_days` are days in use, summed."""

    buyer_uid: UUID
    buyer: str
    product: str
    days: int
    agreed_days: int
    seat_days: int
    peak: int
    product_name: str = ""


def usage_day_record(*, day: date, now: datetime, company: Company | None = None, since: datetime | None = None) -> int:
    """Write the usage of a day for every share and level, or those bought at and below `company`.

    Idempotent: the same rows again, whenever it runs, because each number is read from the ledgers. The day runs from
    cut-off to cut-off by the relation's clock (`day_clocks`); one that is not over yet shows what is known so far.
    A large hub's day is counted in parts beside each other, each with a transaction of its own.

    Args:
        day: The day, as each relation's calendar has it.
        now: Current time, aware UTC.
        company: Only what it and companies below it buy.
        since: Only relations whose day ended after this moment, or goes on.

    Returns:
        How many rows were written.
    """
    parameters = {"day": day, "now": now, "company": company.pk if company else None, "since": since}
    is_new = company is None and not UsageDay.objects.filter(day=day).exists()
    parts = _parts() if company is None else [ALL_LICENSES]
    if len(parts) == 1:
        return _part_record(parameters, parts[0], is_new=is_new)
    with ThreadPoolExecutor(len(parts)) as pool:
        return sum(pool.map(lambda part: _part_record_apart(parameters, part, is_new=is_new), parts))


def usage_days_record(*, first: date, last: date, now: datetime, since: datetime | None = None) -> int:
    """Write the usage of each day from `first` to `last`, both inclusive. Idempotent; one transaction per day.

    Returns:
        How many rows were written.
    """
    usage_partitions_ensure(first=first, last=last)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return sum(usage_day_record(day=day, now=now, since=since) for day in days)


def _parts() -> list[tuple[int, int]]:
    """Licenses of each part of a whole day's count; one part within a transaction, whose changes no other would see."""
    if connection.in_atomic_block:
        return [ALL_LICENSES]
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'licensing_poolnode'::regclass")
        shares = cursor.fetchone()[0]
    return [ALL_LICENSES] if shares < SHARES_OF_A_PART else _halves(shares)


def _halves(shares: int) -> list[tuple[int, int]]:
    """Neighbors stay together, so that two that write do not meet in the same places of an index."""
    by_license = PoolNode.objects.order_by("license_id").values_list("license_id", flat=True)
    middle = by_license[shares // 2 : shares // 2 + 1].first()
    if middle is None:
        return [ALL_LICENSES]
    return [(ALL_LICENSES[0], middle), (middle, ALL_LICENSES[1])]


def _part_record_apart(parameters: Mapping[str, Any], part: tuple[int, int], *, is_new: bool) -> int:
    try:
        return _part_record(parameters, part, is_new=is_new)
    finally:
        connection.close()  # It belongs to this thread, which ends.


def _part_record(parameters: Mapping[str, Any], part: tuple[int, int], *, is_new: bool) -> int:
    """Count one part; a day that another began to count meanwhile is not new any more."""
    asked = {**parameters, "license_from": part[0], "license_to": part[1]}
    try:
        return _relations_record(asked, is_new=is_new)
    except IntegrityError:
        if not is_new:
            raise
        return _relations_record(asked, is_new=False)


def _relations_record(parameters: Mapping[str, Any], *, is_new: bool) -> int:
    """Find who sold what to whom, then the numbers, both set-based."""
    with read_committed(), connection.cursor() as cursor:
        if parameters["company"] is None:
            # Hundreds of thousands of rows meet in each join, and guesses about their number fail by orders.
            cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL jit = off; SET LOCAL work_mem = '128MB'")
        cursor.execute(_sql("usage_relations_begin"))
        cursor.execute(_sql("usage_relations_find"), parameters)
        cursor.execute("ANALYZE usage_relation")
        cursor.execute(_sql("usage_day_record") + ("" if is_new else _sql("usage_day_replace")), parameters)
        return int(cursor.rowcount)


def _sql(name: str) -> str:
    return sql_text(name, "seatkeep_hub.agreements")


def usage_recount(*, company: Company, first: date, now: datetime) -> int:
    """Write what a company and those below it buy again, each day from `first` to now. Idempotent.

    Returns:
        How many rows were written.
    """
    last = _day(now, EAST) + timedelta(days=1)
    usage_partitions_ensure(first=first, last=max(first, last))
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return sum(usage_day_record(day=day, now=now, company=company) for day in days)


def usage_run(*, now: datetime) -> int:
    """Count what is due: each day that ended somewhere on earth since the last run, and today so far. Idempotent.

    After a time without a worker it makes up for all of it; the first run counts from the first license on.

    Returns:
        How many rows were written.
    """
    run = UsageRun.objects.first()
    since = run.ran_at - OVERLAP if run else None
    begin = since or License.objects.aggregate(first=Min("created_at"))["first"]
    rows = 0
    if begin is not None and begin <= now:
        reach = CUT_OFF_REACH if DayClock.objects.exclude(cut_off=time()).exists() else timedelta()
        first, last = _day(begin - reach, WEST), _day(now + reach, EAST)
        rows = usage_days_record(first=first, last=last, now=now, since=since)
    UsageRun.objects.update_or_create(is_only=True, defaults={"ran_at": now})
    return rows


def usage_partitions_ensure(*, first: date, last: date) -> None:
    """Make missing monthly partitions from the month of `first` to that of `last`. Idempotent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT usage_day_partition_ensure(month::date) FROM generate_series("
            "date_trunc('month', %s::date), date_trunc('month', %s::date), interval '1 month') AS month",
            [first, last],
        )


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


def usage_today_count(*, company: Company, now: datetime) -> int:
    """Count the days that are running, for a company and what is below it, without waiting for the hour.

    Returns:
        How many rows were written.

    Raises:
        RateLimitedError: It was counted too often within the last minute.
    """
    rate_limit(key=f"usage-count:{company.uid}", limit=COUNTS_AT_ONCE, window=timedelta(minutes=1), now=now)
    days = (_day(now, UTC) + timedelta(days=offset) for offset in (-1, 0, 1))
    return sum(usage_day_record(day=day, now=now, company=company, since=now) for day in days)


def usage_list(viewer: Viewer, *, first: date, last: date, company: Company | None = None) -> QuerySet[UsageDay]:
    """Rows of a period (both days inclusive) whose buyer the viewer may see; below `company` only, if given.

    Each device counts once, at the company that uses it, whoever sells it on above.
    """
    buyers = companies_visible(viewer)
    if company is not None:
        buyers = buyers.filter(path__contains=[company.pk])
    rows = UsageDay.objects.filter(day__gte=first, day__lte=last, is_direct=True, buyer__in=buyers.values("pk"))
    return rows.select_related("seller", "buyer", "product", "node__license")


def usage_totals(viewer: Viewer, *, first: date, last: date, company: Company | None = None) -> list[UsageTotal]:
    """The period summed by customer and product, by name."""
    rows = (
        usage_list(viewer, first=first, last=last, company=company)
        .order_by()
        .values(buyer_uid=F("buyer__uid"), name=F("buyer__name"), code=F("product__code"), words=F("product__name"))
        .annotate(agreed_days=Sum("agreed"), seat_days=Sum("in_use"), top=Max("peak"), days=Count("day", distinct=True))
        .order_by("name", "code")
    )
    return [
        UsageTotal(
            row["buyer_uid"],
            row["name"],
            row["code"],
            row["days"],
            row["agreed_days"],
            row["seat_days"],
            row["top"],
            row["words"],
        )
        for row in rows
    ]


class UsageSlice(NamedTuple):
    """What was agreed and in use of one product on one day, all customers together."""

    day: date
    product: str
    agreed: int
    in_use: int


def usage_slices(viewer: Viewer, *, first: date, last: date, company: Company | None = None) -> list[UsageSlice]:
    """The period (both days inclusive) by day and product, by day and then by product name."""
    rows = (
        usage_list(viewer, first=first, last=last, company=company)
        .order_by()
        .values_list("day", "product__name")
        .annotate(agreed_all=Sum("agreed"), used_all=Sum("in_use"))
        .order_by("day", "product__name")
    )
    return [UsageSlice(*row) for row in rows.values_list("day", "product__name", "agreed_all", "used_all")]
