"""Statements and seat records as files, what was sent to whom, and how papers and files look."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.dialogs import Confirm, FormDialog, add_error, done
from seatkeep_webkit.errors import AppError, InvalidError

from seatkeep_hub.billing import rules
from seatkeep_hub.billing.branding import logo_set, settings_set
from seatkeep_hub.billing.enums import StatementState
from seatkeep_hub.billing.errors import LayoutNotFoundError
from seatkeep_hub.billing.layouts import layout_change, layout_create, layout_remove, layout_usual
from seatkeep_hub.billing.lines import month_words
from seatkeep_hub.billing.logos import MAX_BYTES
from seatkeep_hub.billing.models import ExportLayout, Statement
from seatkeep_hub.billing.papers import seat_record_pdf, statement_pdf
from seatkeep_hub.billing.selectors import (
    layout_get,
    layout_list,
    line_get,
    lines_for_files,
    sellers_writable,
    settings_get,
    statement_get,
    statement_list,
)
from seatkeep_hub.billing.sendings import statements_mark_sent
from seatkeep_hub.billing.statement_files import csv_file, xlsx_file
from seatkeep_hub.companies.enums import AccessLevel, Right
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.paper_forms import BillingSettingsForm, LayoutForm, MonthFilesForm, SendForm, layout_initial
from seatkeep_hub.portal.viewing import acting, viewer_of


def statement_paper(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A statement as PDF."""
    found = statement_get(viewer_of(request), uid)
    name = f"statement-{found.month_on:%Y-%m}-{found.uid.hex[-6:]}"
    return _pdf(name, statement_pdf(found, now=read_clock()))


def statement_file(request: HttpRequest, uid: UUID, form: str) -> HttpResponseBase:
    """A statement's lines as CSV or XLSX, as the layout in the address says."""
    viewer = viewer_of(request)
    found = statement_get(viewer, uid)
    layout = _layout(request, found.seller)
    name = f"statement-{found.month_on:%Y-%m}-{found.uid.hex[-6:]}"
    return _FILES[form](name, layout, lines_for_files(Statement.objects.filter(pk=found.pk)))


