"""Tables of customers, licenses, keys and the audit journal."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.audit.tables import AuditTable as JournalTable
from seatkeep_webkit.tables import BulkAction, ChoiceFilter, Column, Empty, Table

from seatkeep_manager.console.audit_words import WORDS
from seatkeep_manager.enrollment.enums import TokenKind
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.hublink.enums import CustomerState, HubCompanyState
from seatkeep_manager.hublink.models import MirroredCompany, MirroredLicense

CUSTOMER_TONES = {"NOT_SET_UP": "info", "NORMAL": "ok", "UNLINKED": "off"}


HUB_TONES = {"ACTIVE": "ok", "SUSPENDED": "warn", "REMOVED": "off"}


def all_tags(row: MirroredCompany) -> str:
    """Tags that Licensing brings and those given here; only for rows read with their record."""
    record = getattr(row, "record", None)
    return ", ".join([*row.tags, *(record.tags if record else [])])


class CustomerTable(Table[MirroredCompany]):
    """One row per customer with what a technician asks first."""

    name = "customers"
    order = "name"
    search = ("name__icontains", "custom_identifier__icontains")
    columns = (
        Column("name", _("Customer"), sort="name", is_title=True),
        Column("state", _("Status"), sort="state", badge=CUSTOMER_TONES),
        Column("device_count", _("Computers"), sort="device_count", kind="number"),
        Column(
            "protected_count",
            _("Protected"),
            sort="protected_count",
            kind="number",
            template="console/cells/protected.html",
        ),
        Column("seats_used", _("Seats"), sort="seats_used", kind="number", template="console/cells/seats.html"),
        Column(
            "detection_count",
            _("Detections"),
            sort="detection_count",
            kind="number",
            template="console/cells/detections.html",
        ),
        Column("last_contact_at", _("Last contact"), sort="last_contact_at", kind="when"),
        Column("custom_identifier", _("Number"), sort="custom_identifier", is_hidden=True),
        Column("hub_state", _("In Licensing"), sort="hub_state", badge=HUB_TONES, is_hidden=True),
        Column("tags", _("Tags"), kind="long", value=all_tags, is_hidden=True),
    )
    filters = (
        ChoiceFilter("state", _("Status"), CustomerState.choices),
        ChoiceFilter("hub_state", _("In Licensing"), HubCompanyState.choices),
    )
    bulk_actions = (
        BulkAction("setup", _("Set up…"), "console:customers-setup", icon="tool"),
        BulkAction("ready", _("Mark as ready…"), "console:customers-ready", icon="check"),
    )
    empty = Empty(
        _("No customers yet."),
        _("Add them in Licensing; they appear here within seconds. Nobody gets a mail."),
        icon="building",
    )

    def apply_search(self, queryset: QuerySet[MirroredCompany], text: str) -> QuerySet[MirroredCompany]:
        """By name and number, and by a whole tag."""
        tag = text.strip()
        named = Q(name__icontains=tag) | Q(custom_identifier__icontains=tag)
        return queryset.filter(named | Q(tags__contains=[tag]) | Q(record__tags__contains=[tag]))

    def row_url(self, row: MirroredCompany) -> str:
        """The drawer of one customer."""
        return reverse("console:customer", args=[row.uid])


class LicenseTable(Table[MirroredLicense]):
    """Licenses as Licensing tells them."""

    name = "licenses"
    order = "public_id"
    search = ("public_id__icontains", "bundle_name__icontains")
    columns = (
        Column("public_id", _("License"), sort="public_id", is_title=True),
        Column("bundle_name", _("Product bundle"), sort="bundle_name"),
        Column("state", _("State"), sort="state", template="console/cells/license_standing.html"),
        Column("used", _("Seats"), sort="used", template="console/cells/license_seats.html"),
        Column("expires_at", _("Ends"), sort="expires_at", kind="when"),
    )
    empty = Empty(_("No licenses yet."), _("Order one in Licensing; it appears here within seconds."), icon="license")

    def row_url(self, row: MirroredLicense) -> str:
        """The drawer of one license."""
        return reverse("console:license", args=[row.uid])


class TokenTable(Table[EnrollmentToken]):
    """Install links and deployment keys."""

    name = "tokens"
    opens_pages = True
    order = "-id"
    search = ("group__name__icontains", "hint__icontains")
    columns = (
        Column("group.name", _("Customer"), sort="group__name", is_title=True),
        Column("kind", _("Kind"), sort="kind", badge=dict.fromkeys(TokenKind.values, "off")),
        Column("hint", _("Ends with"), template="console/cells/hint.html"),
        Column("uses", _("Used"), sort="uses", kind="number", template="console/cells/uses.html"),
        Column(
            "revoked_at", _("State"), template="console/cells/token_state.html", export=lambda t: bool(t.revoked_at)
        ),
        Column("expires_at", _("Ends"), sort="expires_at", kind="when"),
        Column("created_at", _("Made"), sort="id", kind="when"),
    )
    filters = (ChoiceFilter("kind", _("Kind"), TokenKind.choices),)
    empty = Empty(
        _("No installers yet."),
        _("Make an install link for one computer or a deployment key for many."),
        icon="download",
    )

    def row_url(self, row: EnrollmentToken) -> str:
        """The page with what to run or hand out, and live progress."""
        return reverse("console:installer", args=[row.uid])


class AuditTable(JournalTable):
    """Who did what."""

    words = WORDS
