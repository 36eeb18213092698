"""Who will own what a call makes: a customer, or everybody."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from seatkeep_webkit.errors import NotAllowedError

from seatkeep_manager.api.auth import caller, require_admin
from seatkeep_manager.customers.selectors import owners_visible
from seatkeep_manager.directory.access import may_at
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.hublink.errors import CompanyNotFoundError


def owner_of(request: HttpRequest, company: UUID | None, functionality: Functionality) -> UUID | None:
    """The hub id of a company for which the caller may make something; None is everybody, with the whole instance.

    What an MSP owns is shared with all its customers.

    Args:
        request: Of whom it is asked.
        company: Its uid here, or its id in Licensing.
        functionality: What is to be made.

    Raises:
        NotAllowedError: Everybody's, and the caller is no administrator.
        NotFoundError: No such customer, or not the caller's to change.
    """
    if company is None:
        require_admin(request, functionality)
        return None
    wanted = Q(uid=company) | Q(hub_id=company)
    found = owners_visible(caller(request), functionality, AccessLevel.READ).filter(wanted).first()
    if found is None:
        raise CompanyNotFoundError
    if found.group is None or not may_at(caller(request), found.group, functionality, AccessLevel.WRITE):
        raise NotAllowedError
    return found.hub_id
