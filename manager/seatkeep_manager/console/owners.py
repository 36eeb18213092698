"""For whom a person may make what belongs to a customer or to all of them, such as a template."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from seatkeep_webkit.errors import NotFoundError

from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.customers.selectors import customers_visible
from seatkeep_manager.directory.access import within
from seatkeep_manager.directory.enums import AccessLevel, Functionality


def owners_offered(request: HttpRequest, functionality: Functionality) -> list[tuple[str, str]]:
    """Everybody (with the whole instance), or one customer: hub id or empty, and the name.

    Args:
        request: Of whom it is asked.
        functionality: What is to be made, such as POLICIES; the person must be permitted to change it there.
    """
    seen = customers_visible(viewer(request))
    mine = within(seen, viewer(request), functionality=functionality, level=AccessLevel.WRITE)
    owners = [(str(found.hub_id), found.name) for found in mine]
    return [("", _("All customers")), *owners] if viewer_is_admin(request, functionality) else owners


def owner_chosen(request: HttpRequest, owners: list[tuple[str, str]]) -> UUID | None:
    """The owner that was sent; None is everybody.

    Raises:
        NotFoundError: It is none of those that were offered.
    """
    chosen = request.POST.get("owner", "")
    if chosen not in {value for value, _label in owners}:
        raise NotFoundError
    return UUID(chosen) if chosen else None
