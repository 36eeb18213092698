"""Acts on many things: progress and what became of each."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.progress import ProgressState, progress_response

from seatkeep_hub.ordering.bulk import bulk_get
from seatkeep_hub.ordering.enums import BulkState
from seatkeep_hub.ordering.models import BulkRun
from seatkeep_hub.portal.viewing import viewer_of

RESULTS_SHOWN = 500


def run(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One act on many things; can be left and found again."""
    found = bulk_get(viewer_of(request), uid)
    state = _progress(found)
    if request.headers.get("HX-Request") and request.headers.get("HX-Target") != "drawer-body":
        return progress_response(request, state)
    # What was refused comes first: that is what a person has to look at.
    results = sorted(found.results, key=lambda one: one[2] == "done")[:RESULTS_SHOWN]
    return detail_response(request, "portal/run.html", {"run": found, "state": state, "results": results})


def _progress(found: BulkRun) -> ProgressState:
    is_over = found.state == BulkState.FINISHED
    words = _("%(done)s of %(all)s done") % {"done": found.succeeded, "all": len(found.items)}
    return ProgressState(
        label=f"{found.get_kind_display()}: {words}" if is_over else found.get_kind_display(),
        done=found.done,
        total=len(found.items),
        url=reverse("portal:run", args=[found.uid]),
        state="finished" if is_over else "running",
        link_url=reverse("portal:run", args=[found.uid]),
        link_label=_("Show each"),
    )
