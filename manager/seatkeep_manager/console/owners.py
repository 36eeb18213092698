"""For whom a person may make what belongs to a customer or to all of them, such as a template."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from seatkeep_webkit.errors import NotFoundError

from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.customers.selectors import customers_visible
from seatkeep_manager.directory.enums import AccessLevel


def owners_offered(request: HttpRequest) -> list[tuple[str, str]]:
    """Everybody (administrators), or one customer: hub id or empty, and the name."""
    mine = customers_visible(viewer(request), level=AccessLevel.WRITE)
    owners = [(str(found.hub_id), found.name) for found in mine]
    return [("", _("All customers")), *owners] if viewer_is_admin(request) else owners


def owner_chosen(request: HttpRequest, owners: list[tuple[str, str]]) -> UUID | None:
    """The owner that was sent; None is everybody.

    Raises:
        NotFoundError: It is none of those that were offered.
    """
    chosen = request.POST.get("owner", "")
    if chosen not in {value for value, _label in owners}:
        raise NotFoundError
    return UUID(chosen) if chosen else None
