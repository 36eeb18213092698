"""Settings: mail test, recovery kit, integration tokens."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import UnavailableError

from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.instances.tokens import token_create, token_get, token_list, token_revoke
from seatkeep_hub.portal.first_run import mail_test_note
from seatkeep_hub.portal.forms import TokenForm
from seatkeep_hub.portal.selectors import first_run_get, has_second_factor
from seatkeep_hub.portal.viewing import acting, can_change_any, viewer_of
from seatkeep_hub.portal.views.setup import owned_run, test_mail_send


def settings(request: HttpRequest) -> HttpResponse:
    """What can be set here, and what is set by the environment."""
    viewer = viewer_of(request)
    run = first_run_get()
    context = {
        "run": run,
        "is_owner": run is not None and run.owner_id == viewer.pk,
        "is_mail_set": django_settings.SMTP_IS_SET,
        "mail_from": django_settings.DEFAULT_FROM_EMAIL,
        "has_second_factor": has_second_factor(viewer),
        "tokens": token_list(viewer).order_by("-id")[:100],
        "can_change": can_change_any(viewer),
        "docs_url": "/api/v1/docs",
    }
    return render(request, "portal/settings.html", context)


@require_POST
def mail_test(request: HttpRequest) -> HttpResponse:
    """Send a test mail to the owner."""
    viewer = viewer_of(request)
    run = owned_run(viewer)
    if not test_mail_send(viewer):
        raise UnavailableError(_("The mail server did not take the mail. Check SEATKEEP_SMTP_URL."))
    mail_test_note(run=run, now=acting(request)[1])
    return done(request, _("A test mail is on its way to %(email)s.") % {"email": viewer.email}, url=_url())


def token_new(request: HttpRequest) -> HttpResponse:
    """Make an integration token; its secret is shown once."""
    viewer = viewer_of(request)
    companies = companies_visible(viewer, level=AccessLevel.WRITE).exclude(status=CompanyStatus.REMOVED)
    form = TokenForm(request.POST or None, companies=companies, initial={"company": viewer.company.uid})
    dialog = FormDialog(
        request,
        form,
        title=_("New integration token"),
        label=_("Make token"),
        lines=[_("It acts for the company, never for a person, so it goes on when somebody leaves.")],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    made = token_create(**form.cleaned_data, actor=actor, now=now)
    response = detail_response(request, "portal/token.html", {"token": made.token, "secret": made.secret})
    response["Cache-Control"] = "no-store"
    return response


def token_drop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Revoke a token after a question."""
    viewer = viewer_of(request)
    token = token_get(viewer, uid)
    company_get(viewer, token.company.uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request,
        title=_("Revoke the token %(name)s") % {"name": token.name},
        label=_("Revoke"),
        is_danger=True,
        lines=[_("The program that uses it is refused from now on.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    token_revoke(token=token, actor=actor, now=now)
    return done(request, _("Revoked."), url=_url())


def _url() -> str:
    return reverse("portal:settings")
