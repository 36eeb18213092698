"""Which part of the API an address belongs to; a token needs a scope of that part. What is not listed is closed."""

from __future__ import annotations

from seatkeep_hub.instances.scopes import Capability

ROOT = "/api/v1/"
CAPABILITY_OF: dict[str, Capability] = {
    "companies": Capability.COMPANIES,
    "company-acts": Capability.COMPANIES,
    "imports": Capability.COMPANIES,
    "jobs": Capability.COMPANIES,
    "licenses": Capability.LICENSES,
    "requests": Capability.LICENSES,
    "bundles": Capability.LICENSES,
    "agreements": Capability.LICENSES,
    "orders": Capability.LICENSES,
    "planned-changes": Capability.LICENSES,
    "seats": Capability.SEATS,
    "usage": Capability.USAGE,
    "price-lists": Capability.BILLING,
    "statements": Capability.BILLING,
    "statement-lines": Capability.BILLING,
    "corrections": Capability.BILLING,
    "export-layouts": Capability.BILLING,
    "users": Capability.PEOPLE,
    "invitations": Capability.PEOPLE,
    "roles": Capability.PEOPLE,
    "security-admins": Capability.PEOPLE,
    "sign-in-policies": Capability.PEOPLE,
    "instances": Capability.PROGRAMS,
    "api-tokens": Capability.PROGRAMS,
    "catalog": Capability.CATALOG,
    "audit": Capability.AUDIT,
}
"""By the first word of the address."""
CLOSED = frozenset({"link", "sync", "instance"})
"""For consoles, or for nobody in particular: no token is let in."""


def capability_of(path: str) -> Capability | None:
    """The part that an address belongs to; None where no token may go."""
    return CAPABILITY_OF.get(path.removeprefix(ROOT).partition("/")[0])
