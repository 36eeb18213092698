"""Tables of set-ups of many customers, their results, templates, and the file for an RMM."""

from __future__ import annotations

from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import ChoiceFilter, Column, Empty, Table

from seatkeep_manager.customers.enums import ItemOutcome, SetupState
from seatkeep_manager.customers.models import CustomerTemplate, SetupItem, SetupJob

SETUP_TONES = {"RUNNING": "info", "DONE": "ok", "CANCELED": "off"}
OUTCOME_TONES = {"WAITING": "off", "CHANGED": "ok", "SAME": "ok", "ERROR": "bad"}
MADE = {
    "group": ngettext_lazy("%(count)s group", "%(count)s groups", "count"),
    "policy": ngettext_lazy("%(count)s policy", "%(count)s policies", "count"),
    "tag": ngettext_lazy("%(count)s tag", "%(count)s tags", "count"),
    "key": _("deployment key"),
    "ready": _("marked as ready"),
}


def made_words(item: SetupItem) -> str:
    """What was made for a customer, or why it failed."""
    if item.outcome == ItemOutcome.ERROR:
        return item.error
    parts = [str(MADE[one["what"]] % {"count": one["count"]}) for one in item.made if one["what"] in MADE]
    return ", ".join(parts) or (gettext("nothing was missing") if item.outcome == ItemOutcome.SAME else "")


class SetupTable(Table[SetupJob]):
    """Orders, newest first."""

    name = "setups"
    opens_pages = True
    order = "-id"
    search = ("template_name__icontains", "created_by__icontains")
    columns = (
        Column("template_name", _("Template"), sort="template_name", is_title=True),
        Column("state", _("State"), sort="state", badge=SETUP_TONES),
        Column("created_by", _("By"), sort="created_by"),
        Column("created_at", _("Ordered"), sort="id", kind="when"),
        Column("finished_at", _("Ended"), sort="finished_at", kind="when"),
    )
    filters = (ChoiceFilter("state", _("State"), SetupState.choices),)
    empty = Empty(
        _("Nobody has set up many customers at once yet."),
        _("Choose customers in the list and press Set up…"),
        icon="stack-2",
        url=reverse_lazy("console:customers"),
        label=_("Choose customers"),
    )

    def row_url(self, row: SetupJob) -> str:
        """Its page."""
        return reverse("console:setup", args=[row.uid])


class SetupItemTable(Table[SetupItem]):
    """What came of each customer."""

    name = "setup-items"
    order = "pk"
    search = ("company__name__icontains", "company__custom_identifier__icontains")
    columns = (
        Column("company.name", _("Customer"), sort="company__name", is_title=True),
        Column("outcome", _("Result"), sort="outcome", badge=OUTCOME_TONES),
        Column("made", _("Made"), kind="long", value=made_words),
        Column("done_at", _("When"), sort="done_at", kind="when"),
        Column("company.custom_identifier", _("Number"), sort="company__custom_identifier", is_hidden=True),
    )
    filters = (ChoiceFilter("outcome", _("Result"), ItemOutcome.choices),)

    def row_url(self, row: SetupItem) -> str:
        """The drawer of the customer."""
        return reverse("console:customer", args=[row.company.uid])


class TemplateTable(Table[CustomerTemplate]):
    """Templates for customers to come."""

    name = "customer-templates"
    opens_pages = True
    order = "name"
    search = ("name__icontains",)
    columns = (
        Column("name", _("Template"), sort="name", is_title=True),
        Column("groups", _("Groups"), kind="long", value=lambda t: ", ".join(t.groups) or "–"),
        Column(
            "policies", _("Policies"), kind="long", value=lambda t: ", ".join(p.name for p in t.policies.all()) or "–"
        ),
        Column("makes_key", _("Key"), value=lambda t: gettext("yes") if t.makes_key else gettext("no")),
        Column("daily_cap", _("New computers a day"), sort="daily_cap", kind="number"),
        Column("tags", _("Tags"), kind="long", value=lambda t: ", ".join(t.tags) or "–"),
    )

    def row_url(self, row: CustomerTemplate) -> str:
        """Its page."""
        return reverse("console:template", args=[row.uid])


RMM_COLUMNS = (
    Column("number", _("Customer number")),
    Column("customer", _("Customer")),
    Column("group", _("Group")),
    Column("key_reference", _("Key reference")),
    Column("key", _("Deployment key")),
    Column("windows", _("Command for Windows (PowerShell as administrator)")),
    Column("linux", _("Command for Linux (shell as root)")),
)
