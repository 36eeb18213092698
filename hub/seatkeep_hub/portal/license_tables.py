"""The tables of licenses, their ledgers and their computers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.tables import BulkAction, ChoiceFilter, Column, Empty, Filter, Table
from seatkeep_webkit.tables.filters import QueryFilter

from seatkeep_hub.agreements.selectors import overused_seats
from seatkeep_hub.companies.enums import CompanyKind, CompanyStatus
from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.licensing.enums import EntryKind, LicenseKind, LicenseState, SeatState
from seatkeep_hub.licensing.models import Bundle, License, LicenseEntry, Product, Seat
from seatkeep_hub.licensing.selectors import (
    SUCCEEDED,
    license_search,
    license_state,
    licenses_usage,
    state_conditions,
    with_state,
)
from seatkeep_hub.portal.company_tree import scope_path
from seatkeep_hub.portal.viewing import viewer_of
from seatkeep_hub.upkeep.enums import QuestionKind, QuestionState
from seatkeep_hub.upkeep.models import SeatQuestion

CUSTOMERS_LISTED = 100
"""So many customers are a menu; whose are more opens the customer's own page."""
SEAT_TONES = {"ACTIVE": "ok", "RELEASED": "off", "DEACTIVATED": "warn"}


class LicenseTable(Table[License]):
    """Licenses of the companies that the viewer may see."""

    name = "licenses"
    order = "-created_at"
    columns = (
        Column("public_id", _("License"), sort="public_id", is_title=True),
        Column("bundle.name", _("Bundle"), sort="bundle__name"),
        Column("owner.name", _("Owner"), sort="owner__name"),
        Column("get_kind_display", _("Terms"), sort="kind"),
        Column("state_now", _("State"), sort="state_now", template="portal/cells/license_state.html"),
        Column("quantity", _("In use / ordered"), sort="quantity", template="portal/cells/license_seats.html"),
        Column("expires_at", _("Ends"), sort="expires_at", kind="when"),
        Column("get_overuse_display", _("When seats run out"), is_hidden=True),
        Column("get_lapse_display", _("When it runs out"), is_hidden=True),
        Column("created_at", _("Ordered"), sort="created_at", kind="when", is_hidden=True),
    )
    bulk_actions = (
        BulkAction("suspend", _("Suspend…"), "portal:licenses-suspend", icon="player-pause", is_danger=True),
        BulkAction("resume", _("Take suspension back…"), "portal:licenses-resume", icon="player-play"),
    )
    empty = Empty(
        _("No licenses yet."),
        _("Order a bundle: one license, shared by all your customers."),
        icon="license",
        url=reverse_lazy("portal:license-order"),
        label=_("Order licenses"),
    )

    def __init__(self, request: HttpRequest, queryset: QuerySet[License]) -> None:
        """Make it. The database judges the state of every license only where the list is sorted by it."""
        super().__init__(request, queryset)
        self._now = read_clock()
        if self.sort.removeprefix("-") == "state_now":
            self.queryset = with_state(queryset, now=self._now)

    def offered_filters(self) -> Sequence[Filter]:
        """State, terms, bundle where there are several, and upgrade where the vendor has named a successor."""
        judged = state_conditions(now=self._now)
        states = {value: (words, judged[value]) for value, words in LicenseState.choices}
        held = Bundle.objects.filter(Exists(License.objects.filter(bundle=OuterRef("pk"))))
        bundles = list(held.values_list("code", "name", "successor"))
        choices = [(code, name) for code, name, _successor in bundles]
        by_bundle = (ChoiceFilter("bundle", _("Bundle"), choices, "bundle__code"),) if len(choices) > 1 else ()
        upgrade = QueryFilter("upgrade", _("Upgrade"), {"1": (_("Successor available"), SUCCEEDED)})
        return (
            QueryFilter("state", _("State"), states),
            ChoiceFilter("kind", _("Terms"), LicenseKind.choices),
            *by_bundle,
            *([upgrade] if any(successor for _code, _name, successor in bundles) else []),
        )

    def apply_search(self, queryset: QuerySet[License], text: str) -> QuerySet[License]:
        """Every word in id, bundle or owner."""
        return license_search(queryset, text)

    def prepare(self, rows: Sequence[License]) -> None:
        """Seats of all rows in three queries."""
        usage = licenses_usage(rows)
        for row in rows:
            vars(row)["usage_lines"] = usage[row.pk]  # What `license_badge` looks for.
            vars(row)["state_now"] = license_state(row, now=self._now, usage=usage[row.pk])

    def row_url(self, row: License) -> str:
        """The license's drawer."""
        return reverse("portal:license", args=[row.uid])


class EntryTable(Table[LicenseEntry]):
    """A license's ledger."""

    name = "license-entries"
    order = "-number"
    search = ("actor__icontains", "note__icontains")
    columns = (
        Column("number", "#", sort="number", kind="number"),
        Column("at", _("When"), sort="at", kind="when"),
        Column("get_kind_display", _("What"), sort="kind", is_title=True),
        Column("quantity_before", _("Before"), kind="number"),
        Column("quantity", _("Seats"), sort="quantity", kind="number"),
        Column("bundle.name", _("Bundle")),
        Column("note", _("Note"), kind="long"),
        Column("actor", _("Who"), sort="actor"),
    )
    filters = (ChoiceFilter("kind", _("What"), EntryKind.choices),)

    def __init__(self, request: HttpRequest, queryset: QuerySet[LicenseEntry]) -> None:
        """Make it, with the bundle of each line."""
        super().__init__(request, queryset.select_related("bundle"))


