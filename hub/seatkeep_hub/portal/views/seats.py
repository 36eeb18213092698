"""Seats: list, drawer, rename, stop protecting and undo."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.navigation import NavItem

from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.licensing.enums import SeatState
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.seats import seat_rename, seats_deactivate, seats_resume
from seatkeep_hub.licensing.selectors import refusal_list, seat_events, seat_get, seat_list
from seatkeep_hub.ordering import jobs
from seatkeep_hub.ordering.bulk import bulk_begin
from seatkeep_hub.ordering.enums import BulkKind
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.forms import NameForm
from seatkeep_hub.portal.license_tables import SeatTable
from seatkeep_hub.portal.viewing import acting, viewer_of

AT_ONCE = 200


def seats(request: HttpRequest) -> HttpResponseBase:
    """Devices of the companies that the viewer may see, and those that wait for a seat."""
    viewer = viewer_of(request)
    context = {"refusals": refusal_list(viewer)[:20], "tab_items": seat_tabs()}
    return SeatTable(request, seat_list(viewer)).response("portal/seats.html", context)


def seat_tabs() -> list[NavItem]:
    """Tabs of the seats' pages."""
    named = [(_("All"), "seats"), (_("Questions"), "seat-questions"), (_("Silent"), "seats-silent")]
    return [NavItem(label, reverse(f"portal:{name}")) for label, name in named]


def seat(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One device: what it uses, its journal."""
    viewer = viewer_of(request)
    found = seat_get(viewer, uid)
    context = {
        "seat": found,
        "events": seat_events(found)[:50],
        "can_write": seats_writable(viewer).filter(pk=found.pk).exists(),
    }
    return detail_response(request, "portal/seat.html", context)


def seat_name(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Give the computer a name of its own."""
    found = seat_get(viewer_of(request), uid)
    _writable_or_refuse(viewer_of(request), found)
    form = NameForm(request.POST or None, initial={"name": found.shown_name})
    dialog = FormDialog(request, form, title=_("Rename %(name)s") % {"name": found}, label=_("Rename"))
    return carry_out(
        request,
        dialog,
        lambda actor, now: seat_rename(actor=actor, seat=found, name=form.cleaned_data["name"], now=now),
        said=_("Renamed."),
        url=reverse("portal:seat", args=[found.uid]),
    )


def seats_stop(request: HttpRequest) -> HttpResponse:
    """Stop protecting the selected computers, after a question that counts them."""
    viewer = viewer_of(request)
    chosen = SeatTable(request, seats_writable(viewer)).selected().filter(state=SeatState.ACTIVE)
    return _stop(request, chosen)


def seat_stop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Stop protecting one computer."""
    viewer = viewer_of(request)
    found = seat_get(viewer, uid)
    _writable_or_refuse(viewer, found)
    return _stop(request, seats_writable(viewer).filter(pk=found.pk, state=SeatState.ACTIVE))


@require_POST
def seats_undo(request: HttpRequest) -> HttpResponse:
    """Protect them again, within 24 hours."""
    viewer = viewer_of(request)
    wanted = [UUID(text) for text in request.POST.getlist("seat")[:AT_ONCE]]
    uids = list(seats_writable(viewer).filter(uid__in=wanted).values_list("uid", flat=True))
    actor, now = acting(request)
    answers = seats_resume(actor=actor, seat_uids=uids, now=now)
    resumed = sum(answer.code in {"resumed", "unchanged"} for answer in answers)
    words = ngettext(
        "%(resumed)s of %(all)s computer is protected again.",
        "%(resumed)s of %(all)s computers are protected again.",
        len(wanted),
    )
    text = words % {"resumed": resumed, "all": len(wanted)}
    return done(request, text, url=reverse("portal:seats"))


def seats_writable(viewer: User) -> QuerySet[Seat]:
    """Seats of companies that the viewer may change."""
    return seat_list(viewer).filter(node__company__in=companies_visible(viewer, right=Right.SEATS))


def _writable_or_refuse(viewer: User, found: Seat) -> None:
    company_get(viewer, found.node.company.uid, right=Right.SEATS)


def _stop(request: HttpRequest, chosen: QuerySet[Seat]) -> HttpResponse:
    count = chosen.count()
    title = ngettext("Stop protecting %(name)s?", "Stop protecting %(count)s computers?", count)
    first = chosen.first()
    dialog = Confirm(
        request,
        title=title % {"count": count, "name": first.shown_name if first else ""},
        label=_("Stop protecting"),
        is_danger=True,
        count=count,
        lines=[
            _("Their seats are free at once. Computers that are online stop in seconds, others once they are back."),
            _("The software stays installed. You can undo this for 24 hours."),
            *([_("So many are stopped in the background; you see the progress.")] if count > AT_ONCE else []),
        ],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    if count > AT_ONCE:
        return _stop_many(request, chosen)
    uids = list(chosen.order_by("pk").values_list("uid", flat=True))
    stopped = seats_deactivate(actor=actor, seat_uids=uids, now=now)
    request.session["stopped_seats"] = [str(uid) for uid in uids]
    text = ngettext("Stopped protecting %(count)s computer.", "Stopped protecting %(count)s computers.", stopped)
    messages.info(request, format_html('{} <a href="{}">{}</a>', text % {"count": stopped}, _undo_url(), _("Undo…")))
    return done(request, _("The seats are free."), url=reverse("portal:seats"))


def _stop_many(request: HttpRequest, chosen: QuerySet[Seat]) -> HttpResponse:
    uids = list(chosen.order_by("pk").values_list("uid", flat=True))
    actor, now = acting(request)
    with transaction.atomic():
        run = bulk_begin(actor=actor, kind=BulkKind.SEATS_STOP, items=uids, user=viewer_of(request), now=now)
        jobs.bulk.defer(uid=str(run.uid))
    return done(request, _("Begun."), url=reverse("portal:run", args=[run.uid]))


def seats_undo_ask(request: HttpRequest) -> HttpResponse:
    """Which computers would be protected again."""
    viewer = viewer_of(request)
    wanted = request.session.get("stopped_seats", [])
    found = seats_writable(viewer).filter(uid__in=wanted, state=SeatState.DEACTIVATED)
    return detail_response(request, "portal/seats_undo.html", {"seats": found})


def _undo_url() -> str:
    return reverse("portal:seats-undo-ask")
