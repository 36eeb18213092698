"""Licenses: list, drawer, order, change seats, secrets, suspend."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_hub.business.services import owners_writable
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import entry_list, license_get, license_list, license_usage, node_list
from seatkeep_hub.licensing.services import license_key_show, license_order, license_quantity_change
from seatkeep_hub.licensing.suspension import license_suspend, license_unsuspend
from seatkeep_hub.portal.license_forms import OrderForm, QuantityForm
from seatkeep_hub.portal.selectors import is_one_msp
from seatkeep_hub.portal.tables import LicenseTable
from seatkeep_hub.portal.viewing import acting, viewer_of

SHARES_SHOWN = 50


def licenses(request: HttpRequest) -> HttpResponseBase:
    """Licenses of the companies that the viewer may see."""
    viewer = viewer_of(request)
    context = {"can_order": owners_writable(viewer, kind=LicenseKind.MSP).exists()}
    return LicenseTable(request, license_list(viewer)).response("portal/licenses.html", context)


def license(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One license: seats of each product, customers' shares, history."""
    viewer = viewer_of(request)
    found = license_get(viewer, uid)
    shares = node_list(found).filter(company__in=companies_visible(viewer))
    busy = list(shares.filter(Q(used__gt=0) | Q(reserved__gt=0)).order_by("-used", "company__name")[:SHARES_SHOWN])
    context = {
        "license": found,
        "usage": license_usage(found),
        "nodes": busy,
        "more_shares": shares.count() - len(busy),
        "is_one": is_one_msp(),
        "entries": entry_list(found)[:50],
        "can_write": _is_writable(viewer, found),
    }
    return detail_response(request, "portal/license.html", context)


def license_new(request: HttpRequest) -> HttpResponse:
    """Order a bundle: one dialog."""
    owners = owners_writable(viewer_of(request), kind=LicenseKind.MSP)
    form = OrderForm(request.POST or None, owners=owners)
    dialog = FormDialog(
        request,
        form,
        title=_("Order a bundle"),
        label=_("Order"),
        lines=[_("One license, shared by all customers of the owner.")],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    try:
        made = license_order(actor=actor, kind=LicenseKind.MSP, now=now, **form.cleaned_data)
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Ordered: license %(id)s.") % {"id": made.public_id}, url=_url(made))


def license_seats(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change the ordered seats."""
    found = _writable(viewer_of(request), uid)
    form = QuantityForm(request.POST or None, initial={"quantity": found.quantity})
    used = max((line.used for line in license_usage(found)), default=0)
    dialog = FormDialog(
        request,
        form,
        title=_("Change the seats of %(id)s") % {"id": found.public_id},
        label=_("Change seats"),
        lines=[_("Now %(now)s ordered, %(used)s in use.") % {"now": found.quantity, "used": used}],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    try:
        license_quantity_change(actor=actor, license=found, now=now, **form.cleaned_data)
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Seats changed."), url=_url(found))


def license_key(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show the secret key after a question; audited."""
    found = _writable(viewer_of(request), uid)
    dialog = Confirm(
        request,
        title=_("Show the key of %(id)s") % {"id": found.public_id},
        label=_("Show"),
        lines=[_("Whoever has the key can activate computers with it. This is noted in the audit log.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    context = {"license": found, "key": license_key_show(actor=actor, license=found, now=now)}
    response = detail_response(request, "portal/license_key.html", context)
    response["Cache-Control"] = "no-store"
    return response


def license_pause(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Suspend, or take a suspension back."""
    found = _writable(viewer_of(request), uid)
    is_back = found.suspended_at is not None
    used = sum(line.used for line in license_usage(found))
    dialog = Confirm(
        request,
        title=(_("Take back the suspension of %(id)s") if is_back else _("Suspend %(id)s")) % {"id": found.public_id},
        label=_("Take back") if is_back else _("Suspend"),
        is_danger=not is_back,
        lines=[
            ngettext("%(count)s computer uses it.", "%(count)s computers use it.", used) % {"count": used},
            _("When their licenses run out: %(lapse)s.") % {"lapse": found.get_lapse_display().lower()},
        ],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    (license_unsuspend if is_back else license_suspend)(actor=actor, license=found, now=now)
    return done(request, _("In use again.") if is_back else _("Suspended."), url=_url(found))


def _writable(viewer: User, uid: UUID) -> License:
    found = license_get(viewer, uid)
    company_get(viewer, found.owner.uid, level=AccessLevel.WRITE)
    return found


def _is_writable(viewer: User, found: License) -> bool:
    return companies_visible(viewer, level=AccessLevel.WRITE).filter(pk=found.owner_id).exists()


def _url(found: License) -> str:
    return reverse("portal:license", args=[found.uid])
