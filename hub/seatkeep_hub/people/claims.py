"""What a console is told of people: at their sign-in, and while they are signed in there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q

from seatkeep_hub.companies.enums import AccessLevel, Role
from seatkeep_hub.companies.models import Access, Company, User
from seatkeep_hub.licensing.security_admins import owners_administered


def access_claim(user: User) -> list[dict[str, str]]:
    """Explicit access of a person, and the owners whose Security Admin they are: `[{company_id, level, role}]`."""
    held = {str(owner.uid): (AccessLevel.WRITE.value, Role.ADMINISTRATOR.value) for owner in owners_administered(user)}
    for access in Access.objects.filter(user=user).select_related("company"):
        held.setdefault(str(access.company.uid), (access.level, access.role))
    return [
        {"company_id": company_id, "level": level, "role": role} for company_id, (level, role) in sorted(held.items())
    ]


def people_claims(*, uids: Collection[UUID], scope: Company) -> list[dict[str, Any]]:
    """What a console may know of people who are signed in to it: as at sign-in, and since when a session counts.

    Somebody who left, or who may nothing at the console's company, above it or below it, is left out as if unknown.

    Args:
        uids: The `sub`s that the console asks about.
        scope: The console's company.

    Returns:
        `{sub, email, name, seatkeep_access, sessions_from}`; sessions begun at or before `sessions_from` are over.
    """
    found = User.objects.filter(uid__in=uids, is_active=True).order_by("pk")
    claims = ((user, access_claim(user)) for user in found)
    return [
        {
            "sub": str(user.uid),
            "email": user.email,
            "name": user.name,
            "seatkeep_access": access,
            "sessions_from": user.sessions_ended_at,
        }
        for user, access in claims
        if _is_of_scope(access, scope)
    ]


def _is_of_scope(access: Collection[dict[str, str]], scope: Company) -> bool:
    held = [one["company_id"] for one in access if one["level"] != AccessLevel.NONE]
    return Company.objects.filter(Q(pk__in=scope.path) | Q(path__contains=[scope.pk]), uid__in=held).exists()
