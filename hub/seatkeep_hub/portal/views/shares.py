"""Shares of a license: customers and their sites, spread by hand or evenly, seen before it is done."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.licensing.models import License, PoolNode
from seatkeep_hub.licensing.selectors import license_get, license_usage
from seatkeep_hub.ordering.shares import (
    Spread,
    share_get,
    shares_of,
    shares_spread,
    site_create,
    site_limit_set,
    sites_of,
    spread_even_numbers,
    spread_preview,
)
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.forms import NameForm
from seatkeep_hub.portal.ordering_forms import SiteLimitForm
from seatkeep_hub.portal.viewing import acting, viewer_of
from seatkeep_hub.portal.views.licenses import license_frame, license_writable

SHARES_SHOWN = 200


def license_shares(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Who has how many seats of each product; a number at each that can be changed."""
    viewer = viewer_of(request)
    found = license_get(viewer, uid)
    products = [
        {"line": line, "shares": shares_of(viewer, found, line.product.code)[:SHARES_SHOWN]}
        for line in license_usage(found)
    ]
    return detail_response(
        request, "portal/license_shares.html", {**license_frame(viewer, found), "products": products}
    )


def shares_spread_ask(request: HttpRequest, uid: UUID, product: str) -> HttpResponse:
    """Show what would change, then change it: the numbers that were typed, or a total that is spread evenly."""
    viewer = viewer_of(request)
    found = license_writable(viewer, uid)
    nodes = list(shares_of(viewer, found, product))
    url = reverse("portal:license-shares", args=[found.uid])
    try:
        numbers = _numbers(request, nodes)
    except AppError as error:
        return Confirm(request, title=_("This cannot be spread"), label=_("Back"), count=0).refuse(error)
    changes = spread_preview(nodes, numbers)
    dialog = Confirm(
        request,
        title=_("Change these shares?"),
        label=_("Change"),
        count=len(changes),
        lines=_lines(found, product, nodes, changes),
    )
    if not dialog.is_confirmed:
        return dialog.response()
    # Only what the viewer may change; a company below may be another's to change.
    own = set(companies_visible(viewer, level=AccessLevel.WRITE).values_list("pk", flat=True))
    wanted = {one.node.uid: one.after for one in changes if one.node.company_id in own}
    actor, now = acting(request)
    try:
        shares_spread(actor=actor, license=found, product_code=product, numbers=wanted, now=now)
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Shares changed."), url=url)


def site_new(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Make a site of a customer."""
    customer = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    form = NameForm(request.POST or None)
    there = sites_of(customer)
    dialog = FormDialog(
        request,
        form,
        title=_("New site of %(name)s") % {"name": customer},
        label=_("Add"),
        lines=[
            _("A branch with seats of its own within the customer's. Computers are moved to it by hand."),
            *([_("There are: %(names)s.") % {"names": ", ".join(there)}] if there else []),
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: site_create(actor=actor, company=customer, name=form.cleaned_data["name"], now=now),
        said=_("Site added."),
    )


def site_cap(request: HttpRequest, uid: UUID, share: UUID) -> HttpResponse:
    """How many seats a site may take at most."""
    viewer = viewer_of(request)
    found = license_writable(viewer, uid)
    site = share_get(viewer, found, share)
    company_get(viewer, site.company.uid, level=AccessLevel.WRITE)
    dialog = FormDialog(
        request,
        SiteLimitForm(request.POST or None, initial={"limit": site.limit_wanted}),
        title=_("At most how many at %(site)s?") % {"site": f"{site.company} · {site.name}"},
        label=_("Set"),
        lines=[
            ngettext("%(n)s seat is in use there.", "%(n)s seats are in use there.", site.used) % {"n": site.used},
            _("No computer that has a seat loses it by this."),
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: site_limit_set(actor=actor, site=site, now=now, limit=dialog.form.cleaned_data["limit"]),
        said=_("Set."),
        url=reverse("portal:license-shares", args=[found.uid]),
    )


def _numbers(request: HttpRequest, nodes: list[PoolNode]) -> dict[UUID, int]:
    """The typed numbers by share; a total instead spreads evenly over customers with a fixed number."""
    total = request.POST.get("total", "").strip()
    if total.isascii() and total.isdigit():
        return spread_even_numbers(nodes, min(int(total), 1_000_000))
    typed = {node.uid: request.POST.get(f"share_{node.uid}", "").strip() for node in nodes}
    return {uid: min(int(text), 1_000_000) for uid, text in typed.items() if text.isascii() and text.isdigit()}


def _lines(found: License, product: str, nodes: list[PoolNode], changes: list[Spread]) -> list[str]:
    lines = [_line(one) for one in changes[:30]]
    if len(changes) > len(lines):
        lines.append(_("… and %(count)s more") % {"count": len(changes) - len(lines)})
    after = {one.node.pk: one.after for one in changes}
    promised = sum(after.get(node.pk, node.reserved) for node in nodes if node.kind == "CUSTOMER")
    ordered = next((line.ordered for line in license_usage(found) if line.product.code == product), 0)
    words = _("Promised in all: %(promised)s of %(ordered)s ordered.") % {"promised": promised, "ordered": ordered}
    grows = _("The license grows by what is missing.") if promised > ordered else ""
    return [*lines, f"{words} {grows}".strip()]


def _line(one: Spread) -> str:
    words = _("%(name)s: %(before)s → %(after)s, %(used)s in use") % {
        "name": f"{one.node.company} · {one.node.name}" if one.node.name else one.node.company,
        "before": one.before,
        "after": one.after,
        "used": one.node.used,
    }
    over = _("%(count)s more than that; none is stopped") % {"count": one.over}
    return f"{words} ({over})" if one.over else words
