"""What every dialog does: ask, act, say what is refused or done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError, Text

from seatkeep_hub.portal.viewing import acting


def carry_out(
    request: HttpRequest,
    dialog: Confirm | FormDialog,
    act: Callable[[Actor, datetime], object],
    *,
    said: Text,
    url: str = "",
) -> HttpResponse:
    """Show a dialog until it is answered, then act; a refusal shows it again, with the reason at its place.

    Args:
        request: The dialog's.
        dialog: Asks.
        act: Takes who acts and when; an `HttpResponse` that it gives is the answer.
        said: What is said when it is done.
        url: The page to go to; empty stays.
    """
    is_answered = dialog.is_confirmed if isinstance(dialog, Confirm) else dialog.is_valid
    if not is_answered:
        return dialog.response()
    try:
        made = act(*acting(request))
    except AppError as error:
        return dialog.refuse(error)
    return made if isinstance(made, HttpResponse) else done(request, said, url=url)
