"""Versions that come back, and roll-outs: how far, pause, resume, next stage, take back."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_protocol.settings_schema import product_schema
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError, NotFoundError

from seatkeep_manager.console.forms import RollBackForm
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.policy_pages import rollout_context
from seatkeep_manager.console.policy_words import changes_words
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.policies.counting import policies_device_counts
from seatkeep_manager.policies.models import PolicyRollout
from seatkeep_manager.policies.rolling import rollout_advance, rollout_pause, rollout_resume, rollout_take_back
from seatkeep_manager.policies.selectors import policies_visible, policy_get, policy_version_get, rollout_under_way
from seatkeep_manager.policies.services import policy_roll_back


@require_http_methods(["GET", "POST"])
def version_back(request: HttpRequest, uid: UUID, number: int) -> HttpResponse:
    """Bring a former version back, after saying in words what that changes."""
    user = viewer(request)
    found = policy_get(user, uid=uid, level=AccessLevel.WRITE)
    version = policy_version_get(found, version=number)
    changes = changes_words(found.settings, version.settings, product_schema(found.product))
    count = policies_device_counts(user, [found])[found.pk]
    lines = [f"{one.title}: {'; '.join(one.lines)}" for one in changes] or [_("Nothing would change.")]
    obeying = ngettext("%(n)d computer obeys within seconds.", "%(n)d computers obey within seconds.", count)
    lines.append(obeying % {"n": count})
    dialog = FormDialog(
        request,
        RollBackForm(request.POST or None),
        title=_("Bring version %(n)d of %(name)s back") % {"n": number, "name": found.name},
        label=_("Bring back"),
        lines=lines,
    )
    if not dialog.is_valid:
        return dialog.response()
    note = dialog.form.cleaned_data["note"] or _("Version %(n)d again") % {"n": number}
    try:
        policy_roll_back(
            actor=actor_from_request(request), policy_id=found.pk, version=version, now=clock_now(), note=note
        )
    except AppError as error:
        return dialog.refuse(error)
    url = reverse("console:policy", args=[uid]) + "?tab=versions"
    return done(request, _("It is back; computers obey within seconds."), url=url)


@require_safe
def rollout_live(request: HttpRequest, uid: UUID) -> HttpResponse:
    """How far a roll-out is, asked for again while it is under way."""
    user = viewer(request)
    found = policy_get(user, uid=uid)
    can_change = policies_visible(user, level=AccessLevel.WRITE).filter(pk=found.pk).exists()
    context = {"policy": found, "can_change": can_change, **rollout_context(user, found)}
    return render(request, "console/parts/policy_rollout.html", context)


ACTS = {
    "pause": rollout_pause,
    "resume": rollout_resume,
    "advance": rollout_advance,
    "take-back": rollout_take_back,
}


@require_http_methods(["GET", "POST"])
def rollout_act(request: HttpRequest, uid: UUID, act: str) -> HttpResponse:
    """Pause, resume, begin the next stage now, or take a roll-out back."""
    found = policy_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    rollout = rollout_under_way(found)
    if rollout is None or act not in ACTS:
        raise NotFoundError
    title, label, line = _question(rollout, act)
    dialog = Confirm(request, title=title, label=label, lines=[line], is_danger=act == "take-back")
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        ACTS[act](actor=actor_from_request(request), rollout_id=rollout.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Done."), url=reverse("console:policy", args=[uid]) + "?tab=rollout")


def _question(rollout: PolicyRollout, act: str) -> tuple[str, str, str]:
    counts = rollout.counts or {}
    if act == "pause":
        return _("Pause the roll-out"), _("Pause"), _("Who obeys the new version goes on obeying it; nobody is added.")
    if act == "resume":
        return _("Resume the roll-out"), _("Resume"), _("The next stage begins when this one was watched for its time.")
    if act == "take-back":
        count = counts.get("total", 0)
        line = ngettext(
            "%(n)d computer that obeys version %(v)d returns to the one in force within seconds.",
            "%(n)d computers that obey version %(v)d return to the one in force within seconds.",
            count,
        )
        return _("Take the roll-out back"), _("Take back"), line % {"n": count, "v": rollout.version.version}
    if rollout.is_last_stage:
        return _("Finish the roll-out now"), _("Finish"), _("The new version is in force for all, without waiting.")
    percent = rollout.stages[rollout.stage + 1]
    return (
        _("Begin the next stage now"),
        _("Go on"),
        _("It reaches %(n)d %% of the computers, without waiting for the rest of this stage.") % {"n": percent},
    )
