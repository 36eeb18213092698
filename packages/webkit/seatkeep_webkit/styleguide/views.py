"""One page per component. The table needs a model, so it shows the test project's computers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator

from seatkeep_webkit import clock
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import (
    AppError,
    ConflictError,
    GoneError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from seatkeep_webkit.navigation import SearchGroup, SearchHit, search_response
from seatkeep_webkit.progress import ProgressState, progress_response
from seatkeep_webkit.search import search_filter
from seatkeep_webkit.tables import BulkAction, ChoiceFilter, Column, Empty, QueryFilter, Table
from seatkeep_webkit.testing.models import Computer
from seatkeep_webkit.wizards import Step, SummaryLine, Wizard

ERRORS = {
    error.status: error
    for error in (NotAllowedError, NotFoundError, ConflictError, GoneError, RateLimitedError, UnavailableError)
}
STATE_TONES = {"PROTECTED": "ok", "SCAN_ONLY": "warn", "NOT_PROTECTED": "bad"}
_DAYS = [f"{day} Nov" for day in range(9, 23)]
_CHART = {
    "labels": _DAYS,
    "series": [
        {"name": "Blocked", "values": [4, 2, 7, 3, 5, 9, 4, 2, 3, 6, 8, 5, 3, 4]},
        {"name": "Cleaned", "values": [1, 0, 3, 1, 2, 4, 1, 0, 1, 2, 3, 2, 1, 1]},
    ],
    "stacked": True,
}


class SampleForm(forms.Form):
    """Every kind of field."""

    name = forms.CharField(label="Name", max_length=60, help_text="As the customer writes it.")
    kind = forms.ChoiceField(label="Kind", choices=[("w", "Workstation"), ("s", "Server")])
    seats = forms.IntegerField(label="Seats", min_value=1)
    overuse = forms.ChoiceField(
        label="When more are used", choices=[("a", "Allow and alert"), ("b", "Block")], widget=forms.RadioSelect
    )
    refuse_above = forms.IntegerField(
        label="Refuse above", required=False, widget=forms.NumberInput(attrs={"data-shown-when": "overuse=b"})
    )
    is_mailed = forms.BooleanField(label="Send a mail", required=False)


class NameForm(forms.Form):
    """First step of the wizard."""

    name = forms.CharField(label="Name", max_length=60)
    wants_seats = forms.BooleanField(label="Order seats now", required=False)


class SeatsForm(forms.Form):
    """Second step of the wizard."""

    seats = forms.IntegerField(label="Seats", min_value=1, max_value=1000)


class ComputerTable(Table[Computer]):
    """The one table, with everything that it can do."""

    name = "computers"
    order = "name"
    columns = (
        Column("name", "Computer", sort="name", is_title=True),
        Column("customer", "Customer", sort="customer"),
        Column("state", "Protection", sort="state", badge=STATE_TONES),
        Column("detections", "Detections", sort="detections", kind="number"),
        Column("seen_at", "Last seen", sort="seen_at", kind="when"),
        Column("uid", "Id", is_hidden=True),
    )
    filters = (
        ChoiceFilter("state", "Protection", Computer.State.choices),
        QueryFilter("seen", "Last seen", {"never": ("Never", Q(seen_at=None)), "once": ("Once", ~Q(seen_at=None))}),
    )
    bulk_actions = (
        BulkAction("rename", "Rename…", "webkit:styleguide-rename", icon="pencil"),
        BulkAction("remove", "Remove…", "webkit:styleguide-remove", icon="trash", is_danger=True),
    )
    empty = Empty(
        "Nothing here yet.", "Run the installer on a computer. The first device appears by itself.", "device-desktop"
    )

    def row_url(self, row: Computer) -> str:
        """Open the computer in the drawer."""
        return reverse("webkit:styleguide-computer", args=[row.uid])

    def apply_search(self, queryset: QuerySet[Computer], text: str) -> QuerySet[Computer]:
        """Find parts of words through the trigram index."""
        return search_filter(queryset, "search", text)


@method_decorator(login_not_required, name="dispatch")
class ComputerWizard(Wizard):
    """A wizard of two steps, the second only when asked for."""

    name = "sample"
    title = "New customer"
    finish_label = "Create customer"
    cancel_url = "/webkit/styleguide/"
    steps = (
        Step("company", "Company", NameForm, text="Nothing is created before the last step."),
        Step("seats", "Seats", SeatsForm, is_shown=lambda data: data.get("company", {}).get("wants_seats", False)),
    )

    def summary(self) -> Sequence[SummaryLine]:
        """Say what will be created."""
        lines = [SummaryLine("Name", self.data["company"]["name"], step="company")]
        if "seats" in self.data:
            lines.append(SummaryLine("Seats", self.data["seats"]["seats"], step="seats"))
        return lines

    def finish(self) -> HttpResponseBase:
        """Create one computer per customer; a taken name is refused."""
        name = self.data["company"]["name"]
        if Computer.objects.filter(name=name).exists():
            raise ConflictError("This name is taken.", code="name_taken")
        Computer.objects.create(name=name, customer=name)
        return done(self.request, "Created.", url=reverse("webkit:styleguide-table"))


@login_not_required
def components(request: HttpRequest) -> HttpResponse:
    """Show every component once, in every state."""
    invalid = SampleForm({"name": "", "kind": "w", "seats": "0", "overuse": "a"})
    running = ProgressState(label="Activating computers", done=12, total=40, url="", state="paused")
    context = {
        "form": SampleForm(initial={"name": "Contoso", "seats": 25, "overuse": "a"}),
        "invalid": invalid,
        "chart": _CHART,
        "moments": [clock.now() - timedelta(minutes=5), clock.now() - timedelta(days=3), None],
        "works": [running, *_ended_work()],
        "live": ProgressState(label="Synchronizing", done=0, total=20, url=_progress_url(0)),
        "tones": [("ok", "Protected"), ("warn", "Scan only"), ("bad", "Not protected"), ("info", "New"), ("off", "–")],
        "errors": [(status, error.message) for status, error in ERRORS.items()],
    }
    return render(request, "webkit/styleguide/components.html", context)


@login_not_required
def computers(request: HttpRequest) -> HttpResponseBase:
    """Show the table."""
    return ComputerTable(request, Computer.objects.all()).response("webkit/styleguide/table.html")


@login_not_required
def computer(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show one row in the drawer or as a page."""
    found = Computer.objects.filter(uid=uid).first()
    if found is None:
        raise NotFoundError
    tone = STATE_TONES[found.state]
    return detail_response(request, "webkit/styleguide/computer.html", {"computer": found, "tone": tone})


