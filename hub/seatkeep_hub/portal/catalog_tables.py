"""Tables of what this server sells."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import BoolFilter, Column, Empty, Table

from seatkeep_hub.licensing.models import Bundle, Product
from seatkeep_hub.ordering.models import TermsText


def _holds(row: Bundle) -> str:
    """Such as "2 × Mobile protection, Server protection"."""
    parts = [(line.ratio.normalize(), line.product.name) for line in row.lines.all()]
    return ", ".join(name if ratio == 1 else f"{ratio:f} × {name}" for ratio, name in parts)


class ProductTable(Table[Product]):
    """Products."""

    name = "products"
    order = "code"
    opens_pages = True
    search = ("code__icontains", "name__icontains", "category__icontains")
    columns = (
        Column("name", _("Product"), sort="name", is_title=True),
        Column("code", _("Code"), sort="code"),
        Column("category", _("Category"), sort="category"),
        Column("get_platform_display", _("Runs on"), sort="platform"),
        Column("is_retired", _("Retired"), sort="is_retired", value=lambda row: _("retired") if row.is_retired else ""),
    )
    filters = (BoolFilter("is_retired", _("Retired")),)
    empty = Empty(_("No product yet."), _("A product is what a computer activates."), icon="package")

    def row_url(self, row: Product) -> str:
        """The dialog that changes it."""
        return reverse("portal:catalog-product", args=[row.code])


class BundleTable(Table[Bundle]):
    """Bundles."""

    name = "bundles"
    order = "category"
    opens_pages = True
    search = ("code__icontains", "name__icontains", "category__icontains")
    columns = (
        Column("name", _("Bundle"), sort="name", is_title=True),
        Column("code", _("Code"), sort="code"),
        Column("category", _("Category"), sort="category"),
        Column("tier", _("Tier"), sort="tier", kind="number"),
        Column("holds", _("Holds"), value=_holds, kind="long"),
        Column("successor.name", _("Successor")),
        Column(
            "is_offered",
            _("Sold"),
            sort="is_offered",
            value=lambda row: _("yes") if row.is_offered else _("no longer"),
        ),
        Column("license_count", _("Licenses"), sort="license_count", kind="number"),
    )
    filters = (BoolFilter("is_offered", _("Can be ordered")),)
    empty = Empty(_("No bundle yet."), _("A bundle is what is ordered: one product or several."), icon="package")

    def row_url(self, row: Bundle) -> str:
        """The dialog that changes it."""
        return reverse("portal:catalog-bundle", args=[row.code])


class TermsTable(Table[TermsText]):
    """Every version of the terms of use."""

    name = "terms"
    order = "-published_at"
    search = ("title__icontains",)
    columns = (
        Column("title", _("Title"), sort="title", is_title=True),
        Column("product", _("For"), value=lambda row: row.product.name if row.product else _("Everything")),
        Column("version", _("Version"), sort="version", kind="number"),
        Column("published_at", _("Valid from"), sort="published_at", kind="when"),
        Column("accepted_count", _("Companies that accepted"), sort="accepted_count", kind="number"),
    )
    empty = Empty(
        _("No terms of use."),
        _("Publish a text, and nobody orders what it is for without accepting it."),
        icon="file-text",
    )

    def row_url(self, row: TermsText) -> str:
        """The text."""
        return reverse("portal:terms", args=[row.uid])
