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
from seatkeep_webkit.errors import AppError, UnavailableError
from seatkeep_webkit.impersonation import refuse_while_impersonating

from seatkeep_hub.companies.enums import CompanyStatus, Right
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.instances.models import ApiToken
from seatkeep_hub.instances.tokens import (
    TokenMade,
    token_check,
    token_create,
    token_get,
    token_list,
    token_revoke,
    token_rotate,
    token_scopes,
)
from seatkeep_hub.people.signing_in import has_second_factor
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.first_run import mail_test_note
from seatkeep_hub.portal.people_forms import TokenForm, scope_words
from seatkeep_hub.portal.selectors import first_run_get
from seatkeep_hub.portal.viewing import acting, viewer_of
from seatkeep_hub.portal.views.setup import owned_run, test_mail_send

TOKENS_SHOWN = 100


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
        "tokens": [(one, _scopes_shown(one)) for one in token_list(viewer).order_by("-id")[:TOKENS_SHOWN]],
        "can_make": companies_visible(viewer, right=Right.PROGRAMS).exists() and viewer.may_use_api,
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


@refuse_while_impersonating
def token_new(request: HttpRequest) -> HttpResponse:
    """Make an integration token; its secret is shown once."""
    viewer = viewer_of(request)
    companies = companies_visible(viewer, right=Right.PROGRAMS).exclude(status=CompanyStatus.REMOVED)
    form = TokenForm(request.POST or None, companies=companies, initial={"company": viewer.company.uid})
    dialog = FormDialog(
        request,
        form,
        title=_("New API client"),
        label=_("Make it"),
        lines=[_("It acts for the company, never for a person, so it goes on when somebody leaves.")],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    values = form.cleaned_data
    try:
        token_check(viewer, company=values["company"], scopes=values["scopes"])
        made = token_create(**values, made_by=viewer, actor=actor, now=now)
    except AppError as error:
        return dialog.refuse(error)
    return _secret_response(request, made)


@refuse_while_impersonating
def token_renew(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Give an API client another secret, after a question."""
    viewer = viewer_of(request)
    token = token_get(viewer, uid)
    company_get(viewer, token.company.uid, right=Right.PROGRAMS)
    dialog = Confirm(
        request,
        title=_("Another secret for %(name)s") % {"name": token.name},
        label=_("Make another secret"),
        is_danger=True,
        lines=[_("The present secret is refused at once; the program needs the new one.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    return _secret_response(request, token_rotate(token=token, actor=actor, now=now))


def token_drop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Revoke a token after a question."""
    viewer = viewer_of(request)
    token = token_get(viewer, uid)
    company_get(viewer, token.company.uid, right=Right.PROGRAMS)
    dialog = Confirm(
        request,
        title=_("Revoke the token %(name)s") % {"name": token.name},
        label=_("Revoke"),
        is_danger=True,
        lines=[_("The program that uses it is refused from now on.")],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: token_revoke(token=token, actor=actor, now=now),
        said=_("Revoked."),
        url=_url(),
    )


def _secret_response(request: HttpRequest, made: TokenMade) -> HttpResponse:
    response = detail_response(request, "portal/token.html", {"token": made.token, "secret": made.secret})
    response["Cache-Control"] = "no-store"
    return response


def _url() -> str:
    return reverse("portal:settings")


def _scopes_shown(token: ApiToken) -> list[str]:
    """What a token may, in words; reading is left out where changing includes it."""
    held = token_scopes(token)
    shown = [one for one in sorted(held) if one.endswith(":write") or one.replace(":read", ":write") not in held]
    return [scope_words(one) for one in shown]
