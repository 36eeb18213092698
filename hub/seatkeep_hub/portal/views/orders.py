"""Order: several bundles for an owner, seats of several products for a customer; change seats now or later."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.selectors import agreement_get, agreement_list
from seatkeep_hub.agreements.services import Terms, agreement_set
from seatkeep_hub.business.services import owners_writable
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.models import BundleProduct, License, Product
from seatkeep_hub.licensing.selectors import bundle_list, license_list, license_usage
from seatkeep_hub.licensing.services import license_quantity_change, units_agreed
from seatkeep_hub.msp.enums import RequestKind
from seatkeep_hub.msp.requests import approval_check
from seatkeep_hub.ordering.orders import OrderLine, SeatLine, licenses_order, seats_order
from seatkeep_hub.ordering.plans import change_plan, change_unplan, plan_get
from seatkeep_hub.ordering.terms import terms_current, terms_get
from seatkeep_hub.portal.asking import ask_instead
from seatkeep_hub.portal.ordering_forms import OrderForm, SeatOrderForm, SeatsForm
from seatkeep_hub.portal.seat_prices import seat_price_words
from seatkeep_hub.portal.viewing import acting, viewer_of
from seatkeep_hub.portal.views.licenses import license_of_writable


def order(request: HttpRequest) -> HttpResponse:
    """Order one or more bundles: one dialog, one transaction."""
    owners = owners_writable(viewer_of(request), kind=LicenseKind.MSP)
    terms = terms_current(Product.objects.values_list("pk", flat=True))
    form = OrderForm(request.POST or None, owners=owners, bundles=list(bundle_list()), terms=terms)
    dialog = FormDialog(
        request,
        form,
        title=_("Order licenses"),
        label=_("Order"),
        lines=[_("One license per bundle, shared by all customers of the owner. Leave empty what you do not need.")],
    )
    if not dialog.is_valid:
        return dialog.response()
    cleaned = form.cleaned_data
    rest = {name: cleaned[name] for name in ("kind", "overuse", "grow_ceiling", "lapse")}
    lines = [OrderLine(code, quantity, **rest) for code, quantity in cleaned["units"].items()]
    actor, now = acting(request)
    command = {"lines": [asdict(line) for line in lines], "accepted_terms": [str(one) for one in cleaned["accepted"]]}
    try:
        asked = ask_instead(request, cleaned["owner"], RequestKind.ORDER, command)
        if asked is not None:
            return asked
        made = licenses_order(
            actor=actor, owner=cleaned["owner"], lines=lines, accepted_terms=cleaned["accepted"], now=now
        )
    except AppError as error:
        return dialog.refuse(error)
    ids = ", ".join(one.public_id for one in made)
    url = reverse("portal:license", args=[made[0].uid]) if len(made) == 1 else reverse("portal:licenses")
    return done(
        request, ngettext("Ordered: license %(ids)s.", "Ordered: licenses %(ids)s.", len(made)) % {"ids": ids}, url=url
    )


def terms(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The text of terms of use."""
    viewer_of(request)
    return detail_response(request, "portal/terms.html", {"terms": terms_get(uid)})


