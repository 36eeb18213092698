"""Licenses: the list, one license with its tabs, its key and credentials."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import FormDialog, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.navigation import NavItem

from seatkeep_hub.business.services import owners_writable
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.licensing.enums import LicenseKind, SeatState
from seatkeep_hub.licensing.models import License, Seat
from seatkeep_hub.licensing.selectors import (
    credential_list,
    entry_list,
    license_get,
    license_list,
    license_usage,
    node_list,
    seat_list,
)
from seatkeep_hub.licensing.services import credential_show, license_key_show
from seatkeep_hub.msp.requests import approval_check
from seatkeep_hub.ordering.keys import key_replace
from seatkeep_hub.ordering.plans import plan_list, plans_open
from seatkeep_hub.ordering.upgrades import bundle_changes
from seatkeep_hub.portal.license_tables import EntryTable, LicenseSeatTable, LicenseTable
from seatkeep_hub.portal.ordering_forms import KeyForm
from seatkeep_hub.portal.reauth import reauthentication_needed
from seatkeep_hub.portal.selectors import is_one_msp
from seatkeep_hub.portal.viewing import acting, viewer_of

SHARES_SHOWN = 50


def licenses(request: HttpRequest) -> HttpResponseBase:
    """Licenses of the companies that the viewer may see."""
    viewer = viewer_of(request)
    context = {"can_order": owners_writable(viewer, kind=LicenseKind.MSP).exists()}
    return LicenseTable(request, license_list(viewer)).response("portal/licenses.html", context)


def license(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One license: what holds, seats of each product, customers' shares, what is planned."""
    viewer = viewer_of(request)
    found = license_get(viewer, uid)
    shares = node_list(found).filter(company__in=companies_visible(viewer))
    busy = list(shares.filter(Q(used__gt=0) | Q(reserved__gt=0)).order_by("-used", "company__name")[:SHARES_SHOWN])
    ups, downs = bundle_changes(found, now=read_clock())
    context = {
        **license_frame(viewer, found),
        "usage": license_usage(found),
        "nodes": busy,
        "more_shares": shares.count() - len(busy),
        "is_one": is_one_msp(),
        "entries": entry_list(found)[:10],
        "plans": plans_open(plan_list(viewer).filter(license=found)),
        "ups": ups,
        "downs": downs,
        "now": read_clock(),
    }
    return detail_response(request, "portal/license.html", context)


def license_devices(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """Computers that hold a seat of this license."""
    viewer = viewer_of(request)
    found = license_get(viewer, uid)
    table = LicenseSeatTable(request, seat_list(viewer).filter(license=found), scope={"license": str(found.uid)})
    return table.response("portal/license_table.html", license_frame(viewer, found))


def license_history(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """The license's ledger."""
    viewer = viewer_of(request)
    found = license_get(viewer, uid)
    return EntryTable(request, entry_list(found)).response("portal/license_table.html", license_frame(viewer, found))


@reauthentication_needed
def license_key(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The secret key and the credentials, shortly after a password or second factor; audited."""
    found = license_writable(viewer_of(request), uid)
    actor, now = acting(request)
    shown = [
        (one.product, credential_show(actor=actor, license=found, product_code=one.product.code, now=now))
        for one in credential_list(found)
    ]
    key = license_key_show(actor=actor, license=found, now=now)
    context = {**license_frame(viewer_of(request), found), "key": key, "credentials": shown}
    response = detail_response(request, "portal/license_key.html", context)
    response["Cache-Control"] = "no-store"
    return response


@reauthentication_needed
def license_key_new(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Replace the key; computers go on, or all of them are stopped."""
    viewer = viewer_of(request)
    found = license_writable(viewer, uid)
    used = Seat.objects.filter(license=found, state=SeatState.ACTIVE).count()
    form = KeyForm(request.POST or None, used=used)
    dialog = FormDialog(
        request,
        form,
        title=_("Replace the key of %(id)s") % {"id": found.public_id},
        label=_("Replace"),
        is_danger=True,
        lines=[
            _("The old key and its credentials activate nothing more from this moment."),
            ngettext("%(count)s computer has a seat now.", "%(count)s computers have a seat now.", used)
            % {"count": used},
        ],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    ends = form.cleaned_data["leases"] == KeyForm.END
    try:
        replaced = key_replace(actor=actor, license=found, ends_leases=ends, user=viewer, now=now)
    except AppError as error:
        return dialog.refuse(error)
    if replaced.run is not None:
        return done(request, _("Key replaced."), url=reverse("portal:run", args=[replaced.run.uid]))
    return done(request, _("Key replaced."), url=reverse("portal:license-key", args=[found.uid]))


def license_frame(viewer: User, found: License) -> dict[str, object]:
    """What the heading, actions and tabs of a license's pages need."""
    tabs = [
        (_("Overview"), "license"),
        (_("Seats"), "license-devices"),
        (_("Shares"), "license-shares"),
        (_("History"), "license-history"),
    ]
    return {
        "license": found,
        "can_write": companies_visible(viewer, level=AccessLevel.WRITE).filter(pk=found.owner_id).exists(),
        "tab_items": [NavItem(label, reverse(f"portal:{name}", args=[found.uid])) for label, name in tabs],
    }


def license_writable(viewer: User, uid: UUID) -> License:
    """One license whose owner the viewer may change.

    Raises:
        LicenseNotFoundError: There is none, or it is another's.
        AccessDeniedError: The viewer may only look at it.
        ApprovalNeededError: The viewer asks the manager first.
    """
    found = license_of_writable(viewer, uid)
    approval_check(viewer, found.owner)
    return found


def license_of_writable(viewer: User, uid: UUID) -> License:
    """As `license_writable`, where a page turns the act into a request by itself."""
    found = license_get(viewer, uid)
    company_get(viewer, found.owner.uid, level=AccessLevel.WRITE)
    return found
