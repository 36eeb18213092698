"""Who will own what a call makes: a customer, or everybody."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from seatkeep_webkit.errors import NotAllowedError

from seatkeep_manager.api.auth import caller, require_admin
from seatkeep_manager.customers.selectors import customer_get
from seatkeep_manager.directory.access import may_at
from seatkeep_manager.directory.enums import AccessLevel, Functionality


def owner_of(request: HttpRequest, company: UUID | None, functionality: Functionality) -> UUID | None:
    """The hub id of a customer for which the caller may make something; None is everybody, with the whole instance.

    Raises:
        NotAllowedError: Everybody's, and the caller is no administrator.
        NotFoundError: No such customer, or not the caller's to change.
    """
    if company is None:
        require_admin(request, functionality)
        return None
    found = customer_get(caller(request), uid=company)
    if found.group is None or not may_at(caller(request), found.group, functionality, AccessLevel.WRITE):
        raise NotAllowedError
    return found.hub_id
