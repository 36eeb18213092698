"""A person leaves this console."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.sessions import sessions_of

from seatkeep_manager.console.audit_words import WORDS
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.people_forms import LeaveForm
from seatkeep_manager.console.views.users import managed
from seatkeep_manager.directory.models import User
from seatkeep_manager.rights.enums import Choice, Left
from seatkeep_manager.rights.leaving import Decision, user_leave
from seatkeep_manager.rights.left_items import items_of, secrets_seen
from seatkeep_manager.rights.models import Departure
from seatkeep_manager.rights.selectors import departure_of, user_get, users_visible


@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What ends by itself, what the person made, which secrets they saw; then one act."""
    user = viewer(request)
    person = user_get(user, uid=uid)
    departure = departure_of(person)
    if departure is not None:
        return render(request, "console/user_left.html", _left(person, departure))
    person = managed(request, uid)
    items = items_of(person)
    heirs = users_visible(user).filter(is_active=True).exclude(pk=person.pk).order_by("name", "id")
    form = LeaveForm(request.POST if request.method == "POST" else None, items=items, heirs=heirs)
    context = {"person": person, "form": form, "items": items, "sessions": len(sessions_of(person)), **_seen(person)}
    if request.method != "POST" or not form.is_valid():
        return render(request, "console/user_leave.html", context, status=422 if request.method == "POST" else 200)
    decisions = {key: Decision(choice, heir) for key, (choice, heir) in form.decisions.items()}
    try:
        left = user_leave(
            actor=actor_from_request(request), user=user, person=person, decisions=decisions, now=clock_now()
        )
    except AppError as error:
        form.add_error(None, error.detail)
        return render(request, "console/user_leave.html", context, status=422)
    response = render(request, "console/user_left.html", {**_left(person, left.departure), "secrets_new": left.secrets})
    response["Cache-Control"] = "no-store"
    return response


def _left(person: User, departure: Departure) -> dict[str, object]:
    settled = [
        (Left(one["kind"]).label, one["name"], one["place"], Choice(one["choice"]).label, one["heir"])
        for one in departure.items
    ]
    return {"person": person, "departure": departure, "settled": settled, **_seen(person)}


def _seen(person: User) -> dict[str, object]:
    shown = [
        {
            "what": str(WORDS.actions.get(one.action, one.action)),
            "at": one.at,
            "about": one.details.get("name") or one.details.get("group") or one.details.get("email") or "",
        }
        for one in secrets_seen(person)
    ]
    return {"secrets": shown}
