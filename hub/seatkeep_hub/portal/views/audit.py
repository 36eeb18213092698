"""The audit log of what the viewer may see."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase

from seatkeep_hub.people.journal import journal
from seatkeep_hub.portal.tables import AuditTable
from seatkeep_hub.portal.viewing import viewer_of


def audit(request: HttpRequest) -> HttpResponseBase:
    """Who did what, newest first."""
    return AuditTable(request, journal(viewer_of(request))).response("portal/audit.html")
