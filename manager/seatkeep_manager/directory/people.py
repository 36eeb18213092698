"""People of the console, made from what Licensing says of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.enums import AccessLevel
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
        PersonWithoutAccessError: No access to the linked company or to any company below it, or claims are missing.
    """
    access = access_parse(claims.get("seatkeep_access"))
    level = access.get(linked_company, AccessLevel.NONE) if linked_company else AccessLevel.NONE
    if not _may_enter(access, level, linked_company) or not claims.get("sub") or not claims.get("email"):
        raise PersonWithoutAccessError
    person = _person(str(claims["sub"]), str(claims["email"]))
    is_new = person.pk is None
    person.email, person.name, person.is_active = str(claims["email"]), str(claims.get("name") or "")[:120], True
    # A denial of one company below needs the slower, nearest-wins way; without one the whole instance is open.
    has_denials = any(found != level for found in access.values())
    person.instance_level = AccessLevel.NONE if has_denials else level
    if is_new:
        person.set_unusable_password()
    person.save()
    _access_replace(person, access)
    if is_new:
        audit_record(
            actor=Actor.system("sign-in"), action="person:create", subject_type="person", subject_id=person.uid,
            company_uid=linked_company, details={"level": str(level)}, now=now,
        )  # fmt: skip
    return person


def access_parse(claim: object) -> dict[uuid.UUID, AccessLevel]:
    """Read the claim `seatkeep_access`; entries of another shape are passed over."""
    access: dict[uuid.UUID, AccessLevel] = {}
    for entry in claim if isinstance(claim, list) else []:
        try:
            access[uuid.UUID(str(entry["company_id"]))] = AccessLevel(entry["level"])
        except (KeyError, TypeError, ValueError):
            continue
    return access


def _may_enter(access: Mapping[uuid.UUID, AccessLevel], level: AccessLevel, linked_company: uuid.UUID | None) -> bool:
    if linked_company is None:
        return False
    granted = [company for company, found in access.items() if found != AccessLevel.NONE]
    return level != AccessLevel.NONE or StaticGroup.objects.filter(hub_id__in=granted).exists()


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


def _access_replace(person: User, access: Mapping[uuid.UUID, AccessLevel]) -> None:
    UserAccess.objects.filter(user=person).delete()
    UserAccess.objects.bulk_create(
        [UserAccess(user=person, company_hub_id=company, level=level) for company, level in access.items()]
    )
