"""The table of problems, whose filters the grouped page uses too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import Text
from seatkeep_webkit.tables import BulkAction, ChoiceFilter, Column, Empty, QueryFilter, Table
from seatkeep_webkit.tables.filters import Filter

from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.problem_groups import customers_of, problem_lines
from seatkeep_manager.customers.selectors import customers_visible
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind
from seatkeep_manager.problems.enums import ProblemKind, ProblemSeverity, ProblemState
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.selectors import problems_visible

CUSTOMERS_OFFERED = 300
SHOWN = (ProblemState.OPEN, ProblemState.ACKNOWLEDGED)
"""What is shown unless a filter of states says otherwise."""
_COMPANY = Column("customer", _("Customer"), sort="company_hub_id", value=lambda row: row.customer_name)


class ProblemTable(Table[Problem]):
    """Problems one by one."""

    name = "problems"
    order = "-since"
    columns = (
        Column("about", _("What"), sort="device__hostname", is_title=True, value=lambda row: row.about),
        Column("kind", _("Problem"), sort="kind"),
        Column("severity", _("How urgent"), sort="severity", badge={"RED": "bad", "AMBER": "warn", "GREY": "off"}),
        Column("what", _("Exactly"), value=lambda row: row.what),
        _COMPANY,
        Column("state", _("State"), sort="state"),
        Column("assignee", _("Looked after by"), sort="assignee__name"),
        Column("since", _("Since"), sort="since", kind="when"),
        Column("device.group.name", _("Group"), sort="device__group__name", is_hidden=True),
        Column("note", _("Note"), kind="long", is_hidden=True),
        Column("snoozed_until", _("Snoozed until"), sort="snoozed_until", kind="when", is_hidden=True),
        Column("resolved_at", _("Gone"), sort="resolved_at", kind="when", is_hidden=True),
    )
    bulk_actions = (
        BulkAction("seen", _("Seen…"), "console:problems-act", icon="eye", url_args=("seen",)),
        BulkAction("snooze", _("Snooze…"), "console:problems-act", icon="clock-pause", url_args=("snooze",)),
        BulkAction("assign", _("Assign…"), "console:problems-act", icon="user-plus", url_args=("assign",)),
        BulkAction("note", _("Note…"), "console:problems-act", icon="notes", url_args=("note",)),
        BulkAction("reopen", _("Open again…"), "console:problems-act", icon="arrow-back-up", url_args=("reopen",)),
        BulkAction("fix", _("Fix…"), "console:problems-fix", icon="tool"),
    )
    empty = Empty(_("No problems."), _("Nothing of what you may see needs anybody."), icon="circle-check")

    def offered_filters(self) -> Sequence[Filter]:
        """Kind, urgency, customer, kind of computer, who looks after it, state."""
        user = viewer(self.request)
        customers = customers_visible(user).order_by("name").values_list("hub_id", "name")[:CUSTOMERS_OFFERED]
        people = {
            "me": (_("Me"), Q(assignee=user.pk)),
            "nobody": (_("Nobody"), Q(assignee__isnull=True)),
            "others": (_("Others"), Q(assignee__isnull=False) & ~Q(assignee=user.pk)),
        }
        return (
            ChoiceFilter("kind", _("Problem"), self._kinds()),
            ChoiceFilter("severity", _("How urgent"), ProblemSeverity.choices),
            ChoiceFilter("company", _("Customer"), customers, lookup="company_hub_id"),
            ChoiceFilter("device_kind", _("Kind of computer"), DeviceKind.choices, lookup="device__kind"),
            QueryFilter("assignee", _("Looked after by"), people),
            ChoiceFilter("state", _("State"), ProblemState.choices),
        )

    def _kinds(self) -> list[tuple[str, Text]]:
        """The kinds that occur, and those that are chosen; others would only be in the way."""
        occurring = set(self.queryset.order_by().values_list("kind", flat=True).distinct())
        wanted = occurring | set(self.params.getlist("kind"))
        return [(value, words) for value, words in ProblemKind.choices if value in wanted]

    def apply_search(self, queryset: QuerySet[Problem], text: str) -> QuerySet[Problem]:
        """Computers, customers, who waits, notes."""
        customers = customers_visible(viewer(self.request)).filter(name__icontains=text).values("hub_id")
        return queryset.filter(
            Q(device__hostname__icontains=text) | Q(device__display_name__icontains=text) | Q(note__icontains=text)
            | Q(company_hub_id__in=customers) | Q(details__hostname__icontains=text) | Q(details__name__icontains=text)
        )  # fmt: skip

    def without(self, name: str) -> QuerySet[Problem]:
        """Everything that matches when one filter is left out, for counts beside its choices."""
        params = self.params.copy()
        params.pop(name, None)
        return self._narrowed(params)

    def prepare(self, rows: Sequence[Problem]) -> None:
        """Names and words of all rows at once."""
        customers = customers_of(viewer(self.request), rows)
        for line in problem_lines(rows, customers, marker=None):
            row: Any = line.problem
            owner = customers.get(row.company_hub_id)
            row.what, row.customer_name = line.what, owner.name if owner else ""
            row.about = line.about

    def row_url(self, row: Problem) -> str:
        """The drawer of one problem."""
        return reverse("console:problem", args=[row.uid])


def problem_table(request: HttpRequest, *, level: AccessLevel = AccessLevel.READ) -> ProblemTable:
    """The table of a request; a posted selection is read by what its page showed."""
    chosen = QueryDict(request.POST["table_query"]) if "table_query" in request.POST else request.GET
    rows = problems_visible(viewer(request), level=level)
    if not chosen.getlist("state"):
        states = [*SHOWN, *([ProblemState.SNOOZED] if chosen.get("snoozed") == "1" else [])]
        rows = rows.filter(state__in=states)
    return ProblemTable(request, rows, scope={"snoozed": "1"} if chosen.get("snoozed") == "1" else None)
