"""Acting as somebody of a company below: who may, and as whom."""

from __future__ import annotations

from uuid import UUID

from seatkeep_hub.companies.access import NOTHING, nearest
from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import access_settings
from seatkeep_hub.licensing.security_admins import owners_administered
from seatkeep_hub.people.errors import CannotActAsError


def can_act_as(person: User, target: User) -> bool:
    """Whether a person may act as another.

    Only downward, with the right for it, and only as somebody who may nothing anywhere that the person may not: else
    acting would be a way to more access.
    """
    if not (person.is_active and target.is_active) or person.company_id not in target.company.path[:-1]:
        return False
    own = access_settings(person)
    at_company = nearest(target.company.path, own)
    if at_company is None or Right.IMPERSONATE not in at_company.holding.rights:
        return False
    places = [(one.path, one.holding) for one in access_settings(target)]
    held = [(nearest(path, own), given) for path, given in places]
    if not all((have.holding if have else NOTHING).covers(given) for have, given in held):
        return False
    return all(_covers_owner(person, path) for path in owners_administered(target).values_list("path", flat=True))


def acted_as(person: User, uid: UUID) -> User | None:
    """Whom a person acts as, asked anew on every request; None when that is not (any more) allowed."""
    target = User.objects.select_related("company").filter(uid=uid).first()
    return target if target is not None and can_act_as(person, target) else None


def act_as_check(*, person: User, target: User) -> None:
    """Refuse to act as somebody.

    Raises:
        CannotActAsError: The person may not.
    """
    if not can_act_as(person, target):
        raise CannotActAsError


def _covers_owner(person: User, path: list[int]) -> bool:
    held = nearest(path, access_settings(person))
    return held is not None and Right.PROGRAMS in held.holding.rights
