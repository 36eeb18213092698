"""The table of templates of dynamic groups."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import ChoiceFilter, Column, Empty, QueryFilter, Table

from seatkeep_manager.console.group_words import rules_words
from seatkeep_manager.grouping.enums import Operation
from seatkeep_manager.grouping.models import GroupTemplate


class GroupTemplateTable(Table[GroupTemplate]):
    """Templates with what they ask and how many groups use them."""

    name = "group-templates"
    opens_pages = True
    order = "name"
    search = ("name__icontains", "description__icontains")
    columns = (
        Column("name", _("Template"), sort="name", is_title=True),
        Column("operation", _("A computer belongs when"), sort="operation", value=lambda t: t.get_operation_display()),
        Column("rules", _("Rules"), value=lambda t: "; ".join(rules_words(t.rules))),
        Column("group_count", _("Groups"), sort="group_count", kind="number"),
        Column("changed_at", _("Changed"), sort="changed_at", kind="when"),
    )
    filters = (
        QueryFilter(
            "kind",
            _("Kind"),
            {
                "own": (_("Own"), Q(builtin__isnull=True)),
                "builtin": (_("Comes with Seatkeep"), Q(builtin__isnull=False)),
            },
        ),
        ChoiceFilter("operation", _("Operation"), Operation.choices),
    )
    empty = Empty(
        _("No templates here."),
        _("A template says what a computer must be; a dynamic group uses one."),
        icon="filter",
        url=reverse_lazy("console:group-template-new"),
        label=_("New template"),
    )

    def row_url(self, row: GroupTemplate) -> str:
        """The editor of one template."""
        return reverse("console:group-template", args=[row.uid])
