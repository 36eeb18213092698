"""Policies as files: out and in."""

from __future__ import annotations

import json
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import AppError, NotFoundError

from seatkeep_manager.console.owners import owner_chosen, owners_offered
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.tables.policies import PolicyTable
from seatkeep_manager.directory.enums import Functionality
from seatkeep_manager.policies.selectors import policies_visible
from seatkeep_manager.policies.transfer import (
    FILE_LIMIT_BYTES,
    POLICIES_LIMIT,
    policies_export,
    policies_import,
    policy_file_read,
)


class FileForm(forms.Form):
    """A file of policies, and for whom they are."""

    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("An export of policies, JSON, at most 1 MB.")
    )
    owner = forms.ChoiceField(label=gettext_lazy("Belongs to"), required=False)

    def __init__(self, *args: object, owners: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # what forms.Form takes
        self.fields["owner"].choices = owners  # type: ignore[attr-defined]  # a ChoiceField


@require_http_methods(["GET", "POST"])
def policies_file(request: HttpRequest) -> HttpResponse:
    """The chosen policies as a file: a selection leads to an address that downloads it."""
    mine = policies_visible(viewer(request))
    if request.method == "POST":
        uids = PolicyTable(request, mine).selected().values_list("uid", flat=True)[:POLICIES_LIMIT]
        address = f"{reverse('console:policies-export')}?{urlencode([('policy', str(uid)) for uid in uids])}"
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": address})
        return redirect(address)
    rows = mine.filter(uid__in=_uids(request.GET.getlist("policy")))
    text = json.dumps(policies_export(rows), indent=2, ensure_ascii=False)
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="policies.json"'
    return response


def _uids(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts[:POLICIES_LIMIT]]
    except ValueError as error:
        raise NotFoundError from error


@require_http_methods(["GET", "POST"])
def policies_take(request: HttpRequest) -> HttpResponse:
    """Make policies from a file, all or none."""
    owners = owners_offered(request, Functionality.POLICIES)
    form = FileForm(request.POST or None, request.FILES or None, owners=owners)
    faults: dict[str, list[str]] = {}
    if request.method == "POST" and form.is_valid():
        try:
            made = policies_import(
                actor=actor_from_request(request),
                file=policy_file_read(form.cleaned_data["file"].read(FILE_LIMIT_BYTES + 1)),
                company_hub_id=owner_chosen(request, owners),
                now=clock_now(),
            )
        except AppError as error:
            form.add_error("file", error.detail)
            faults = error.fields
        else:
            text = ngettext("%(n)d policy was made.", "%(n)d policies were made.", len(made)) % {"n": len(made)}
            messages.success(request, text)
            return redirect("console:policies")
    status = 422 if request.method == "POST" else 200
    return render(request, "console/policies_import.html", {"form": form, "faults": faults}, status=status)
