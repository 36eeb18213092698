"""The audit log of what the viewer may see."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from seatkeep_webkit.audit.selectors import audit_list

from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.portal.tables import AuditTable
from seatkeep_hub.portal.viewing import viewer_of


def audit(request: HttpRequest) -> HttpResponseBase:
    """Who did what, newest first."""
    visible = companies_visible(viewer_of(request)).values_list("uid", flat=True)
    return AuditTable(request, audit_list(company_uids=visible)).response("portal/audit.html")
