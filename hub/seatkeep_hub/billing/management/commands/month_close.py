"""`month_close SELLER 2026-10`: draft a seller's month, say its total; close it when that total is named."""

from __future__ import annotations

import time
from datetime import date
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from seatkeep_webkit import clock
from seatkeep_webkit.actors import Actor

from seatkeep_hub.billing import rules
from seatkeep_hub.billing.drafting import month_draft
from seatkeep_hub.billing.enums import StatementState
from seatkeep_hub.billing.models import Statement
from seatkeep_hub.billing.services import statements_close
from seatkeep_hub.companies.models import Company


class Command(BaseCommand):
    """Close all statements of one seller and month whose sum the operator names."""

    help = "Draft a seller's month and say what it comes to; with --total-minor and that sum, close it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Seller, month, and the sum that was looked at."""
        parser.add_argument("seller", type=UUID, help="the seller's id")
        parser.add_argument("month", help="such as 2026-10")
        parser.add_argument("--total-minor", type=int, help="the sum of all drafts, in minor units")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draft or close, and say how much and how long it took."""
        begun = time.monotonic()
        seller = Company.objects.get(uid=options["seller"])
        month = rules.month_of(date.fromisoformat(f"{options['month']}-01"))
        if options["total_minor"] is None:
            drafts = month_draft(seller=seller, month=month, now=clock.now())
            total = sum(one.total_minor for one in drafts)
            words = f"{len(drafts)} drafts, {total} minor units"
        else:
            words = self._close(seller, month, options["total_minor"])
        self.stdout.write(f"{words}, {time.monotonic() - begun:.2f} s")

    def _close(self, seller: Company, month: rules.Month, total_minor: int) -> str:
        drafts = Statement.objects.filter(seller=seller, month_on=month.first, state=StatementState.DRAFT)
        totals = dict(drafts.values_list("pk", "total_minor"))
        if sum(totals.values()) != total_minor:
            raise CommandError(f"The drafts come to {sum(totals.values())} minor units; nothing was closed.")
        closings = statements_close(actor=Actor.system("operator"), totals=totals, now=clock.now())
        refused = sum(1 for one in closings if one.error is not None)
        return f"{len(closings) - refused} closed, {refused} refused"
