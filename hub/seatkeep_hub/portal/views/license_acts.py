"""What is done to licenses: suspension, rule for too many computers, trials, another bundle; one or many at once."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.dialogs import Confirm, FormDialog, done

from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import license_list, license_usage
from seatkeep_hub.licensing.services import license_overuse_set
from seatkeep_hub.licensing.suspension import license_suspend, license_unsuspend
from seatkeep_hub.licensing.trials import trial_convert, trial_extend
from seatkeep_hub.msp.requests import companies_free
from seatkeep_hub.ordering import jobs
from seatkeep_hub.ordering.bulk import bulk_begin
from seatkeep_hub.ordering.enums import BulkKind
from seatkeep_hub.ordering.trials import trial_remove
from seatkeep_hub.ordering.upgrades import bundle_changes, license_bundle_change
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.license_tables import LicenseTable
from seatkeep_hub.portal.ordering_forms import BundleForm, OverusePart, QuantityForm, SuspendForm
from seatkeep_hub.portal.viewing import acting, viewer_of
from seatkeep_hub.portal.views.licenses import license_writable


def license_pause(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Suspend in the ways that are chosen, or take a suspension back."""
    found = license_writable(viewer_of(request), uid)
    if found.suspended_at is not None:
        return _resume(request, found)
    form = SuspendForm(request.POST or None)
    dialog = FormDialog(
        request,
        form,
        title=_("Suspend %(id)s") % {"id": found.public_id},
        label=_("Suspend"),
        is_danger=True,
        lines=[_computers(found)],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: license_suspend(
            actor=actor,
            license=found,
            now=now,
            note=form.cleaned_data["note"],
            stops_billing=form.cleaned_data["stops_billing"],
            freezes_changes=form.cleaned_data["freezes_changes"],
            protection_stops_at=form.protection_stops_at(found.owner.time_zone),
        ),
        said=_("Suspended."),
        url=_url(found),
    )


