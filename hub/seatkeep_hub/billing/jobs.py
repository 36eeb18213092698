"""Background work of billing: drafts of the month that is over."""

from __future__ import annotations

from datetime import date

from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.agreements.usage import usage_recount
from seatkeep_hub.billing.drafting import drafts_recount, statements_draft
from seatkeep_hub.companies.models import Company


@app.periodic(cron="22 * * * *")
@app.task(name="billing.drafts", queueing_lock="billing.drafts")
def drafts(timestamp: int) -> None:
    """Every hour, after usage was counted: drafts for sellers whose month is over."""
    statements_draft(now=clock.now())


@app.task(name="billing.recount", retry=3)
def recount(seller: int, first: str, with_days: bool = False) -> None:
    """Count a seller's drafts from a month on again; first the days themselves, where they end at another time."""
    found, since, now = Company.objects.get(pk=seller), date.fromisoformat(first), clock.now()
    if with_days:
        usage_recount(company=found, first=since, now=now)
    drafts_recount(seller=found, first=since, now=now)
