"""Ready-made roles, the same in both sites: each is an access level and a set of rights, defined here and nowhere else.

The pages, the API and docs/reference/roles.md are rendered from `ROLES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from seatkeep_webkit.errors import Text


class AccessLevel(TextChoices):
    """What a person may do with a company and everything below it, unless a nearer setting says otherwise."""

    WRITE = "WRITE", _("Can change")
    READ = "READ", _("Can view")
    NONE = "NONE", _("No access")


class Role(TextChoices):
    """Ready-made roles."""

    OWNER = "OWNER", _("Owner")
    ADMINISTRATOR = "ADMINISTRATOR", _("Administrator")
    TECHNICIAN = "TECHNICIAN", _("Technician")
    HELP_DESK = "HELP_DESK", _("Help desk")
    BILLING = "BILLING", _("Billing")
    CUSTOMER_IT = "CUSTOMER_IT", _("Customer's IT")
    READ_ONLY = "READ_ONLY", _("Read only")


class Right(TextChoices):
    """What an access level does not say: these are held by role, and prices by themselves."""

    SEATS = "SEATS", _("Rename computers, stop and resume their protection")
    PRICES = "PRICES", _("See prices, statements and amounts")
    BILLING = "BILLING", _("Set prices, close and correct months")
    PEOPLE = "PEOPLE", _("Invite people, set their access, end their sessions")
    PROGRAMS = "PROGRAMS", _("Link consoles, make API clients")
    IMPERSONATE = "IMPERSONATE", _("Act as somebody of a company below")
    CATALOG = "CATALOG", _("Edit what this server sells: products, bundles, terms")
    OWNERS = "OWNERS", _("Make owners and end them")


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """What a role stands for.

    Attributes:
        level: Its access level.
        rights: What it may beyond that level.
        summary: One sentence for the page on which it is chosen.
    """

    level: AccessLevel
    rights: frozenset[Right]
    summary: Text


ROLES: Mapping[Role, RoleDefinition] = {
    Role.OWNER: RoleDefinition(AccessLevel.WRITE, frozenset(Right), _("Everything, also who else is an owner.")),
    Role.ADMINISTRATOR: RoleDefinition(
        AccessLevel.WRITE, frozenset(Right) - {Right.OWNERS}, _("Everything but owners.")
    ),
    Role.TECHNICIAN: RoleDefinition(
        AccessLevel.WRITE,
        frozenset({Right.SEATS}),
        _("Customers, licenses, agreements and computers. No prices, no people."),
    ),
    Role.HELP_DESK: RoleDefinition(
        AccessLevel.READ, frozenset({Right.SEATS}), _("Views everything, works on computers. No prices.")
    ),
    Role.BILLING: RoleDefinition(
        AccessLevel.READ,
        frozenset({Right.PRICES, Right.BILLING}),
        _("Views everything, sets prices, closes and corrects months."),
    ),
    Role.CUSTOMER_IT: RoleDefinition(
        AccessLevel.READ,
        frozenset({Right.SEATS}),
        _("For people of a customer: views their own company, works on its computers. No prices."),
    ),
    Role.READ_ONLY: RoleDefinition(AccessLevel.READ, frozenset(), _("Views everything but prices. Changes nothing.")),
}
ROLE_OF_LEVEL: Mapping[AccessLevel, Role] = {
    AccessLevel.WRITE: Role.ADMINISTRATOR,
    AccessLevel.READ: Role.READ_ONLY,
    AccessLevel.NONE: Role.READ_ONLY,
}
"""The role of an access that was set by its level alone."""
VIEWING_RIGHTS = frozenset({Right.PRICES})
"""What is left of a role's rights where the level was lowered to READ by hand."""
LEVEL_RANK: Mapping[str, int] = {AccessLevel.NONE: 0, AccessLevel.READ: 1, AccessLevel.WRITE: 2}


def allows(held: AccessLevel | str, wanted: AccessLevel | str) -> bool:
    """Whether `held` is at least `wanted`."""
    return LEVEL_RANK[held] >= LEVEL_RANK[wanted]


def rights_held(*, level: AccessLevel | str, role: Role | str, sees_prices: bool | None = None) -> frozenset[Right]:
    """The rights of one access setting.

    Args:
        level: As set. NONE leaves nothing; lower than the role's own leaves what only views.
        role: The ready-made role.
        sees_prices: Whether prices are seen; None for what the role says.
    """
    if level == AccessLevel.NONE:
        return frozenset()
    definition = ROLES[Role(role)]
    rights = definition.rights if allows(level, definition.level) else definition.rights & VIEWING_RIGHTS
    if sees_prices is None:
        return rights
    return rights | {Right.PRICES} if sees_prices else rights - {Right.PRICES, Right.BILLING}