def _resume(request: HttpRequest, found: License) -> HttpResponse:
    dialog = Confirm(
        request,
        title=_("Take back the suspension of %(id)s") % {"id": found.public_id},
        label=_("Take back"),
        lines=[
            _("Today is billed again, changes are possible, and computers renew their licenses."),
            _computers(found),
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: license_unsuspend(actor=actor, license=found, now=now),
        said=_("In use again."),
        url=_url(found),
    )


def license_overuse(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What happens when the seats run out."""
    found = license_writable(viewer_of(request), uid)
    initial = {"overuse": found.overuse, "grow_ceiling": found.grow_ceiling}
    form = OverusePart(request.POST or None, initial=initial)
    dialog = FormDialog(
        request,
        form,
        title=_("When the seats of %(id)s run out") % {"id": found.public_id},
        label=_("Set"),
        lines=[_("No computer that has a seat loses it by this.")],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: license_overuse_set(actor=actor, license=found, now=now, **form.cleaned_data),
        said=_("Set."),
        url=_url(found),
    )


def trial_longer(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Extend a trial."""
    found = license_writable(viewer_of(request), uid)
    dialog = Confirm(
        request,
        title=_("Extend the trial %(id)s by 30 days?") % {"id": found.public_id},
        label=_("Extend"),
        lines=[
            _("A trial can be extended twice; this would be number %(count)s.") % {"count": found.trial_extensions + 1}
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: trial_extend(actor=actor, license=found, now=now),
        said=_("Extended."),
        url=_url(found),
    )


def trial_full(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Convert a trial, whole or in part."""
    found = license_writable(viewer_of(request), uid)
    form = QuantityForm(request.POST or None, initial={"quantity": found.quantity})
    dialog = FormDialog(
        request,
        form,
        title=_("Convert the trial %(id)s") % {"id": found.public_id},
        label=_("Convert"),
        lines=[
            _("It becomes a full license without end and is billed from today. Key and computers stay."),
            _computers(found),
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: trial_convert(actor=actor, license=found, now=now, **form.cleaned_data),
        said=_("Converted."),
        url=_url(found),
    )


def trial_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Remove a trial."""
    found = license_writable(viewer_of(request), uid)
    dialog = Confirm(
        request,
        title=_("Remove the trial %(id)s?") % {"id": found.public_id},
        label=_("Remove"),
        is_danger=True,
        lines=[
            _("Its agreements end and its computers are no longer protected. This cannot be undone."),
            _computers(found),
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: trial_remove(actor=actor, license=found, now=now),
        said=_("Removed."),
        url=reverse("portal:licenses"),
    )


def license_bundle(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Upgrade or downgrade."""
    viewer = viewer_of(request)
    found = license_writable(viewer, uid)
    ups, downs = bundle_changes(found, now=read_clock())
    form = BundleForm(request.POST or None, ups=ups, downs=downs, initial={"quantity": found.quantity})
    dialog = FormDialog(
        request,
        form,
        title=_("Move %(id)s to another bundle") % {"id": found.public_id},
        label=_("Move"),
        lines=[
            _("At once; today counts for the new bundle. Products in both keep their seats and agreements."),
            _("Computers of products that are not in the new bundle stop. Installed software is not swapped."),
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: license_bundle_change(actor=actor, license=found, user=viewer, now=now, **form.cleaned_data),
        said=_("Moved."),
        url=_url(found),
    )


def licenses_pause(request: HttpRequest) -> HttpResponse:
    """Suspend the selected licenses, each with its result."""
    form = SuspendForm(request.POST if "note" in request.POST else None)
    chosen = _chosen(request)
    dialog = FormDialog(
        request,
        form,
        title=ngettext("Suspend %(count)s license", "Suspend %(count)s licenses", len(chosen)) % {"count": len(chosen)},
        label=_("Suspend"),
        is_danger=True,
        lines=[_("Each is done by itself; what became of each is shown.")],
        carried=_carried(request),
    )
    if not dialog.is_valid:
        return dialog.response()
    stops_at = form.protection_stops_at("UTC")
    arguments = {
        "note": form.cleaned_data["note"],
        "stops_billing": form.cleaned_data["stops_billing"],
        "freezes_changes": form.cleaned_data["freezes_changes"],
        "protection_stops_at": stops_at.isoformat() if stops_at else None,
    }
    return _begin(request, BulkKind.LICENSES_SUSPEND, chosen, arguments)


def licenses_resume(request: HttpRequest) -> HttpResponse:
    """Take suspensions of the selected licenses back, each with its result."""
    chosen = _chosen(request)
    dialog = Confirm(
        request,
        title=ngettext(
            "Take back the suspension of %(count)s license",
            "Take back the suspension of %(count)s licenses",
            len(chosen),
        )
        % {"count": len(chosen)},
        label=_("Take back"),
        count=len(chosen),
    )
    if not dialog.is_confirmed:
        return dialog.response()
    return _begin(request, BulkKind.LICENSES_UNSUSPEND, chosen, {})


def _chosen(request: HttpRequest) -> list[UUID]:
    viewer = viewer_of(request)
    writable = license_list(viewer).filter(owner__in=companies_free(viewer))
    return list(LicenseTable(request, writable).selected().order_by("pk").values_list("uid", flat=True))


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    names = ("selected", "all_matching", "table_query")
    return [(name, value) for name in names for value in request.POST.getlist(name)]


def _begin(request: HttpRequest, kind: BulkKind, items: list[UUID], arguments: dict[str, object]) -> HttpResponse:
    actor, now = acting(request)
    if not items:
        return done(request, _("Nothing was selected."), url=reverse("portal:licenses"))
    with transaction.atomic():
        run = bulk_begin(actor=actor, kind=kind, items=items, arguments=arguments, user=viewer_of(request), now=now)
        jobs.bulk.defer(uid=str(run.uid))
    return done(request, _("Begun."), url=reverse("portal:run", args=[run.uid]))


def _computers(found: License) -> str:
    used = sum(line.used for line in license_usage(found))
    return ngettext("%(count)s computer uses it.", "%(count)s computers use it.", used) % {"count": used}


def _url(found: License) -> str:
    return reverse("portal:license", args=[found.uid])
