"""The tables of the pages: columns, search, filters; rows come from the selectors."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.tables import AuditTable as JournalTable
from seatkeep_webkit.tables import BoolFilter, ChoiceFilter, Column, Empty, Table

from seatkeep_hub.agreements.models import USAGE_ORDER, UsageDay
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import Access, User
from seatkeep_hub.instances.models import Instance
from seatkeep_hub.licensing.enums import AdminStatus
from seatkeep_hub.licensing.models import SecurityAdmin
from seatkeep_hub.people.signing_in import second_factor_holders
from seatkeep_hub.portal.audit_words import ONE_MSP_WORDS, WORDS
from seatkeep_hub.portal.selectors import is_one_msp

ADMIN_TONES = {"INVITED": "info", "ACCEPTED": "ok", "REVOKED": "off"}


def _person_state(row: User) -> str:
    if not row.is_active:
        return str(_("Left"))
    return str(_("Second factor") if vars(row)["has_second_factor"] else _("Password only"))


class UserTable(Table[User]):
    """People of the companies that the viewer may see."""

    name = "users"
    order = "name"
    search = ("name__icontains", "email__icontains")
    columns = (
        Column("name", _("Name"), sort="name", is_title=True),
        Column("email", _("E-mail"), sort="email"),
        Column("company.name", _("Company"), sort="company__name"),
        Column("roles_held", _("Role")),
        Column("state", _("State"), sort="is_active", template="portal/cells/person_state.html", export=_person_state),
        Column("last_login", _("Last sign-in"), sort="last_login", kind="when"),
    )
    empty = Empty(_("Nobody here yet."), _("Invite the first person. They choose their own password."), icon="users")

    def prepare(self, rows: Sequence[User]) -> None:
        """Roles and second factors of all shown people, in two queries."""
        found: dict[int, dict[str, None]] = {}
        for access in Access.objects.filter(user__in=rows).exclude(level=AccessLevel.NONE).order_by("company__path"):
            found.setdefault(access.user_id, {})[access.get_role_display()] = None
        safe = second_factor_holders(rows)
        for row in rows:
            vars(row)["roles_held"] = ", ".join(found.get(row.pk, {}))
            vars(row)["has_second_factor"] = row.pk in safe

    def row_url(self, row: User) -> str:
        """The person's drawer with the access."""
        return reverse("portal:user", args=[row.uid])


class AdminTable(Table[SecurityAdmin]):
    """Security Admins of the license owners that the viewer may see."""

    name = "security-admins"
    order = "-invited_at"
    search = ("email__icontains", "company__name__icontains")
    columns = (
        Column("email", _("E-mail"), sort="email", is_title=True),
        Column("company.name", _("License owner"), sort="company__name"),
        Column("status", _("State"), sort="status", badge=ADMIN_TONES),
        Column("invited_by", _("Invited by")),
        Column("invited_at", _("Invited"), sort="invited_at", kind="when"),
        Column("accepted_at", _("Accepted"), sort="accepted_at", kind="when"),
    )
    filters = (ChoiceFilter("status", _("State"), AdminStatus.choices),)
    empty = Empty(
        _("No Security Admin yet."),
        _("A Security Admin manages licenses for the owner and may link a console. Invite one."),
        icon="user-shield",
    )

    def row_url(self, row: SecurityAdmin) -> str:
        """The Security Admin's drawer."""
        return reverse("portal:admin", args=[row.uid])


class InstanceTable(Table[Instance]):
    """Consoles that are or were linked."""

    name = "instances"
    order = "-created_at"
    search = ("name__icontains", "company__name__icontains")
    columns = (
        Column("name", _("Console"), sort="name", is_title=True),
        Column("company.name", _("Belongs to"), sort="company__name"),
        Column("is_revoked", _("State"), sort="is_revoked", template="portal/cells/instance_state.html"),
        Column("last_seen_at", _("Last contact"), sort="last_seen_at", kind="when"),
        Column("created_at", _("Linked"), sort="created_at", kind="when"),
    )
    filters = (BoolFilter("is_revoked", _("Revoked")),)
    empty = Empty(
        _("No console is linked."),
        _("Open the console, choose “Link to Licensing”, and type the code that it shows here."),
        icon="server",
    )

    def row_url(self, row: Instance) -> str:
        """The console's drawer."""
        return reverse("portal:instance", args=[row.uid])


class AuditTable(JournalTable):
    """Who did what."""

    words = WORDS

    def __init__(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> None:
        """Make the table of one request, in the words of how this server is used."""
        super().__init__(request, queryset)
        if is_one_msp():
            self.words = ONE_MSP_WORDS


class UsageTable(Table[UsageDay]):
    """What was ordered, agreed and in use, one row per day, customer and product."""

    name = "usage"
    order = "-day"
    ties = USAGE_ORDER
    search = ("buyer__name__icontains", "product__name__icontains")
    columns = (
        Column("day", _("Day"), sort="day", kind="date", is_title=True),
        Column("buyer.name", _("Customer"), sort="buyer__name"),
        Column("product.name", _("Product"), sort="product__name"),
        Column("node.license.public_id", _("License")),
        Column("agreed", _("Agreed"), sort="agreed", kind="number"),
        Column("ordered", _("Ordered"), sort="ordered", kind="number"),
        Column("in_use", _("In use"), sort="in_use", kind="number"),
        Column("peak", _("Peak"), sort="peak", kind="number"),
        Column("device_days", _("Device-days"), sort="device_days", kind="number", is_hidden=True),
    )
    empty = Empty(
        _("No usage yet."), _("Each day is counted at its midnight; today shows up within the hour."), icon="chart-bar"
    )
