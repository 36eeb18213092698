"""What a technician does with one computer: its license, a policy of its own, stop or resume managing it."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.forms import DevicePolicyForm, LicenseForm
from seatkeep_manager.console.people import viewer
from seatkeep_manager.directory.acts import devices_manage
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.selectors import device_get
from seatkeep_manager.policies.selectors import policies_visible
from seatkeep_manager.policies.services import policy_assign_device
from seatkeep_manager.statedocs.licenses import license_assign, license_unassign
from seatkeep_manager.statedocs.rules import PRODUCT_OF_KIND
from seatkeep_manager.statedocs.selectors import license_assignment_get, licenses_fitting


@require_http_methods(["GET", "POST"])
def device_license(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Let the computer take a seat of a license; also again, after it was stopped in Licensing."""
    found = device_get(viewer(request), uid=uid, functionality=Functionality.LICENSES, level=AccessLevel.WRITE)
    form = LicenseForm(request.POST or None, licenses=licenses_fitting(found))
    title = _("Assign a license to %(name)s") % {"name": found.name}
    dialog = FormDialog(request, form, title=title, label=_("Assign"))
    if not dialog.is_valid:
        return dialog.response()
    license_assign(
        actor=actor_from_request(request),
        device=found,
        license_public_id=form.cleaned_data["license"],
        product=PRODUCT_OF_KIND[found.kind],
        now=clock_now(),
    )
    return done(request, _("Assigned; it takes a seat within seconds."), url=_url(found, "license"))


@require_http_methods(["GET", "POST"])
def device_license_take(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take the license from the computer, after saying what that does."""
    found = device_get(viewer(request), uid=uid, functionality=Functionality.LICENSES, level=AccessLevel.WRITE)
    assignment = license_assignment_get(found)
    dialog = Confirm(
        request,
        title=_("Take the license from %(name)s") % {"name": found.name},
        label=_("Take away"),
        is_danger=True,
        count=None if assignment else 0,
        lines=[
            _("It gives its seat back and stops protecting. The software stays installed."),
            _("It gets no other license until you assign one."),
        ],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    license_unassign(actor=actor_from_request(request), device=found, now=clock_now())
    return done(request, _("The license is taken away."), url=_url(found, "license"))


@require_http_methods(["GET", "POST"])
def device_policy(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Put a policy on this computer alone; it counts after those of its groups."""
    found = device_get(viewer(request), uid=uid, functionality=Functionality.POLICIES, level=AccessLevel.USE)
    mine = Q(company_hub_id__isnull=True) | Q(company_hub_id=found.company_hub_id)
    form = DevicePolicyForm(
        request.POST or None, policies=policies_visible(viewer(request), level=AccessLevel.USE).filter(mine)
    )
    title = _("Assign a policy to %(name)s") % {"name": found.name}
    dialog = FormDialog(request, form, title=title, label=_("Assign"))
    if not dialog.is_valid:
        return dialog.response()
    policy = form.cleaned_data["policy"]
    try:
        policy_assign_device(
            actor=actor_from_request(request), policy_id=policy.pk, device_id=found.pk, now=clock_now()
        )
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Assigned; the computer obeys within seconds."), url=_url(found, "policies"))


@require_http_methods(["GET", "POST"])
def device_stop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Stop managing the computer, or manage it again."""
    found = _writable(request, uid)
    is_retired = found.state == "RETIRED"
    title = _("Manage %(name)s again") if is_retired else _("Stop managing %(name)s")
    dialog = Confirm(
        request,
        title=title % {"name": found.name},
        label=_("Manage again") if is_retired else _("Stop managing"),
        is_danger=not is_retired,
        lines=_stop_lines(is_retired=is_retired),
    )
    if not dialog.is_confirmed:
        return dialog.response()
    devices_manage(
        actor=actor_from_request(request), user=viewer(request), device_ids=[found.pk], is_managed=is_retired,
        now=clock_now(),
    )  # fmt: skip
    text = _("It is managed again.") if is_retired else _("It is no longer managed.")
    return done(request, text, url=_url(found, "overview"))


def _stop_lines(*, is_retired: bool) -> list[str]:
    if is_retired:
        return [_("A computer whose agent is gone already needs the installer once more.")]
    return [
        _("It gets a signed order to retire, also when it is offline now, and gives its seat back."),
        _("Its history stays. For ten minutes one click takes it back; later it can be managed again."),
    ]


def _writable(request: HttpRequest, uid: UUID) -> Device:
    return device_get(viewer(request), uid=uid, level=AccessLevel.WRITE)


def _url(found: Device, tab: str) -> str:
    return f"{reverse('console:device', args=[found.uid])}?tab={tab}"
