"""Installers: install links and deployment keys, the command to copy, live progress; computers that wait."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError, NotFoundError

from seatkeep_manager.console.forms import InstallerForm
from seatkeep_manager.console.installer_kits import archive_name, kit_context, kit_form
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.tables.customers import TokenTable
from seatkeep_manager.deployment.kits import kit_archive, kit_make, linux_payload, windows_packages
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.selectors import groups_visible
from seatkeep_manager.enrollment.enums import InstallStep, TokenKind
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.selectors import install_progress_list, token_get, tokens_visible
from seatkeep_manager.enrollment.services import (
    deployment_key_create,
    deployment_key_rotate,
    install_link_create,
    token_revoke,
)
from seatkeep_manager.enrollment.token_services import token_shown

KIT_PART = "installer-kit"
"""Id of the part that a choice of system, edition, group or proxy replaces."""


@require_safe
def installers(request: HttpRequest) -> HttpResponseBase:
    """Install links and deployment keys of groups the person may change."""
    context = {"has_linux": linux_payload() is not None, "has_windows": bool(windows_packages())}
    return TokenTable(request, tokens_visible(viewer(request))).response("console/installers.html", context)


@require_safe
def installer(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One key: what to run or hand out, by system, and what its computers say."""
    user = viewer(request)
    token = token_get(user, uid=uid)
    token_shown(actor=actor_from_request(request), token=token, now=clock_now())
    context = {"token": token, **kit_context(token, kit_form(request, user, token))}
    if request.headers.get("HX-Target") == KIT_PART:
        return _unstored(render(request, "console/parts/installer_kit.html", context))
    context |= {
        "link": f"{settings.CONSOLE_URL.rstrip('/')}/i/#{token.secret}",
        "is_link": token.kind == TokenKind.INSTALL_LINK,
        "now": clock_now(),
        **_progress(token),
    }
    return _unstored(detail_response(request, "console/installer.html", context))


@require_safe
def installer_file(request: HttpRequest, uid: UUID, name: str) -> HttpResponse:
    """One file of a key's kit, or all of them as an archive."""
    user = viewer(request)
    token = token_get(user, uid=uid)
    token_shown(actor=actor_from_request(request), token=token, now=clock_now())
    form = kit_form(request, user, token)
    kit = kit_make(key=token.secret, wish=form.wish())
    if name == archive_name(kit.wish):
        return _download(name, kit_archive(kit), "application/zip")
    found = next((file for file in kit.files if file.name == name), None)
    if found is None:
        raise NotFoundError
    return _download(name, found.text.encode(), "text/plain; charset=utf-8")


def _download(name: str, data: bytes, content_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return _unstored(response)


def _unstored(response: HttpResponse) -> HttpResponse:
    """A key stands in it, so no cache keeps it."""
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def installer_live(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The progress of a key's installations, polled each second."""
    token = token_get(viewer(request), uid=uid)
    return render(request, "console/parts/install_progress.html", {"token": token, **_progress(token)})


def _progress(token: EnrollmentToken) -> dict[str, Any]:
    """The newest installations, each with all steps in order."""
    by_install: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for report in install_progress_list(token)[:100]:
        by_install[report.install_id][report.step] = report
    installs = [
        {
            "id": install_id.hex[:8],
            "steps": [{"label": step.label, "report": reports.get(step.value)} for step in InstallStep],
            "at": max(report.at for report in reports.values()),
            "failed": next((r for r in reports.values() if not r.is_ok), None),
        }
        for install_id, reports in by_install.items()
    ]
    return {"installs": sorted(installs, key=lambda install: install["at"], reverse=True)[:10]}


@require_http_methods(["GET", "POST"])
def installer_new(request: HttpRequest) -> HttpResponse:
    """Make an install link or a deployment key."""
    user = viewer(request)
    groups = groups_visible(user, functionality=Functionality.INSTALLERS, level=AccessLevel.WRITE)
    groups = groups.exclude(kind__in=["ROOT", "COMPANIES"]).order_by("path")
    form = InstallerForm(request.POST or None, groups=groups, initial={"group": _group_id(request, groups)})
    dialog = FormDialog(request, form, title=_("New installer"), label=_("Create"))
    if not dialog.is_valid:
        return dialog.response()
    is_link = form.cleaned_data["kind"] == TokenKind.INSTALL_LINK
    make = install_link_create if is_link else deployment_key_create
    try:
        token = make(actor=actor_from_request(request), user=user, group=form.cleaned_data["group"], now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Created."), url=reverse("console:installer", args=[token.uid]))


def _group_id(request: HttpRequest, groups: Any) -> int | None:
    """The group that the page before had chosen, else the person's home group, if they may use it."""
    home = viewer(request).home_group
    try:
        uid = UUID(request.GET.get("group", ""))
    except ValueError:
        return home.pk if home and groups.filter(pk=home.pk).exists() else None
    found = groups.filter(uid=uid).first()
    return found.pk if found else None


@require_http_methods(["GET", "POST"])
def installer_revoke(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Stop a key."""
    token = token_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request,
        title=_("Revoke this key"),
        label=_("Revoke"),
        is_danger=True,
        lines=[_("Computers that come with it wait for approval; those already here stay.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    token_revoke(actor=actor_from_request(request), token=token, now=clock_now())
    return done(request, _("Revoked."), url=reverse("console:installers"))


@require_http_methods(["GET", "POST"])
def installer_rotate(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Replace a deployment key; the old one works for 7 more days."""
    user = viewer(request)
    token = token_get(user, uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request,
        title=_("Replace this deployment key"),
        label=_("Replace"),
        lines=[_("The old key works for 7 more days.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    fresh = deployment_key_rotate(actor=actor_from_request(request), user=user, token=token, now=clock_now())
    return done(request, _("Replaced."), url=reverse("console:installer", args=[fresh.uid]))
