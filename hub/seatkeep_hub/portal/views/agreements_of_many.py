"""One agreement for the selected customers: chosen, looked at, then set as a job with a result for each."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_hub.agreements.services import Terms
from seatkeep_hub.companies.enums import CompanyKind, CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import license_list
from seatkeep_hub.msp.bulk import MAX_COMPANIES
from seatkeep_hub.msp.requests import companies_free
from seatkeep_hub.ordering import jobs
from seatkeep_hub.ordering.agreeing import CHANGES, SAME, Change, Preview, agreements_preview, arguments_of
from seatkeep_hub.ordering.bulk import bulk_begin
from seatkeep_hub.ordering.enums import BulkKind
from seatkeep_hub.portal.company_tables import CompanyTable
from seatkeep_hub.portal.license_forms import AgreementForm
from seatkeep_hub.portal.viewing import acting, viewer_of

SHOWN = 12
SELECTION = ("selected", "all_matching", "table_query")


def companies_agree(request: HttpRequest) -> HttpResponse:
    """Ask for the terms, then show what they would change, then begin."""
    viewer = viewer_of(request)
    chosen = _chosen(request)
    above = {pk for one in chosen for pk in one.path}
    licenses = license_list(viewer).filter(owner__in=above, cancelled_at=None, suspended_at=None)
    form = AgreementForm(request.POST if "mode" in request.POST else None, licenses=licenses)
    count = ngettext("%(n)s customer is selected.", "%(n)s customers are selected.", len(chosen)) % {"n": len(chosen)}
    carried = [(name, value) for name in SELECTION for value in request.POST.getlist(name)]
    dialog = FormDialog(
        request, form, title=_("Set seats"), label=_("Look at what would change"), lines=[count], carried=carried
    )
    if not dialog.is_valid:
        return dialog.response()
    wanted = form.cleaned_data
    terms = Terms(*(wanted[name] for name in Terms._fields))
    try:
        preview = agreements_preview(
            license=wanted["license"], product_code=wanted["product_code"], companies=chosen, terms=terms
        )
    except AppError as error:
        return dialog.refuse(error)
    return _confirm(request, preview, wanted["license"], wanted["product_code"], terms)


def _confirm(request: HttpRequest, preview: Preview, license: License, product: str, terms: Terms) -> HttpResponse:
    items = [one.company.uid for one in preview.changes if one.code == CHANGES]
    dialog = Confirm(
        request,
        title=ngettext("Set %(n)s agreement?", "Set %(n)s agreements?", len(items)) % {"n": len(items)},
        label=_("Set them"),
        count=len(items),
        lines=_lines(preview, license, terms),
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    with transaction.atomic():
        run = bulk_begin(
            actor=actor,
            kind=BulkKind.AGREEMENTS_SET,
            items=items,
            arguments=arguments_of(license, product, terms, ""),
            user=viewer_of(request),
            now=now,
        )
        jobs.bulk.defer(uid=str(run.uid))
    return done(request, _("Begun."), url=reverse("portal:run", args=[run.uid]))


def _chosen(request: HttpRequest) -> list[Company]:
    """Customers among the selected companies whose seats the viewer may change without asking anybody."""
    free = companies_free(viewer_of(request)).filter(kind=CompanyKind.CUSTOMER).exclude(status=CompanyStatus.REMOVED)
    selected = CompanyTable(request, free, can_add=True).selected()
    return list(selected.defer("search").order_by("name", "id")[:MAX_COMPANIES])


def _lines(preview: Preview, license: License, terms: Terms) -> list[str]:
    changed = [one for one in preview.changes if one.code == CHANGES]
    refused = len(preview.changes) - len(changed) - preview.count(SAME)
    more = len(changed) - SHOWN
    return [
        *(_change_words(one, terms) for one in changed[:SHOWN]),
        *([_("…and %(n)s more.") % {"n": more}] if more > 0 else []),
        *([_("%(n)s have it already.") % {"n": preview.count(SAME)}] if preview.count(SAME) else []),
        *([_("%(n)s are left out: not in use, or not below the license's owner.") % {"n": refused}] if refused else []),
        *_growth(preview, license),
    ]


def _growth(preview: Preview, license: License) -> Sequence[str]:
    if preview.needed <= preview.ordered:
        return []
    words = {"id": license.public_id, "ordered": preview.ordered, "needed": preview.needed}
    if preview.can_grow:
        return [_("License %(id)s grows from %(ordered)s to %(needed)s ordered seats.") % words]
    return [_("License %(id)s has %(ordered)s seats and would need %(needed)s: some will be refused.") % words]


def _change_words(change: Change, terms: Terms) -> str:
    words = _("%(name)s: %(before)s → %(after)s, %(used)s in use")
    before = _terms_words(change.before) if change.before else _("nothing agreed")
    return words % {"name": change.company, "before": before, "after": _terms_words(terms), "used": change.used}


def _terms_words(terms: Terms) -> str:
    if terms.mode == "FIXED":
        return _("fixed %(n)s") % {"n": terms.quantity}
    if terms.stop_above is not None:
        return _("flexible, at most %(n)s") % {"n": terms.stop_above}
    return _("flexible")
