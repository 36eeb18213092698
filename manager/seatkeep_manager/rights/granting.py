"""Writes of permission sets and of who holds them; what is given is first judged against what the giver holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.roles import Role

from seatkeep_manager.directory.access import holdings_of
from seatkeep_manager.directory.enums import AccessLevel, Functionality, GroupKind
from seatkeep_manager.directory.models import PermissionGrant, PermissionSet, StaticGroup, User
from seatkeep_manager.directory.rights import Levels, covers, is_owner, levels_at, role_levels, set_levels, suffices
from seatkeep_manager.directory.selectors import group_system
from seatkeep_manager.rights.errors import (
    GrantTooMuchError,
    LastOwnerError,
    OwnRightsError,
    PermissionSetInvalidError,
    PermissionSetTakenError,
    PermissionSetUsedError,
)
from seatkeep_manager.rights.rules import levels_clean, may_give


@transaction.atomic
def set_create(
    *, actor: Actor, user: User, name: str, levels: Mapping[str, str], note: str = "", now: datetime
) -> PermissionSet:
    """Put permissions together under a name.

    Args:
        actor: Who does it.
        user: The same person; a set that permits more than they hold in the whole console is refused.
        name: For people; unique.
        levels: Functionality → READ, USE or WRITE; NONE and what is missing permit nothing.
        note: What it is for.
        now: Current time, aware UTC.

    Raises:
        PermissionSetInvalidError: No name, or a functionality or level that does not exist.
        PermissionSetTakenError: Another set has the name.
        GrantTooMuchError: It permits more than the person holds.
    """
    made = PermissionSet(created_at=now)
    return _save(actor, user, made, name, levels, note, now, action="permission_set:create")


@transaction.atomic
def set_update(
    *,
    actor: Actor,
    user: User,
    permission_set: PermissionSet,
    name: str,
    levels: Mapping[str, str],
    note: str = "",
    now: datetime,
) -> PermissionSet:
    """Change a set; it holds from the next click of everybody who has it. Errors as for `set_create`.

    Raises:
        OwnRightsError: The person holds this set, and would change their own rights.
    """
    locked = PermissionSet.objects.select_for_update().get(pk=permission_set.pk)
    if locked.grants.filter(user=user).exists():
        raise OwnRightsError
    _give_check(user, group_system(GroupKind.ROOT), set_levels(locked.levels))
    return _save(actor, user, locked, name, levels, note, now, action="permission_set:update")


@transaction.atomic
def set_delete(*, actor: Actor, user: User, permission_set: PermissionSet, now: datetime) -> None:
    """Delete a set that nobody holds.

    Raises:
        PermissionSetUsedError: Somebody holds it.
        GrantTooMuchError: It permits more than the person holds in the whole console.
    """
    _give_check(user, group_system(GroupKind.ROOT), set_levels(permission_set.levels))
    if permission_set.grants.exists():
        raise PermissionSetUsedError
    _record(actor, "permission_set:delete", "permission_set", permission_set.uid, now, name=permission_set.name)
    permission_set.delete()


def levels_of(role: Role | str, permission_set: PermissionSet | None) -> Levels:
    """What a role or an own set permits."""
    return set_levels(permission_set.levels) if permission_set else role_levels(role)


def give_check(user: User, *, group: StaticGroup, role: Role | str, permission_set: PermissionSet | None) -> None:
    """Refuse to give more than one holds.

    Raises:
        GrantTooMuchError: The person does not manage users at the group, or holds less there.
    """
    _give_check(user, group, levels_of(role, permission_set), role)


def program_check(user: User, *, group: StaticGroup, role: Role | str, permission_set: PermissionSet | None) -> None:
    """Refuse to make a program that may more than its maker, or that is Owner.

    Raises:
        GrantTooMuchError: The person does not manage API clients at the group, or holds less there.
    """
    here = levels_at(holdings_of(user), group.path)
    is_maker = suffices(here.get(Functionality.API_CLIENTS, AccessLevel.NONE), AccessLevel.WRITE)
    if role == Role.OWNER or not is_maker or not covers(here, levels_of(role, permission_set)):
        raise GrantTooMuchError


@transaction.atomic
def grant_give(
    *,
    actor: Actor,
    user: User,
    person: User,
    group: StaticGroup,
    role: Role | str = "",
    permission_set: PermissionSet | None = None,
    now: datetime,
) -> PermissionGrant:
    """Give a role or a set at a group and everything below. Idempotent.

    Args:
        actor: Who does it.
        user: The same person, whose own rights are judged.
        person: Who gets it.
        group: Where; the person has seen it.
        role: A ready-made role, or
        permission_set: an own set; exactly one of them.
        now: Current time, aware UTC.

    Raises:
        OwnRightsError: It is the person's own.
        GrantTooMuchError: It is more than they hold there.
    """
    if person == user:
        raise OwnRightsError
    give_check(user, group=group, role=role, permission_set=permission_set)
    made, is_new = PermissionGrant.objects.get_or_create(
        user=person, group=group, role=role, permission_set=permission_set, defaults={"created_at": now}
    )
    vars(person).pop("holdings", None)
    if is_new:
        _grant_record(actor, "person:grant", made, now)
    return made


@transaction.atomic
def grant_take(*, actor: Actor, user: User, grant: PermissionGrant, now: datetime) -> None:
    """Take a role or a set away; it ends with the person's next click.

    Raises:
        OwnRightsError: It is the person's own.
        GrantTooMuchError: It is more than they hold there.
        LastOwnerError: Nobody else would be Owner of the console.
    """
    if grant.user_id == user.pk:
        raise OwnRightsError
    give_check(user, group=grant.group, role=grant.role, permission_set=grant.permission_set)
    if grant.role == Role.OWNER and len(grant.group.path) == 1:
        owner_keep(without=grant.user)
    _grant_record(actor, "person:ungrant", grant, now)
    grant.delete()


def owner_keep(*, without: User) -> None:
    """Refuse an act after which nobody would be Owner; holds the lock until the transaction ends.

    Args:
        without: Who would be Owner no more; nothing is asked when they are none.

    Raises:
        LastOwnerError: They are the last.
    """
    StaticGroup.objects.select_for_update().get(kind=GroupKind.ROOT)  # One such act at a time.
    if not is_owner(holdings_of(User.objects.get(pk=without.pk))):
        return
    others = User.objects.filter(is_active=True, is_program=False).exclude(pk=without.pk)
    named = others.filter(grants__role=Role.OWNER) | others.filter(accesses__role=Role.OWNER)
    if not any(is_owner(holdings_of(other)) for other in named.distinct()):
        raise LastOwnerError


def _give_check(user: User, group: StaticGroup, levels: Levels, role: Role | str = "") -> None:
    if not may_give(holdings_of(user), path=group.path, levels=levels, role=role):
        raise GrantTooMuchError


def _save(
    actor: Actor,
    user: User,
    row: PermissionSet,
    name: str,
    levels: Mapping[str, str],
    note: str,
    now: datetime,
    *,
    action: str,
) -> PermissionSet:
    cleaned = levels_clean(levels)
    if cleaned is None or not name.strip():
        raise PermissionSetInvalidError(fields={"name" if cleaned is not None else "levels": [_INVALID]})
    _give_check(user, group_system(GroupKind.ROOT), set_levels(cleaned))
    former = (row.name, row.levels, row.note)
    row.name, row.levels, row.note = name.strip()[:100], cleaned, note.strip()[:500]
    if row.pk and former == (row.name, row.levels, row.note):
        return row
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise PermissionSetTakenError(fields={"name": [str(PermissionSetTakenError.message)]}) from error
    permits = ", ".join(f"{about} {level}" for about, level in sorted(cleaned.items()))
    _record(actor, action, "permission_set", row.uid, now, name=row.name, permits=permits)
    return row


_INVALID = str(PermissionSetInvalidError.__doc__)


def _grant_record(actor: Actor, action: str, grant: PermissionGrant, now: datetime) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="person",
        subject_id=grant.user.uid,
        company_uid=grant.group.company_hub_id,
        details={
            "email": grant.user.email,
            "what": grant.permission_set.name if grant.permission_set else grant.role,
            "group": grant.group.name,
        },
        now=now,
    )


def _record(actor: Actor, action: str, subject_type: str, subject_id: object, now: datetime, **details: str) -> None:
    audit_record(actor=actor, action=action, subject_type=subject_type, subject_id=subject_id, details=details, now=now)
