"""Tables of software that tasks may install, and of daily rules."""

from __future__ import annotations

from typing import ClassVar

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import Column, Empty, Table

from seatkeep_manager.console.rule_words import rule_words
from seatkeep_manager.tasks.models import ServerTask, SoftwarePackage


class SoftwareTable(Table[SoftwarePackage]):
    """What tasks may install."""

    name = "software"
    order = "name"
    search = ("name__icontains", "url__icontains")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("name", _("Software"), sort="name", is_title=True),
        Column("version", _("Version"), sort="version"),
        Column("format", _("Package"), sort="format"),
        Column("url", _("Address"), kind="long"),
        Column("sha256", "SHA-256", is_hidden=True),
        Column("created_by", _("By"), is_hidden=True),
        Column("created_at", _("Since"), sort="id", kind="when"),
        Column("uid", "", template="console/cells/software_remove.html", export=lambda row: str(row.uid)),
    )
    empty = Empty(
        _("No software on the list."),
        _("Add what your tasks may install: where the file is, and its SHA-256. Nothing else is ever installed."),
        icon="list-check",
    )


class SoftwareReadTable(SoftwareTable):
    """The same for who may not change the list."""

    columns = SoftwareTable.columns[:-1]


class RuleTable(Table[ServerTask]):
    """Rules that the console follows each day."""

    name = "rules"
    columns: ClassVar[tuple[Column, ...]] = (
        Column("words", _("Rule"), is_title=True, value=rule_words),
        Column("group.name", _("Group"), sort="group__name"),
        Column("ran_at", _("Last run"), sort="ran_at", kind="when"),
        Column("changed", _("Changed"), sort="changed", kind="number"),
        Column("note", _("Says"), kind="long"),
        Column("created_by", _("By"), is_hidden=True),
        Column("uid", "", template="console/cells/rule_acts.html", export=lambda row: str(row.uid)),
    )
    empty = Empty(
        _("No daily rules."),
        _("Let the console name computers by a pattern, or let those go that have not connected for months."),
        icon="list-check", url=reverse_lazy("console:tasks"), label=_("Back to the tasks"),
    )  # fmt: skip


class RuleReadTable(RuleTable):
    """The same for who may not follow them by hand."""

    columns = RuleTable.columns[:-1]
