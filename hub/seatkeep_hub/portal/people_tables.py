"""Tables about people."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from seatkeep_webkit.roles import Right
from seatkeep_webkit.search import search_filter
from seatkeep_webkit.tables import BulkAction, Column, Empty, Table

from seatkeep_hub.companies.access import nearest
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import access_settings

LEVEL_TONES = {"WRITE": "ok", "READ": "info", "NONE": "off"}


class AccessTable(Table[Company]):
    """A person's access, company by company, and where each comes from."""

    name = "access-matrix"
    order = "name"
    columns = (
        Column("name", gettext_lazy("Company"), sort="name", is_title=True),
        Column("get_kind_display", gettext_lazy("Kind"), sort="kind"),
        Column("parent.name", gettext_lazy("Below"), sort="parent__name"),
        Column("level_held", gettext_lazy("Access"), badge=LEVEL_TONES),
        Column("role_held", gettext_lazy("Role")),
        Column("prices_held", gettext_lazy("Prices")),
        Column("comes_from", gettext_lazy("Comes from")),
    )
    empty = Empty(gettext_lazy("No companies here."), icon="building")

    def __init__(self, request: HttpRequest, queryset: QuerySet[Company], *, person: User, can_set: bool) -> None:
        """Make it.

        Args:
            request: As for every table.
            queryset: Companies that the viewer may see.
            person: Whose access.
            can_set: Whether the viewer may change it.
        """
        super().__init__(request, queryset)
        self._person, self._settings = person, access_settings(person)
        action = BulkAction("set", gettext_lazy("Set access…"), "portal:user-access", "key", url_args=(person.uid,))
        self.bulk_actions: tuple[BulkAction, ...] = (action,) if can_set else ()  # type: ignore[misc]  # per request

    def apply_search(self, queryset: QuerySet[Company], text: str) -> QuerySet[Company]:
        """Any part of a name, number or tag."""
        return search_filter(queryset, "search", text)

    def prepare(self, rows: Sequence[Company]) -> None:
        """Find the setting that holds for each row; names of companies above in one query."""
        found = {row.pk: nearest(row.path, self._settings) for row in rows}
        above = {one.path[-1] for one in found.values() if one}
        names = dict(Company.objects.filter(pk__in=above).values_list("pk", "name"))
        for row in rows:
            held = found[row.pk]
            values: dict[str, object] = {"level_held": AccessLevel.NONE, "comes_from": _("nothing is set")}
            if held:
                is_here = held.path[-1] == row.pk
                values = {
                    "level_held": held.level,
                    "role_held": held.role.label if held.level != AccessLevel.NONE else None,
                    "prices_held": _("shown") if Right.PRICES in held.holding.rights else _("hidden"),
                    "comes_from": _("set here") if is_here else names[held.path[-1]],
                }
            vars(row).update(values)
            label = AccessLevel(str(values["level_held"])).label
            vars(row)["get_level_held_display"] = lambda label=label: label

    def row_url(self, row: Company) -> str:
        """Why it is so."""
        return f"{reverse('portal:user-why', args=[self._person.uid])}?company={row.uid}&act=VIEW"