class SeatTable(Table[Seat]):
    """Devices that hold a seat."""

    name = "seats"
    order = "-last_seen_at"
    search = ("device_name__icontains", "name__icontains", "serial__istartswith", "license__public_id__istartswith")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("shown_name", _("Device"), sort="device_name", is_title=True),
        Column("product.name", _("Product"), sort="product__name"),
        Column("node.company.name", _("Customer"), sort="node__company__name"),
        Column("node.name", _("Site"), sort="node__name", is_hidden=True),
        Column("license.public_id", _("License"), sort="license__public_id"),
        Column("state", _("State"), sort="state", badge=SEAT_TONES),
        Column("last_seen_at", _("Last seen"), sort="last_seen_at", template="portal/cells/last_seen.html"),
        Column("activated_at", _("Activated"), sort="activated_at", kind="when", is_hidden=True),
        Column("os", _("System"), is_hidden=True),
        Column("serial", _("Serial number"), is_hidden=True),
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("move", _("Move…"), "portal:seats-move", icon="arrows-right-left"),
        BulkAction("stop", _("Stop protecting…"), "portal:seats-stop", icon="player-stop", is_danger=True),
    )
    empty = Empty(
        _("No devices yet."),
        _("A device appears here by itself as soon as its protection is activated. Installers are in the console."),
        icon="devices",
    )

    def offered_filters(self) -> Sequence[Filter]:
        """State, product, and how long ago it was seen."""
        now = read_clock()
        ages = {
            str(days): (_("Silent %(days)s days") % {"days": days}, Q(last_seen_at__lt=now - timedelta(days=days)))
            for days in (14, 30, 90)
        }
        products = Product.objects.order_by("name").values_list("code", "name")
        return (
            ChoiceFilter("state", _("State"), SeatState.choices),
            ChoiceFilter("product", _("Product"), list(products), "product__code"),
            *self._customers(),
            QueryFilter("age", _("Last seen"), ages),
            QueryFilter("over", _("Overuse"), {"1": (_("More than agreed or ordered"), overused_seats())}),
        )

    def _customers(self) -> Sequence[Filter]:
        """The customers, where a list of them can be read; a customer's own page has its computers, too."""
        found = (
            companies_visible(viewer_of(self.request))
            .filter(kind=CompanyKind.CUSTOMER)
            .exclude(status=CompanyStatus.REMOVED)
        )
        names = list(found.order_by("name", "id").values_list("uid", "name")[: CUSTOMERS_LISTED + 1])
        if not 1 < len(names) <= CUSTOMERS_LISTED:
            return ()
        return (
            ChoiceFilter("customer", _("Customer"), [(str(uid), name) for uid, name in names], "node__company__uid"),
        )

    def apply_scope(self, queryset: QuerySet[Seat], scope: QueryDict) -> QuerySet[Seat]:
        """The company of the page and everything below it, or the license of the page."""
        license = scope.get("license")
        if license:
            queryset = queryset.filter(license__uid=UUID(license))
        path = scope_path(scope)
        return queryset if path is None else queryset.filter(node__company__path__contains=path)

    def row_url(self, row: Seat) -> str:
        """The seat's drawer."""
        return reverse("portal:seat", args=[row.uid])


class LicenseSeatTable(SeatTable):
    """Devices of one license."""

    name = "license-seats"
    order = "-activated_at"
    columns = tuple(column for column in SeatTable.columns if column.path != "license.public_id")


class SilentTable(SeatTable):
    """Devices that were silent for as long as their rule says, the longest first."""

    name = "silent-seats"
    order = "last_seen_at"
    bulk_actions = tuple(one for one in SeatTable.bulk_actions if one.name == "stop")
    empty = Empty(
        _("No computer was silent for that long."), _("All computers in use were heard of."), icon="circle-check"
    )

    def offered_filters(self) -> Sequence[Filter]:
        """Only the product: state and silence are given."""
        return [one for one in super().offered_filters() if one.name == "product"]


QUESTION_TONES = {"OPEN": "warn", "KEPT": "off", "REPLACED": "off", "BOTH": "off", "GONE": "off"}


class QuestionTable(Table[SeatQuestion]):
    """Questions about computers, the newest first."""

    name = "seat-questions"
    order = "-asked_at"
    search = ("seat__device_name__icontains", "other__device_name__icontains", "seat__serial__istartswith")
    columns = (
        Column("seat", _("Device"), sort="seat__device_name", is_title=True),
        Column("other", _("New device")),
        Column("get_kind_display", _("What"), sort="kind"),
        Column("seat.node.company.name", _("Customer"), sort="seat__node__company__name"),
        Column("state", _("State"), sort="state", badge=QUESTION_TONES),
        Column("asked_at", _("Since"), sort="asked_at", kind="when"),
        Column("answered_by", _("Answered by"), is_hidden=True),
    )
    filters = (
        ChoiceFilter("state", _("State"), QuestionState.choices),
        ChoiceFilter("kind", _("What"), QuestionKind.choices),
    )
    empty = Empty(
        _("Nothing to ask."),
        _("A copied computer or changed hardware shows up here within minutes."),
        icon="circle-check",
    )

    def row_url(self, row: SeatQuestion) -> str:
        """Its answer while it is open, else the computer."""
        if row.state == QuestionState.OPEN:
            return reverse("portal:seat-question", args=[row.uid])
        return reverse("portal:seat", args=[row.seat.uid])
