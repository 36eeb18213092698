"""What this server sells: products, bundles and terms of use, for who may edit them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.dialogs import FormDialog
from seatkeep_webkit.navigation import NavItem

from seatkeep_hub.licensing.bundles import bundle_set
from seatkeep_hub.licensing.errors import BundleNotFoundError, ProductNotFoundError
from seatkeep_hub.licensing.products import catalog_check, product_set
from seatkeep_hub.licensing.selectors import bundle_catalog, product_list
from seatkeep_hub.ordering.terms import terms_list, terms_publish
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.catalog_forms import BundleForm, ProductForm, TermsForm, bundle_initial
from seatkeep_hub.portal.catalog_tables import BundleTable, ProductTable, TermsTable
from seatkeep_hub.portal.viewing import viewer_of


def products(request: HttpRequest) -> HttpResponseBase:
    """Products."""
    catalog_check(viewer_of(request))
    return ProductTable(request, product_list()).response("portal/catalog.html", _frame("product"))


def bundles(request: HttpRequest) -> HttpResponseBase:
    """Bundles, those that are no longer sold too."""
    catalog_check(viewer_of(request))
    return BundleTable(request, bundle_catalog()).response("portal/catalog.html", _frame("bundle"))


def terms(request: HttpRequest) -> HttpResponseBase:
    """Every version of the terms of use."""
    catalog_check(viewer_of(request))
    return TermsTable(request, terms_list()).response("portal/catalog.html", _frame("terms"))


def product_edit(request: HttpRequest, code: str = "") -> HttpResponse:
    """Make a product, or change one."""
    catalog_check(viewer_of(request))
    found = product_list().filter(code=code).first()
    if code and found is None:
        raise ProductNotFoundError
    names = ("name", "category", "platform", "is_retired")
    initial = {name: getattr(found, name) for name in names} if found else None
    form = ProductForm(request.POST or None, initial=initial, is_new=not code)
    title = _("Change %(product)s") % {"product": found} if found else _("New product")
    lines = (
        [] if not found else [_("Code: %(code)s. Category and platform stay once a license has it.") % {"code": code}]
    )
    dialog = FormDialog(request, form, title=title, label=_("Save"), lines=lines)
    return carry_out(
        request,
        dialog,
        lambda actor, now: product_set(actor=actor, now=now, **({"code": code} | form.cleaned_data)),
        said=_("Saved."),
        url=reverse("portal:catalog-products"),
    )


def bundle_edit(request: HttpRequest, code: str = "") -> HttpResponse:
    """Make a bundle, or change one."""
    catalog_check(viewer_of(request))
    found = bundle_catalog().filter(code=code).first()
    if code and found is None:
        raise BundleNotFoundError
    held = {line.product_id for line in found.lines.all()} if found else set[int]()
    form = BundleForm(
        request.POST or None,
        initial=bundle_initial(found) if found else None,
        products=[one for one in product_list() if not one.is_retired or one.pk in held],
        others=[one for one in bundle_catalog() if found and one.category == found.category and one != found],
        is_new=not code,
    )
    title = _("Change %(bundle)s") % {"bundle": found} if found else _("New bundle")
    lines = [
        _("What a bundle holds stays once a license has it: make another in another tier, and name it successor."),
        _("Per product: the seats that one ordered unit gives; empty where it is not in the bundle."),
    ]
    dialog = FormDialog(request, form, title=title, label=_("Save"), lines=lines)
    return carry_out(
        request,
        dialog,
        lambda actor, now: bundle_set(actor=actor, now=now, **({"code": code} | form.wanted())),
        said=_("Saved."),
        url=reverse("portal:catalog-bundles"),
    )


def terms_edit(request: HttpRequest) -> HttpResponse:
    """Publish the next version of a text."""
    catalog_check(viewer_of(request))
    form = TermsForm(request.POST or None, products=list(product_list()))
    dialog = FormDialog(
        request,
        form,
        title=_("Publish terms of use"),
        label=_("Publish"),
        lines=[_("The next version; it never changes. Everybody is asked to accept it with their next order.")],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: terms_publish(
            actor=actor,
            now=now,
            title=form.cleaned_data["title"],
            text=form.cleaned_data["text"],
            product_code=form.cleaned_data["product"],
        ),
        said=_("Published."),
        url=reverse("portal:catalog-terms"),
    )


def _frame(kind: str) -> dict[str, object]:
    """Tabs, and the button of the tab that is shown."""
    new = {"product": _("New product"), "bundle": _("New bundle"), "terms": _("Publish terms")}
    return {
        "tab_items": [
            NavItem(_("Bundles"), reverse("portal:catalog-bundles")),
            NavItem(_("Products"), reverse("portal:catalog-products")),
            NavItem(_("Terms of use"), reverse("portal:catalog-terms")),
        ],
        "new_url": reverse(f"portal:catalog-{kind}-new"),
        "new_label": new[kind],
    }