@login_not_required
def computers_remove(request: HttpRequest) -> HttpResponse:
    """Ask, saying how many, then remove."""
    rows = ComputerTable(request, Computer.objects.all()).selected()
    lines = ["Their history is kept.", "They come back by themselves when the agent still runs."]
    count = rows.count()
    dialog = Confirm(request, title="Remove computers", label="Remove", count=count, lines=lines, is_danger=True)
    if not dialog.is_confirmed:
        return dialog.response()
    rows.delete()
    return done(request, f"{count} removed.", url=reverse("webkit:styleguide-table"))


@login_not_required
def computers_rename(request: HttpRequest) -> HttpResponse:
    """Ask for a name in a dialog; nothing is changed."""
    form = NameForm(request.POST if "name" in request.POST else None)
    dialog = FormDialog(request, form, title="Rename computers", label="Rename")
    if not (dialog.is_valid and form.is_bound):
        return dialog.response()
    return done(request, "Renamed.", url=reverse("webkit:styleguide-table"))


@login_not_required
def search(request: HttpRequest) -> HttpResponse:
    """Answer the global search."""
    rows = search_filter(Computer.objects.order_by("name"), "search", request.GET.get("q", ""))[:6]
    hits = [SearchHit(row.name, _detail_url(row), hint=row.customer, icon="device-desktop") for row in rows]
    return search_response(request, [SearchGroup("Computers", hits)])


@login_not_required
def progress(request: HttpRequest, done: int) -> HttpResponse:
    """Pretend to work: each question is one step further."""
    state = "finished" if done >= 20 else "running"
    return progress_response(
        request,
        ProgressState(label="Synchronizing", done=done, total=20, url=_progress_url(min(done + 5, 20)), state=state),
    )


@login_not_required
def error(request: HttpRequest, status: int) -> HttpResponse:
    """Raise the error of a status, to see its page."""
    kind = ERRORS.get(status, AppError)
    raise kind


def _ended_work() -> list[ProgressState]:
    return [
        ProgressState(label="Export", done=40, total=40, url="", state="finished", link_url="#", link_label="Download"),
        ProgressState(label="Build installer", done=3, total=9, url="", state="failed", detail="The disk is full."),
    ]


def _progress_url(done: int) -> str:
    return reverse("webkit:styleguide-progress", args=[done])


def _detail_url(row: Computer) -> str:
    return reverse("webkit:styleguide-computer", args=[row.uid])