def seats_order_new(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Seats of several products for a customer at once."""
    viewer = viewer_of(request)
    customer = company_get(viewer, uid, level=AccessLevel.WRITE)
    licenses = list(license_list(viewer).filter(owner_id__in=customer.path, cancelled_at=None, frozen_at=None))
    lines = BundleProduct.objects.filter(bundle__in={one.bundle_id for one in licenses}).select_related("product")
    form = SeatOrderForm(
        request.POST if request.method == "POST" else None,
        lines=list(lines.order_by("product__name")),
        licenses=licenses,
    )
    form.show(list(agreement_list(viewer).filter(company=customer, closed_at=None)))
    dialog = FormDialog(
        request,
        form,
        title=_("Order seats for %(name)s") % {"name": customer},
        label=_("Order seats"),
        lines=[
            _("A fixed number is promised and billed. Leave empty what stays as it is."),
            _("If more is promised than ordered, the shared license grows in the same step."),
        ],
    )
    if not dialog.is_valid:
        return dialog.response()
    wanted = [
        SeatLine(license, product.code, _fixed(form.agreed.get((license.pk, product.pk)), quantity))
        for license, product, quantity in form.cleaned_data["wanted"]
    ]
    actor, now = acting(request)
    try:
        approval_check(viewer, customer)
        seats_order(actor=actor, company=customer, lines=wanted, now=now, note=form.cleaned_data["note"])
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Seats ordered."), url=reverse("portal:company", args=[customer.uid]))


def _fixed(agreement: Agreement | None, quantity: int) -> Terms:
    """A fixed number; whether one more is refused stays as it was."""
    return Terms("FIXED", quantity, agreement.on_exceed if agreement else "FLAG")


def license_seats(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change a license's seats, now or later; who is not trusted asks the manager."""
    viewer = viewer_of(request)
    found = license_of_writable(viewer, uid)
    form = SeatsForm(request.POST or None, initial={"quantity": found.quantity})
    dialog = FormDialog(
        request,
        form,
        title=_("Change the seats of %(id)s") % {"id": found.public_id},
        label=_("Change seats"),
        lines=_license_lines(found),
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    wanted: dict[str, Any] = {
        "actor": actor, "license": found, "quantity": form.cleaned_data["quantity"], "note": form.cleaned_data["note"],
    }  # fmt: skip
    due_on = form.cleaned_data["due_on"]
    command = {"license": str(found.uid), "quantity": wanted["quantity"], "note": wanted["note"]}
    try:
        asked = None if due_on else ask_instead(request, found.owner, RequestKind.SEATS, command)
        if asked is not None:
            return asked
        if due_on:
            approval_check(viewer, found.owner)
            change_plan(due_on=due_on, now=now, **wanted)
        else:
            license_quantity_change(now=now, **wanted)
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _said(due_on), url=reverse("portal:license", args=[found.uid]))


def agreement_seats(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change a customer's agreed seats, now or later; the shared license is raised in the same transaction."""
    viewer = viewer_of(request)
    found = agreement_get(viewer, uid)
    company_get(viewer, found.company.uid, level=AccessLevel.WRITE)
    license = license_list(viewer).get(pk=found.license_id)
    form = SeatsForm(request.POST or None, initial={"quantity": found.quantity or found.node.used or 1})
    price = seat_price_words(
        viewer, buyer=found.company, product=found.product, seats=found.quantity or found.node.used, now=read_clock()
    )
    dialog = FormDialog(
        request,
        form,
        title=_("Change the seats of %(name)s") % {"name": found.company},
        label=_("Change seats"),
        lines=[*_agreement_lines(found, license), *([price] if price else [])],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    cleaned = form.cleaned_data
    terms = {"mode": "FIXED", "on_exceed": found.on_exceed, "quantity": cleaned["quantity"], "note": cleaned["note"]}
    command = {"license": str(license.uid), "product_code": found.product.code, **terms}
    try:
        asked = None if cleaned["due_on"] else ask_instead(request, found.company, RequestKind.AGREEMENT, command)
        if asked is not None:
            return asked
        if cleaned["due_on"]:
            approval_check(viewer, found.company)
            change_plan(
                actor=actor,
                license=license,
                agreement=found,
                quantity=cleaned["quantity"],
                due_on=cleaned["due_on"],
                note=cleaned["note"],
                now=now,
            )
        else:
            agreement_set(
                actor=actor,
                license=license,
                product_code=found.product.code,
                company=found.company,
                now=now,
                **terms,
            )
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _said(cleaned["due_on"]), url=reverse("portal:company", args=[found.company.uid]))


def plan_cancel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take a planned change back."""
    viewer = viewer_of(request)
    plan = plan_get(viewer, uid)
    company = plan.agreement.company if plan.agreement else plan.license.owner
    company_get(viewer, company.uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request,
        title=_("Take the planned change back?"),
        label=_("Take back"),
        lines=[_("%(count)s seats from %(day)s on will not come.") % {"count": plan.quantity, "day": plan.due_on}],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    try:
        approval_check(viewer, company)
        change_unplan(actor=actor, plan=plan, now=now)
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Taken back."))


def _license_lines(found: License) -> list[str]:
    words = [
        _("%(product)s: %(ordered)s ordered, %(promised)s promised, %(used)s in use, %(free)s free.")
        % {
            "product": line.product,
            "ordered": line.ordered,
            "promised": line.promised,
            "used": line.used,
            "free": max(0, line.ordered - line.used),
        }
        for line in license_usage(found)
    ]
    agreed = units_agreed(found)
    return [*words, *([_("At least %(count)s are promised to customers.") % {"count": agreed}] if agreed else [])]


def _agreement_lines(found: Agreement, license: License) -> list[str]:
    used, quantity = found.node.used, found.quantity
    if found.mode == "FIXED":
        first = _("%(product)s: fixed %(count)s, %(used)s in use, %(free)s free.") % {
            "product": found.product, "count": quantity, "used": used, "free": max(0, quantity - used),
        }  # fmt: skip
    else:
        first = _("%(product)s: flexible until now, %(used)s in use. It becomes a fixed number.") % {
            "product": found.product, "used": used,
        }  # fmt: skip
    line = next((one for one in license_usage(license) if one.product.pk == found.product_id), None)
    ordered, promised = (line.ordered, line.promised) if line else (0, 0)
    second = _("Shared license %(id)s: %(ordered)s ordered, %(promised)s promised; it grows by what is missing.")
    return [first, second % {"id": license.public_id, "ordered": ordered, "promised": promised}]


def _said(due_on: object) -> str:
    return _("Planned. It can be taken back until then.") if due_on else _("Seats changed.")
