"""Long work on the page: how far it is, polled by htmx; it can be left and found again."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from seatkeep_webkit.errors import Text


@dataclass(frozen=True, slots=True)
class ProgressState:
    """How far a piece of work is.

    Attributes:
        label: What is being done.
        url: Where the state is asked for again.
        done: Finished items.
        total: All items; None while not known.
        state: `running`, `finished` or `failed`.
        detail: One line about the present step, or why it failed.
        link_url: Where to go when it has ended.
        link_label: Words of that link.
    """

    label: Text
    url: str
    done: int = 0
    total: int | None = None
    state: str = "running"
    detail: Text = ""
    link_url: str = ""
    link_label: Text = ""

    @property
    def is_running(self) -> bool:
        """Whether to ask again."""
        return self.state == "running"

    @property
    def percent(self) -> int | None:
        """Whole percent, 0 to 100; None while the total is not known."""
        return None if not self.total else min(100, 100 * self.done // self.total)


def progress_response(request: HttpRequest, state: ProgressState) -> HttpResponse:
    """Answer a poll with the component, or a reader without JavaScript with a page of its own."""
    is_part = bool(request.headers.get("HX-Request"))
    return render(request, "webkit/parts/progress.html" if is_part else "webkit/progress_page.html", {"state": state})
