"""The table of people."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from seatkeep_webkit.roles import ROLE_OF_LEVEL, AccessLevel, Role
from seatkeep_webkit.tables import Column, Empty, QueryFilter, Table

from seatkeep_manager.directory.models import PermissionGrant, User, UserAccess
from seatkeep_manager.rights.selectors import second_factor_holders


def _state(person: User) -> str:
    if person.left_at:
        return _("Left")
    return _("Works here") if person.is_active else _("Locked")


class UserTable(Table[User]):
    """People whom the viewer may see, with what they hold."""

    name = "users"
    order = "name"
    search = ("name__icontains", "email__icontains")
    columns = (
        Column("name", gettext_lazy("Name"), sort="name", is_title=True, value=str),
        Column("email", gettext_lazy("E-mail"), sort="email"),
        Column("roles_held", gettext_lazy("Roles and sets")),
        Column("signs_in", gettext_lazy("Signs in"), sort="hub_sub"),
        Column(
            "state", gettext_lazy("State"), sort="is_active", template="console/cells/person_state.html", export=_state
        ),
        Column("last_login", gettext_lazy("Last sign-in"), sort="last_login", kind="when"),
    )
    filters = (
        QueryFilter("from", gettext_lazy("Signs in"), {
            "licensing": (gettext_lazy("Through Licensing"), Q(hub_sub__isnull=False)),
            "console": (gettext_lazy("At this console"), Q(hub_sub__isnull=True)),
        }),
        QueryFilter("state", gettext_lazy("State"), {
            "here": (gettext_lazy("Works here"), Q(is_active=True)),
            "left": (gettext_lazy("Left"), Q(left_at__isnull=False)),
        }),
    )  # fmt: skip
    empty = Empty(
        gettext_lazy("Nobody here."),
        gettext_lazy("People of Licensing appear with their first sign-in. Invite somebody who has no account there."),
        icon="users",
    )

    def prepare(self, rows: Sequence[User]) -> None:
        """What all shown people hold, and their second factors, in three queries."""
        held: dict[int, dict[str, None]] = {}
        for access in UserAccess.objects.filter(user__in=rows).exclude(level="NONE").order_by("id"):
            role = Role(access.role) if access.role else ROLE_OF_LEVEL[AccessLevel(access.level)]
            held.setdefault(access.user_id, {})[str(role.label)] = None
        for grant in PermissionGrant.objects.filter(user__in=rows).select_related("permission_set").order_by("id"):
            name = grant.permission_set.name if grant.permission_set else grant.get_role_display()
            held.setdefault(grant.user_id, {})[name] = None
        safe = second_factor_holders(rows)
        for row in rows:
            vars(row)["roles_held"] = ", ".join(held.get(row.pk, {}))
            vars(row)["signs_in"] = _("Through Licensing") if row.hub_sub else _("At this console")
            vars(row)["has_second_factor"] = row.pk in safe

    def row_url(self, row: User) -> str:
        """The person's drawer."""
        return reverse("console:user", args=[row.uid])