def line_paper(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The seat record of a line as PDF."""
    found = line_get(viewer_of(request), uid)
    name = f"seats-{found.statement.month_on:%Y-%m}-{found.uid.hex[-6:]}"
    return _pdf(name, seat_record_pdf(found, now=read_clock()))


def statement_send(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Mark one statement as sent."""
    found = statement_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    title = _("Mark %(month)s for %(buyer)s as sent") % {"month": month_words(found), "buyer": found.buyer}
    return _send_dialog(request, [found], title, url=reverse("portal:statement", args=[found.uid]))


def month_files(request: HttpRequest) -> HttpResponse:
    """All closed statements of a seller's month: one file, one mark."""
    viewer = viewer_of(request)
    form = MonthFilesForm(request.GET or None, sellers=sellers_writable(viewer), initial=_last_month())
    context: dict[str, object] = {"form": form}
    if form.is_bound and form.is_valid():
        seller, month = form.cleaned_data["seller"], form.cleaned_data["month"]
        statements = _of_month(request, seller, month).prefetch_related("sendings")
        context |= {
            "seller": seller,
            "query": request.GET.urlencode(),
            "layouts": layout_list(viewer).filter(seller=seller),
            "closed": statements.filter(state=StatementState.CLOSED),
            "draft_count": statements.filter(state=StatementState.DRAFT).count(),
        }
    return render(request, "portal/month_files.html", context)


def month_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The lines of all closed statements of a month in one file."""
    seller, closed = _month_asked(request)
    layout = _layout(request, seller)
    return _FILES[form](f"statements-{request.GET.get('month', '')}", layout, lines_for_files(closed))


def month_send(request: HttpRequest) -> HttpResponse:
    """Mark all closed statements of a month as sent."""
    _seller, closed = _month_asked(request)
    found = list(closed)
    title = ngettext("Mark %(n)s statement as sent", "Mark %(n)s statements as sent", len(found)) % {"n": len(found)}
    return _send_dialog(request, found, title, url=f"{reverse('portal:month-files')}?{request.GET.urlencode()}")


def billing_settings(request: HttpRequest, uid: UUID | None = None) -> HttpResponse:
    """Letterhead, logo, rules and layouts of one seller."""
    viewer = viewer_of(request)
    sellers = sellers_writable(viewer)
    seller = company_get(viewer, uid, right=Right.BILLING) if uid else sellers.first()
    if seller is None:
        return render(request, "portal/billing_settings.html", {"seller": None})
    found = settings_get(seller)
    names = ("letterhead", "is_second_person_needed", "is_draft_mail_sent")
    form = BillingSettingsForm(
        request.POST or None, request.FILES or None, initial={name: getattr(found, name) for name in names}
    )
    if request.method == "POST" and form.is_valid() and _settings_write(request, seller, form):
        return done(request, _("Saved."), url=reverse("portal:billing-settings-of", args=[seller.uid]))
    context = {
        "seller": seller,
        "sellers": sellers[:50],
        "form": form,
        "settings": found,
        "layouts": layout_list(viewer).filter(seller=seller),
    }
    return render(request, "portal/billing_settings.html", context, status=422 if form.is_bound else 200)


def logo(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A seller's logo; even if something in it acted, it could do nothing here."""
    found = settings_get(company_get(viewer_of(request), uid))
    if not found.logo:
        return HttpResponse(status=404)
    response = HttpResponse(bytes(found.logo), content_type=found.logo_type)
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response["Cache-Control"] = "private, no-cache"
    return response


def layout_new(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Save a new layout for a seller."""
    seller = company_get(viewer_of(request), uid, right=Right.BILLING)
    return _layout_page(request, seller, None)


def layout_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change a layout."""
    found = layout_get(viewer_of(request), uid, right=Right.BILLING)
    return _layout_page(request, found.seller, found)


def layout_drop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Remove a layout after a question."""
    found = layout_get(viewer_of(request), uid, right=Right.BILLING)
    dialog = Confirm(
        request,
        title=_("Remove the layout %(name)s") % {"name": found.name},
        label=_("Remove"),
        is_danger=True,
        lines=[_("Files that were written stay as they are, and so do the marks of what was sent.")],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: layout_remove(actor=actor, layout=found, now=now),
        said=_("Removed."),
        url=reverse("portal:billing-settings-of", args=[found.seller.uid]),
    )


def _layout_page(request: HttpRequest, seller: Company, found: ExportLayout | None) -> HttpResponse:
    form = LayoutForm(request.POST or None, initial=layout_initial(found) if found else {})
    if request.method == "POST" and form.is_valid():
        actor, now = acting(request)
        try:
            if found is None:
                layout_create(actor=actor, seller=seller, wanted=form.wanted(), now=now)
            else:
                layout_change(actor=actor, layout=found, wanted=form.wanted(), now=now)
            return redirect("portal:billing-settings-of", seller.uid)
        except AppError as error:
            add_error(form, error)
    context = {"form": form, "seller": seller, "layout": found}
    return render(request, "portal/layout.html", context, status=422 if form.is_bound else 200)


def _settings_write(request: HttpRequest, seller: Company, form: BillingSettingsForm) -> bool:
    actor, now = acting(request)
    data = form.cleaned_data
    rules = {name: data[name] for name in ("letterhead", "is_second_person_needed", "is_draft_mail_sent")}
    try:
        if data["logo"] or data["is_logo_removed"]:
            content = data["logo"].read(MAX_BYTES + 1) if data["logo"] else b""
            logo_set(actor=actor, seller=seller, content=content, now=now)
        settings_set(actor=actor, seller=seller, now=now, **rules)
    except AppError as error:
        form.add_error("logo", error.detail)
        return False
    return True


def _send_dialog(request: HttpRequest, statements: list[Statement], title: str, *, url: str) -> HttpResponse:
    sellers = {one.seller_id for one in statements}
    layouts = layout_list(viewer_of(request)).filter(seller__in=sellers).values_list("name", flat=True)
    form = SendForm(request.POST or None, layouts=list(layouts))
    lines = [_("Marks say when, by whom and to whom; nobody sends the same twice without knowing.")]
    dialog = FormDialog(request, form, title=title, label=_("Mark as sent"), lines=lines)
    return carry_out(
        request,
        dialog,
        lambda actor, now: statements_mark_sent(actor=actor, statements=statements, now=now, **form.cleaned_data),
        said=_("Marked as sent."),
        url=url,
    )


def _month_asked(request: HttpRequest) -> tuple[Company, QuerySet[Statement]]:
    form = MonthFilesForm(request.GET, sellers=sellers_writable(viewer_of(request)))
    if not form.is_valid():
        raise InvalidError(fields={name: [str(one) for one in faults] for name, faults in form.errors.items()})
    seller = form.cleaned_data["seller"]
    return seller, _of_month(request, seller, form.cleaned_data["month"]).filter(state=StatementState.CLOSED)


def _of_month(request: HttpRequest, seller: Company, month: date) -> QuerySet[Statement]:
    found = statement_list(viewer_of(request)).filter(seller=seller, month_on=month)
    return found.order_by("buyer__name", "id")


def _last_month() -> dict[str, object]:
    return {"month": rules.month_before(rules.month_of(read_clock().date())).first}


def _layout(request: HttpRequest, seller: Company) -> ExportLayout:
    asked = request.GET.get("layout", "")
    if not asked:
        return layout_usual(seller)
    try:
        return layout_get(viewer_of(request), UUID(asked))
    except ValueError:
        raise LayoutNotFoundError from None


def _pdf(name: str, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


_FILES = {"csv": csv_file, "xlsx": xlsx_file}
