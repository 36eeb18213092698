"""Tables of companies, of what became of several, and of requests."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import BulkAction, ChoiceFilter, Column, Empty, Filter, Table

from seatkeep_hub.companies.enums import CompanyKind, CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import company_search
from seatkeep_hub.licensing.selectors import seats_used
from seatkeep_hub.msp.commands import command_words
from seatkeep_hub.msp.enums import RequestKind, RequestState
from seatkeep_hub.msp.models import CompanyRunItem, Request
from seatkeep_hub.portal.company_tree import scope_path

COMPANY_TONES = {"ACTIVE": "ok", "WAITING": "info", "SUSPENDED": "warn", "REMOVED": "off"}
REQUEST_TONES = {"PENDING": "info", "APPROVED": "ok", "REJECTED": "bad", "CANCELLED": "off"}
ACTS = (
    BulkAction("suspend", _("Suspend…"), "portal:companies-act", icon="player-pause", url_args=("SUSPEND",)),
    BulkAction(
        "unsuspend", _("Take back suspension…"), "portal:companies-act", icon="player-play", url_args=("UNSUSPEND",)
    ),
    BulkAction("tag", _("Add a tag…"), "portal:companies-act", icon="tag", url_args=("TAG_ADD",)),
    BulkAction("untag", _("Remove a tag…"), "portal:companies-act", icon="tags", url_args=("TAG_REMOVE",)),
    BulkAction("agree", _("Set seats…"), "portal:companies-agree", icon="license"),
    BulkAction("move", _("Move…"), "portal:companies-act", icon="switch-horizontal", url_args=("MOVE",)),
    BulkAction("remove", _("Remove…"), "portal:companies-act", icon="trash", is_danger=True, url_args=("REMOVE",)),
)


class CompanyTable(Table[Company]):
    """Companies that the viewer may see."""

    name = "companies"
    order = "name"
    columns: ClassVar[tuple[Column, ...]] = (
        Column("name", _("Name"), sort="name", is_title=True),
        Column("get_kind_display", _("Kind"), sort="kind"),
        Column("parent.name", _("Below"), sort="parent__name"),
        Column("status", _("State"), sort="status", badge=COMPANY_TONES),
        Column("seats_used", _("Seats in use"), kind="number"),
        Column("custom_identifier", _("Your number"), sort="custom_identifier"),
        Column("tags", _("Tags"), value=lambda row: ", ".join(row.tags)),
        Column("city", _("City"), sort="city", is_hidden=True),
        Column("contact_name", _("Contact person"), sort="contact_name", is_hidden=True),
        Column("phone", _("Phone"), is_hidden=True),
        Column("email", _("E-mail"), sort="email", is_hidden=True),
        Column("vat_id", _("Tax id"), sort="vat_id", is_hidden=True),
        Column("street", _("Street"), is_hidden=True),
        Column("postal_code", _("Postal code"), is_hidden=True),
        Column("region", _("State or region"), is_hidden=True),
        Column("country", _("Country"), sort="country", is_hidden=True),
        Column("description", _("Description"), is_hidden=True),
        Column("created_at", _("Since"), sort="created_at", kind="when", is_hidden=True),
    )
    filters: ClassVar[tuple[Filter, ...]] = (ChoiceFilter("status", _("State"), CompanyStatus.choices),)
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = ACTS
    empty = Empty(
        _("No customers yet."),
        _("Import a list, or add the first one. Neither sends mail."),
        icon="building",
        url=reverse_lazy("portal:company-new"),
        label=_("Add a customer"),
    )

    def __init__(
        self,
        request: HttpRequest,
        queryset: QuerySet[Company],
        *,
        can_add: bool,
        kinds: Collection[str] = (),
        can_move: bool = True,
        **kwargs: Any,
    ) -> None:
        """Make it.

        Args:
            request: As for every table.
            queryset: What the viewer may see.
            can_add: Whether the viewer may create, and so change, a company somewhere.
            kinds: Those in use, which are all that can be filtered by.
            can_move: Whether there is another place to move a company to.
            **kwargs: As for every table.
        """
        super().__init__(request, queryset, **kwargs)
        self._can_add, self._kinds = can_add, kinds
        offered = [one for one in ACTS if can_move or one.name != "move"]
        self.bulk_actions = tuple(offered) if can_add else ()  # type: ignore[misc]  # what this viewer is offered

    def offered_empty(self) -> Empty:
        """The next step, or whom to ask for it."""
        if self._can_add:
            return self.empty
        return Empty(_("Nothing here for you yet."), _("Ask whoever invited you for access to a company."), icon="lock")

    def prepare(self, rows: Sequence[Company]) -> None:
        """Count the seats of all shown customers at once."""
        used = seats_used([row.pk for row in rows])
        for row in rows:
            vars(row)["seats_used"] = used.get(row.pk)

    def offered_filters(self) -> Sequence[Filter]:
        """The kinds in use, where there are several."""
        choices = [(value, words) for value, words in CompanyKind.choices if value in self._kinds]
        by_kind = (ChoiceFilter("kind", _("Kind"), choices),) if len(choices) > 1 else ()
        return (*by_kind, *self.filters)

    def apply_search(self, queryset: QuerySet[Company], text: str) -> QuerySet[Company]:
        """Every word, as part of a name, number, tag, tax id, e-mail, contact or city."""
        return company_search(queryset, text)

    def apply_scope(self, queryset: QuerySet[Company], scope: QueryDict) -> QuerySet[Company]:
        """What is below the company of the page."""
        path = scope_path(scope)
        return queryset if path is None else queryset.filter(path__contains=path).exclude(pk__in=path)

    def row_url(self, row: Company) -> str:
        """The company's page."""
        return reverse("portal:company", args=[row.uid])


