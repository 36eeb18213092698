"""Who will own what a call makes: a customer, or everybody."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest

from seatkeep_manager.api.auth import caller, require_admin
from seatkeep_manager.customers.selectors import customer_get
from seatkeep_manager.directory.enums import AccessLevel


def owner_of(request: HttpRequest, company: UUID | None) -> UUID | None:
    """The hub id of a customer that the caller may change; None is everybody, for administrators.

    Raises:
        NotAllowedError: Everybody's, and the caller is no administrator.
        NotFoundError: No such customer, or not the caller's to change.
    """
    if company is None:
        require_admin(request)
        return None
    return customer_get(caller(request), uid=company, level=AccessLevel.WRITE).hub_id
