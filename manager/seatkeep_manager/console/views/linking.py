"""The link to Licensing: its state, synchronizations, previews, what is asked and what failed."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, done
from seatkeep_webkit.errors import AppError, NotFoundError

from seatkeep_manager.console.people import admin
from seatkeep_manager.console.tables.linking import ChangeTable, SyncTable, TroubleTable
from seatkeep_manager.hublink.models import SyncRun
from seatkeep_manager.hublink.selectors import (
    change_counts,
    change_list,
    dry_run_latest,
    held_run,
    link_get,
    link_status,
    sync_run_get,
    trouble_list,
)
from seatkeep_manager.hublink.services import link_start, preview_request, removals_allow, sync_request
from seatkeep_manager.hublink.troubles import troubles_retry


@require_safe
def link(request: HttpRequest) -> HttpResponseBase:
    """The link to Licensing: state, code to approve, synchronizations, preview."""
    admin(request)
    preview = dry_run_latest()
    context = {
        **_state(),
        "preview": preview,
        "preview_counts": change_counts(preview) if preview else {},
        "held": held_run(),
        "trouble_count": trouble_list().count(),
    }
    return SyncTable(request, SyncRun.objects.all()).response("console/link.html", context)


@require_safe
def link_live(request: HttpRequest) -> HttpResponse:
    """The state of the link, polled each second."""
    admin(request)
    return render(request, "console/parts/link_status.html", _state())


def _state() -> dict[str, object]:
    return {"link": link_get(), "status": link_status(), "licensing_url": settings.LICENSING_URL}


@require_POST
def link_connect(request: HttpRequest) -> HttpResponse:
    """Ask Licensing for a code that a Security Admin approves there."""
    admin(request)
    link_start(actor=actor_from_request(request), now=clock_now())
    return done(request, _("Approve the code in Licensing."), url=reverse("console:link"))


@require_POST
def link_sync(request: HttpRequest) -> HttpResponse:
    """Synchronize now."""
    admin(request)
    sync_request(actor=actor_from_request(request), is_full=request.POST.get("full") == "1", now=clock_now())
    return done(request, _("Synchronizing."), url=reverse("console:link"))


@require_POST
def link_preview(request: HttpRequest) -> HttpResponse:
    """Read everything and keep what a synchronization would change, without changing it."""
    admin(request)
    preview_request(actor=actor_from_request(request), now=clock_now())
    return done(request, _("Licensing is being read; the preview appears here."), url=reverse("console:link"))


@require_safe
def link_changes(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """What a preview found, or what a synchronization asks about."""
    admin(request)
    run = sync_run_get(uid)
    if run is None:
        raise NotFoundError
    context = {"run": run, "counts": change_counts(run), "is_asking": held_run() == run}
    return ChangeTable(request, change_list(run)).response("console/link_changes.html", context)


@require_http_methods(["GET", "POST"])
def link_removals(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Agree that customers which Licensing no longer shows are marked as gone."""
    admin(request)
    run = sync_run_get(uid)
    if run is None:
        raise NotFoundError
    dialog = Confirm(
        request,
        title=_("Mark customers as removed in Licensing"),
        label=_("Mark as removed"),
        count=run.to_remove,
        is_danger=True,
        lines=[
            _("Their computers stay protected and managed; their groups stay and unlock."),
            _("If Licensing shows a customer again, it is back as it was."),
        ],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        removals_allow(actor=actor_from_request(request), run_uid=uid, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Everything is read once more, then they are marked."), url=reverse("console:link"))


@require_safe
def link_troubles(request: HttpRequest) -> HttpResponseBase:
    """What could not be taken over, and why."""
    admin(request)
    return TroubleTable(request, trouble_list()).response("console/link_troubles.html")


@require_POST
def link_troubles_retry(request: HttpRequest) -> HttpResponse:
    """Try what failed again."""
    admin(request)
    taken, failed = troubles_retry(actor=actor_from_request(request), now=clock_now())
    text = ngettext("%(n)s was taken over", "%(n)s were taken over", taken) % {"n": taken}
    more = ngettext("%(n)s still fails.", "%(n)s still fail.", failed) % {"n": failed}
    return done(request, f"{text}. {more}", url=reverse("console:link-troubles"))
