"""For whom a person may make what belongs to a customer or to all of them, such as a template."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from seatkeep_webkit.errors import NotFoundError

from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.customers.selectors import owners_visible
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.hublink.rules import DEVICE_KINDS


def owners_offered(request: HttpRequest, functionality: Functionality) -> list[tuple[str, str]]:
    """Everybody (with the whole instance), an MSP with all its customers, or one customer: hub id or empty, and words.

    Args:
        request: Of whom it is asked.
        functionality: What is to be made, such as POLICIES; the person must be permitted to change it there.
    """
    mine = owners_visible(viewer(request), functionality, AccessLevel.WRITE)
    owners = [(str(found.hub_id), owner_words(found)) for found in mine]
    return [("", _("All customers")), *owners] if viewer_is_admin(request, functionality) else owners


def owner_words(company: MirroredCompany) -> str:
    """A customer's name, or whose customers share it."""
    if company.kind in DEVICE_KINDS:
        return company.name
    return _("All customers of %(name)s") % {"name": company.name}


def owner_chosen(request: HttpRequest, owners: list[tuple[str, str]]) -> UUID | None:
    """The owner that was sent; None is everybody.

    Raises:
        NotFoundError: It is none of those that were offered.
    """
    chosen = request.POST.get("owner", "")
    if chosen not in {value for value, _label in owners}:
        raise NotFoundError
    return UUID(chosen) if chosen else None
