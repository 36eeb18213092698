"""Companies: the list, the page of one with its tabs, suspend and back."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, done
from seatkeep_webkit.navigation import NavItem

from seatkeep_hub.agreements.enums import AgreementMode
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.selectors import agreement_list, agreement_over
from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus, Right
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import (
    access_level,
    companies_visible,
    company_ancestors,
    company_children,
    company_get,
    may,
    users_of,
)
from seatkeep_hub.licensing.allowance import bundles_allowed
from seatkeep_hub.licensing.selectors import license_list, seat_count, seat_list
from seatkeep_hub.licensing.suspension import company_suspend, company_unsuspend
from seatkeep_hub.msp.requests import requests_to_decide
from seatkeep_hub.people.journal import journal
from seatkeep_hub.people.signing_in import sign_in_rule
from seatkeep_hub.portal.company_tables import CompanyTable, CustomerTable
from seatkeep_hub.portal.company_tree import asked_company, company_items, scope_of
from seatkeep_hub.portal.license_tables import LicenseTable, SeatTable
from seatkeep_hub.portal.selectors import is_one_msp, parents_for
from seatkeep_hub.portal.tables import AuditTable, UserTable
from seatkeep_hub.portal.viewing import acting, viewer_of
from seatkeep_hub.portal.views.company_acts import places_for
from seatkeep_hub.portal.views.company_details import decides, notes_shown

CHILDREN_SHOWN = 20
AGREEMENTS_SHOWN = 20


def companies(request: HttpRequest) -> HttpResponseBase:
    """Every company that the viewer may see; `?below=` narrows to one and what is below it."""
    viewer = viewer_of(request)
    below = asked_company(request, viewer)
    found = companies_visible(viewer).exclude(kind=CompanyKind.VENDOR).select_related("parent")
    found = found.defer("search", "parent__search")
    can_add = parents_for(viewer).exists()
    if is_one_msp():
        customers = found.filter(kind=CompanyKind.CUSTOMER)
        table: CompanyTable = CustomerTable(request, customers, can_add=can_add, can_move=False)
    else:
        kinds = _kinds_of(found)
        shown = found.filter(path__contains=[below.pk]).exclude(pk=below.pk) if below else found
        table = CompanyTable(request, shown, can_add=can_add, kinds=kinds, scope=scope_of(below))
    context: dict[str, object] = {"is_one": is_one_msp(), "can_add": can_add, "below": below}
    if not (table.is_part or is_one_msp()):
        context["tree"] = company_items(viewer, below)
    return table.response("portal/companies.html", context)


def _kinds_of(companies: QuerySet[Company]) -> set[str]:
    """Kinds that there are, by one of each: reading all would take as long as there are companies."""
    one_each = [companies.filter(kind=kind).order_by().values_list("kind", flat=True)[:1] for kind in CompanyKind]
    return set(one_each[0].union(*one_each[1:], all=True))


def company(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Overview of one company: what is agreed, what is in use, what is below it."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid)
    children = company_children(viewer, found)
    agreements = agreement_list(viewer, company=found).filter(closed_at=None)
    context = {
        **company_frame(viewer, found),
        "children": children[:CHILDREN_SHOWN],
        "children_count": children.count(),
        "seats": seat_count(viewer, company=found),
        **notes_shown(request, found),
        "can_decide": decides(viewer, found),
        "can_move": places_for(viewer, found).exists(),
        "permitted": list(bundles_allowed(found).values_list("name", flat=True)),
        "waiting": requests_to_decide(viewer).filter(company=found).count(),
        "agreements": [_agreement(one) for one in agreements.order_by("-node__used", "pk")[:AGREEMENTS_SHOWN]],
        "agreements_count": agreements.count(),
    }
    return detail_response(request, "portal/company.html", context)


def company_licenses(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """Licenses that the company owns."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid)
    table = LicenseTable(request, license_list(viewer).filter(owner__path__contains=[found.pk]))
    return table.response("portal/company_table.html", {**company_frame(viewer, found), "tab": _("Licenses")})


def company_seats(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """Devices of the company and below."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid)
    table = SeatTable(request, seat_list(viewer, company=found), scope=scope_of(found))
    return table.response("portal/company_table.html", {**company_frame(viewer, found), "tab": _("Seats")})


def company_people(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """People who work for the company."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid)
    table = UserTable(request, users_of(viewer).filter(company=found))
    manages = may(viewer, found, Right.PEOPLE)
    context = {"tab": _("Users & access"), "manages": manages, "rule": sign_in_rule(found)}
    return table.response("portal/company_people.html", {**company_frame(viewer, found), **context})


def company_audit(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """Who did what with the company."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid)
    table = AuditTable(request, journal(viewer, company=found))
    return table.response("portal/company_table.html", {**company_frame(viewer, found), "tab": _("Audit")})


def company_pause(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Suspend, or take a suspension back."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid, level=AccessLevel.WRITE)
    is_back = found.status == CompanyStatus.SUSPENDED
    seats = seat_count(viewer, company=found)["ACTIVE"]
    dialog = Confirm(
        request,
        title=(_("Take back the suspension of %(name)s") if is_back else _("Suspend %(name)s")) % {"name": found},
        label=_("Take back") if is_back else _("Suspend"),
        is_danger=not is_back,
        lines=_pause_lines(seats, is_back=is_back),
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    (company_unsuspend if is_back else company_suspend)(actor=actor, company=found, now=now)
    return done(request, _("In use again.") if is_back else _("Suspended."), url=_url(found))


def _pause_lines(seats: int, *, is_back: bool) -> list[str]:
    if is_back:
        return [_("Computers can be activated and renewed again.")]
    return [
        _("No new computer is activated and none of %(count)s is renewed.") % {"count": seats},
        _("What their protection does then is the license's choice; nothing is turned off by this itself."),
    ]


def company_frame(viewer: User, found: Company) -> dict[str, object]:
    """What the heading, breadcrumb and tabs of a company's pages need."""
    level = access_level(viewer, found)
    visible = set(companies_visible(viewer).values_list("pk", flat=True).filter(pk__in=found.path))
    return {
        "company": found,
        "ancestors": [one for one in company_ancestors(found) if one.pk in visible and one.kind != CompanyKind.VENDOR],
        "can_write": level == AccessLevel.WRITE,
        "tab_items": _tabs(found),
        "is_one": is_one_msp(),
    }


def _agreement(one: Agreement) -> dict[str, object]:
    limit = one.quantity if one.mode == AgreementMode.FIXED else one.stop_above
    return {
        "uid": one.uid,
        "product": one.product,
        "customer": one.company,
        "license": one.license,
        "public_id": one.public_id,
        "words": _words(one),
        "used": one.node.used,
        "limit": limit,
        "over": agreement_over(one),
    }


def _words(one: Agreement) -> str:
    if one.mode == AgreementMode.FIXED:
        return _("Fixed %(count)s") % {"count": one.quantity}
    if one.stop_above is not None:
        return _("Flexible, at most %(count)s") % {"count": one.stop_above}
    return _("Flexible")


def _tabs(found: Company) -> list[NavItem]:
    named = [
        (_("Overview"), "company"),
        (_("Licenses"), "company-licenses"),
        (_("Seats"), "company-seats"),
        (_("Usage"), "company-usage"),
        (_("Users & access"), "company-people"),
        (_("Audit"), "company-audit"),
    ]
    return [NavItem(label, reverse(f"portal:{name}", args=[found.uid])) for label, name in named]


def _url(found: Company) -> str:
    return reverse("portal:company", args=[found.uid])
