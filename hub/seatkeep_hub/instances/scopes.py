"""What a token may do, by capability: each can be read, or read and written."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.companies.access import READS, WRITES
from seatkeep_hub.instances.enums import TokenLevel


class Capability(TextChoices):
    """Parts of the API that a token is let into one by one."""

    COMPANIES = "companies", _("Companies and imports")
    LICENSES = "licenses", _("Licenses, orders and agreements")
    SEATS = "seats", _("Computers and their seats")
    USAGE = "usage", _("Usage")
    BILLING = "billing", _("Prices and statements")
    PEOPLE = "people", _("People, access and sessions")
    PROGRAMS = "programs", _("Consoles and API clients")
    CATALOG = "catalog", _("Products, bundles and terms that are sold")
    AUDIT = "audit", _("Audit log")


WRITABLE = tuple(one for one in Capability if one not in (Capability.USAGE, Capability.AUDIT))
"""What can be changed by a program; days are counted and acts noted by the hub itself."""
SCOPES = (
    *(f"{one.value}:{READS}" for one in Capability),
    *(f"{one.value}:{WRITES}" for one in WRITABLE),
)
"""Every scope there is; writing includes reading."""


def scopes_of_level(level: TokenLevel | str) -> frozenset[str]:
    """Everything that can be read, or everything."""
    return frozenset(SCOPES if level == TokenLevel.WRITE else [one for one in SCOPES if one.endswith(f":{READS}")])


def level_of_scopes(scopes: Collection[str]) -> TokenLevel:
    """WRITE when anything can be written."""
    return TokenLevel.WRITE if any(one.endswith(f":{WRITES}") for one in scopes) else TokenLevel.READ


def scopes_unknown(scopes: Collection[str]) -> list[str]:
    """Those that are none of ours, sorted."""
    return sorted(set(scopes) - set(SCOPES))


def scope_covers(scopes: Collection[str], capability: Capability | str, *, is_write: bool) -> bool:
    """Whether scopes let into a part of the API."""
    write = f"{capability}:{WRITES}"
    return write in scopes or (not is_write and f"{capability}:{READS}" in scopes)
