"""What somebody looks at before closing, and how months compare."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, Sum

from seatkeep_hub.billing.models import Statement
from seatkeep_hub.billing.selectors import statement_list
from seatkeep_hub.companies.selectors import Viewer
from seatkeep_hub.licensing.enums import NodeKind, SeatState
from seatkeep_hub.licensing.models import PoolNode, Seat

STALE_AFTER = timedelta(days=30)
"""A computer that was not seen for so long is shown before a month is closed."""


class MonthTotal(NamedTuple):
    """All statements of one month, state and currency; minor units."""

    month_on: date
    state: str
    currency: str
    total_minor: int


def statement_totals(viewer: Viewer, *, since: date) -> list[MonthTotal]:
    """Totals of the viewer's statements from a month on, by month."""
    found = statement_list(viewer).filter(month_on__gte=since).exclude(currency="").order_by("month_on")
    sums = found.values_list("month_on", "state", "currency").annotate(total=Sum("total_minor"))
    return [MonthTotal(*row) for row in sums]


def months_back(today: date, months: int) -> date:
    """The first day of the month so many months before a day's own."""
    number = today.year * 12 + today.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def stale_count(statement: Statement, *, now: datetime) -> int:
    """Computers that a statement's shares count and that nobody has seen for 30 days."""
    shares = PoolNode.objects.filter(pk__in=statement.lines.exclude(node=None).values("node"))
    whole = shares.filter(kind=NodeKind.ROOT).values("license")
    own = Q(node__in=shares.values("pk")) | Q(node__parent__in=shares.values("pk"), node__kind=NodeKind.SITE)
    seats = Seat.objects.filter(own | Q(license__in=whole), state=SeatState.ACTIVE, last_seen_at__lt=now - STALE_AFTER)
    return seats.count()
