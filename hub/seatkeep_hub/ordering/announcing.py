"""Tell the people who run a license's owner of changes that come within seven days."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from seatkeep_hub.companies.enums import AccessLevel, Role
from seatkeep_hub.companies.models import Access, Company
from seatkeep_hub.mailing import mail_send
from seatkeep_hub.ordering.models import PlannedChange
from seatkeep_hub.ordering.plans import changes_to_announce

TOLD = (Role.OWNER, Role.ADMINISTRATOR)


def changes_announce(*, now: datetime) -> int:
    """Send one mail per owner and person about planned changes of which nobody was told yet. Idempotent.

    Only people with access to the license's owner itself are told, never a customer's.

    Returns:
        How many mails a server took.
    """
    by_owner: dict[Company, list[PlannedChange]] = defaultdict(list)
    for plan in changes_to_announce(now=now):
        by_owner[plan.license.owner].append(plan)
    return sum(_tell(owner, plans) for owner, plans in by_owner.items())


def _tell(owner: Company, plans: list[PlannedChange]) -> int:
    staff = Access.objects.filter(company=owner, level=AccessLevel.WRITE, role__in=TOLD, user__is_active=True)
    context: dict[str, object] = {"owner": owner, "plans": plans, "link": f"{settings.LICENSING_URL}/licenses/"}
    subject = _("Seats change soon – %(company)s") % {"company": owner}
    return sum(
        mail_send(to=email, subject=subject, template="ordering/mail/planned", context=context)
        for email in staff.order_by("user_id").values_list("user__email", flat=True)
    )
