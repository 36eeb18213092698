"""What a managed MSP that is not trusted does on a page becomes a request to its manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.dialogs import done

from seatkeep_hub.companies.models import Company
from seatkeep_hub.msp.enums import RequestKind
from seatkeep_hub.msp.requests import asker_of, request_make
from seatkeep_hub.portal.viewing import acting, viewer_of


def ask_instead(
    request: HttpRequest, about: Company, kind: RequestKind, command: Mapping[str, Any]
) -> HttpResponse | None:
    """Ask for something that the viewer may not do alone; None where they may.

    Args:
        request: A confirmed dialog.
        about: The owner of the license, the customer, or the company above the new customer.
        kind: What is asked for.
        command: Its arguments, as plain JSON.

    Raises:
        AppError: It could not be done anyway.
    """
    viewer = viewer_of(request)
    if asker_of(viewer, about) is None:
        return None
    actor, now = acting(request)
    made = request_make(viewer=viewer, actor=actor, kind=kind, about=about, command=command, now=now)
    return done(request, _("Asked. Your manager approves it."), url=reverse("portal:request", args=[made.uid]))