class CustomerTable(CompanyTable):
    """One MSP: only customers, so nothing needs to say what kind they are."""

    name = "customers"
    columns = tuple(column for column in CompanyTable.columns if column.path not in ("get_kind_display", "parent.name"))


class OutcomeTable(Table[CompanyRunItem]):
    """What became of each company of an act."""

    name = "company-act"
    order = "pk"
    search = ("company__name__icontains", "detail__icontains")
    opens_pages = True
    columns = (
        Column("company.name", _("Company"), sort="company__name", is_title=True),
        Column("code", _("Result"), sort="code", template="portal/cells/outcome.html"),
        Column("detail", _("Why")),
    )
    filters = (
        ChoiceFilter(
            "code", _("Result"), [("done", _("Done")), ("unchanged", _("Was so already")), ("", _("To come"))]
        ),
    )

    def row_url(self, row: CompanyRunItem) -> str:
        """The company's page."""
        return reverse("portal:company", args=[row.company.uid])


class RequestTable(Table[Request]):
    """What managed MSPs asked for."""

    name = "requests"
    order = "-created_at"
    search = ("company__name__icontains", "about__name__icontains", "requester__icontains", "reason__icontains")
    columns = (
        Column("words", _("What"), is_title=True, value=lambda row: command_words(row.kind, row.about, row.command)),
        Column("get_kind_display", _("Kind"), sort="kind"),
        Column("about.name", _("For"), sort="about__name"),
        Column("company.name", _("Asked by"), sort="company__name"),
        Column("requester", _("Who"), sort="requester"),
        Column("state", _("State"), sort="state", badge=REQUEST_TONES),
        Column("created_at", _("Asked"), sort="created_at", kind="when"),
        Column("decider", _("Answered by"), is_hidden=True),
        Column("decided_at", _("Answered"), sort="decided_at", kind="when", is_hidden=True),
    )
    filters = (
        ChoiceFilter("state", _("State"), RequestState.choices),
        ChoiceFilter("kind", _("Kind"), RequestKind.choices),
    )
    empty = Empty(
        _("Nothing was asked for yet."),
        _("A managed MSP that is not trusted asks here before it orders, changes seats or adds customers."),
        icon="inbox",
    )

    def row_url(self, row: Request) -> str:
        """The request's drawer."""
        return reverse("portal:request", args=[row.uid])
