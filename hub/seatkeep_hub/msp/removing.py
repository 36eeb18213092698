"""Remove a company that is out of use.

Off-boarding ends what a customer still uses, on dates, and then archives it. Removing is for what is left: a company
that was suspended, or never confirmed, and on which nothing hangs any more. Both keep the history and can be undone.
"""

from __future__ import annotations

from datetime import datetime

from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import agreement_close
from seatkeep_hub.companies.enums import CompanyStatus
from seatkeep_hub.companies.errors import CompanyInUseError, CompanyNotSuspendedError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import company_subtree
from seatkeep_hub.companies.services import tree_lock
from seatkeep_hub.licensing.enums import SeatState
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, Seat
from seatkeep_hub.licensing.suspension import company_remove


def company_take_out(*, actor: Actor, company: Company, now: datetime) -> Company:
    """Remove a company that is suspended or was never confirmed; nothing is deleted. Idempotent.

    Args:
        actor: Who does it; the password, and that nobody acts in another's name, is asked for at the edges.
        company: Any but the root.
        now: Current time, aware UTC.

    Raises:
        CompanyNotSuspendedError: It is in use.
        CompanyInUseError: `reason` is `companies` (below it), `seats` (off-board it instead) or `licenses` (it owns
            one that is not cancelled); `count` says how many.
        CompanyStatusError: It is the root.
    """
    with read_committed():
        tree_lock(is_exclusive=True)
        company = Company.objects.get(pk=company.pk)
        if company.status == CompanyStatus.ACTIVE:
            raise CompanyNotSuspendedError
        found = in_the_way(company) if company.status != CompanyStatus.REMOVED else None
        if found:
            raise CompanyInUseError(reason=found[0], count=found[1])
        for agreement in Agreement.objects.filter(company=company, closed_at=None).select_related("license", "company"):
            agreement_close(actor=actor, agreement=agreement, now=now)
        return company_remove(actor=actor, company=company, now=now)


def in_the_way(company: Company) -> tuple[str, int] | None:
    """What still hangs on a company, and how many; None when it can be removed."""
    below = company_subtree(company).exclude(pk=company.pk).exclude(status=CompanyStatus.REMOVED).count()
    if below:
        return "companies", below
    seats = Seat.objects.filter(node__company=company, state=SeatState.ACTIVE).count()
    if seats:
        return "seats", seats
    licenses = License.objects.filter(owner=company, cancelled_at=None, suspended_at=None).count()
    return ("licenses", licenses) if licenses else None
