"""The one instant mail of billing: drafts are ready to be looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from seatkeep_hub.billing.lines import month_words
from seatkeep_hub.billing.models import Statement
from seatkeep_hub.billing.selectors import settings_get
from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import holding
from seatkeep_hub.mailing import mail_send


def drafts_mail(drafts: Sequence[Statement]) -> int:
    """Tell the people of each seller who may close months; at most one mail per person and month.

    Args:
        drafts: Those that are new.

    Returns:
        How many mails a server took.
    """
    ready: dict[tuple[int, str], list[Statement]] = defaultdict(list)
    for one in drafts:
        ready[one.seller_id, month_words(one)].append(one)
    return sum(_tell(found[0].seller, month, found) for (_seller, month), found in ready.items())


def _tell(seller: Company, month: str, drafts: Sequence[Statement]) -> int:
    if not settings_get(seller).is_draft_mail_sent:
        return 0
    context = {
        "seller": seller,
        "month": month,
        "count": len(drafts),
        "flagged": sum(1 for one in drafts if one.flag_count),
        "link": f"{settings.LICENSING_URL}/statements/?state=DRAFT",
        "settings_link": f"{settings.LICENSING_URL}/statements/settings/{seller.uid}/",
    }
    subject = _("Statements of %(month)s are ready to be looked at – %(seller)s") % {"month": month, "seller": seller}
    people = (user for user in User.objects.filter(company=seller, is_active=True) if _may_close(user, seller))
    return sum(
        mail_send(to=one.email, subject=subject, template="portal/mail/drafts", context=context) for one in people
    )


def _may_close(user: User, seller: Company) -> bool:
    return Right.BILLING in holding(user, seller).rights
