"""Writes of people themselves."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.models import StaticGroup, User


@transaction.atomic
def home_set(*, actor: Actor, person: User, group: StaticGroup | None, now: datetime) -> User:
    """Say where stands what a person makes, unless said otherwise. A no-op changes nothing.

    Args:
        actor: Who does it; whether they may is the caller's check (`manageable`).
        person: Whose home.
        group: A group that the actor sees; None for none.
        now: Current time, aware UTC.
    """
    if person.home_group_id != (group.pk if group else None):
        person.home_group = group
        person.save(update_fields=["home_group"])
        audit_record(
            actor=actor, action="person:home", subject_type="person", subject_id=person.uid, now=now,
            company_uid=group.company_hub_id if group else None,
            details={"email": person.email, "group": group.name if group else None},
        )  # fmt: skip
    return person
