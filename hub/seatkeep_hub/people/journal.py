"""What of the journal somebody may read: the companies that they see, and amounts only with the right to prices."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.selectors import audit_list, section_condition

from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible


class Section(TextChoices):
    """Parts of the site."""

    SIGNING_IN = "signing-in", _("Signing in")
    PEOPLE = "people", _("People and access")
    COMPANIES = "companies", _("Companies")
    LICENSES = "licenses", _("Licenses")
    SEATS = "seats", _("Computers")
    BILLING = "billing", _("Billing")
    PROGRAMS = "programs", _("Programs")
    SERVER = "server", _("Server")


SUBJECTS_OF: Mapping[Section, frozenset[str]] = {
    Section.SIGNING_IN: frozenset({"sign-in", "session", "act", "sign-in-rule"}),
    Section.PEOPLE: frozenset({"user", "access", "security_admin"}),
    Section.COMPANIES: frozenset({"company", "import", "bulk", "request"}),
    Section.LICENSES: frozenset({"license", "agreement", "terms", "planned"}),
    Section.SEATS: frozenset({"seat"}),
    Section.BILLING: frozenset({"price-list", "statement", "billing", "correction", "layout", "letterhead"}),
    Section.PROGRAMS: frozenset({"api-token", "instance"}),
    Section.SERVER: frozenset({"first-run", "keyring", "lease_key", "recovery-kit"}),
}
"""Subjects of actions (before the colon) in each part."""
PRICED = SUBJECTS_OF[Section.BILLING]
"""Subjects of actions whose entries hold amounts."""


def journal(viewer: Viewer, *, company: Company | None = None) -> QuerySet[AuditEntry]:
    """Entries of the companies that the viewer sees, or of one of them; newest first.

    What tells of prices is left out where the viewer may not see prices.
    """
    visible, priced = companies_visible(viewer), companies_visible(viewer, right=Right.PRICES)
    if company is not None:
        visible, priced = visible.filter(pk=company.pk), priced.filter(pk=company.pk)
    entries = audit_list(company_uids=visible.values_list("uid", flat=True))
    # By each entry's own company: a set of all that a distributor sees is too large to be looked into fast.
    return entries.filter(~section_condition(PRICED) | Q(Exists(priced.filter(uid=OuterRef("company_uid")))))
