"""People of the console, made from what Licensing says of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.roles import AccessLevel, Role

from seatkeep_manager.directory.errors import PersonWithoutAccessError
from seatkeep_manager.directory.models import StaticGroup, User, UserAccess


@transaction.atomic
def person_from_claims(*, claims: Mapping[str, Any], linked_company: uuid.UUID | None, now: datetime) -> User:
    """Make or update the person that signs in by Licensing; the claims replace all former access.

    Args:
        claims: `sub`, `email`, `name` and `seatkeep_access` as Licensing signed them.
        linked_company: The hub id of the company that this instance is linked to; access to it covers everything
            here. None before linking: nobody gets in.
        now: Current time, aware UTC.

    Raises:
        PersonWithoutAccessError: No access to the linked company or to any company below it, the person has left this
            console, or claims are missing.
    """
    access = access_parse(claims.get("seatkeep_access"))
    if not _may_enter(access, linked_company) or not claims.get("sub") or not claims.get("email"):
        raise PersonWithoutAccessError
    person = _person(str(claims["sub"]), str(claims["email"]))
    if person.left_at is not None:
        raise PersonWithoutAccessError
    is_new = person.pk is None
    person.email, person.name, person.is_active = str(claims["email"]), str(claims.get("name") or "")[:120], True
    if is_new:
        person.set_unusable_password()
    person.save()
    _access_replace(person, access, linked_company)
    if is_new:
        audit_record(
            actor=Actor.system("sign-in"), action="person:create", subject_type="person", subject_id=person.uid,
            company_uid=linked_company, details={"companies": len(access)}, now=now,
        )  # fmt: skip
    return person


def access_parse(claim: object) -> dict[uuid.UUID, tuple[AccessLevel, str]]:
    """Read the claim `seatkeep_access`: company → level and role; entries of another shape are passed over.

    A role that this version does not know, or none, becomes empty: the plainest of the level.
    """
    access: dict[uuid.UUID, tuple[AccessLevel, str]] = {}
    for entry in claim if isinstance(claim, list) else []:
        try:
            level, role = AccessLevel(entry["level"]), entry.get("role")
            access[uuid.UUID(str(entry["company_id"]))] = level, role if role in Role.values else ""
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
    return access


def _may_enter(access: Mapping[uuid.UUID, tuple[AccessLevel, str]], linked_company: uuid.UUID | None) -> bool:
    if linked_company is None:
        return False
    granted = [company for company, (level, _role) in access.items() if level != AccessLevel.NONE]
    return linked_company in granted or StaticGroup.objects.filter(hub_id__in=granted).exists()


def _person(sub: str, email: str) -> User:
    """The person known by this `sub`; an account of the same e-mail is taken over only if no other `sub` owns it."""
    found: User | None = User.objects.select_for_update().filter(hub_sub=sub).first()
    if found is not None:
        return found
    same_email: User | None = User.objects.select_for_update().filter(email=email.strip().lower()).first()
    if same_email is None:
        return User(hub_sub=sub)
    if same_email.hub_sub is not None or same_email.has_usable_password():
        raise PersonWithoutAccessError
    same_email.hub_sub = sub
    return same_email


def _access_replace(
    person: User, access: Mapping[uuid.UUID, tuple[AccessLevel, str]], linked_company: uuid.UUID | None
) -> None:
    """Keep what the claims say; the linked company's setting holds for the whole instance."""
    UserAccess.objects.filter(user=person).delete()
    UserAccess.objects.bulk_create(
        UserAccess(user=person, company_hub_id=None if company == linked_company else company, level=level, role=role)
        for company, (level, role) in access.items()
    )
    vars(person).pop("holdings", None)
