"""First run: the one-time link, the wizard, the recovery kit and the last page."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from seatkeep_webkit.actors import client_ip
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.keyring import decrypt, encrypt
from seatkeep_webkit.ratelimit.services import rate_limit
from seatkeep_webkit.sessions import session_begin
from seatkeep_webkit.wizards import Step, SummaryLine, Wizard

from seatkeep_hub.companies.models import User
from seatkeep_hub.mailing import mail_send
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.errors import FirstRunDoneError, NotOwnerError, SetupTokenWrongError
from seatkeep_hub.portal.first_run import FIRST_SEATS, FirstRunAnswers, first_run_complete, recovery_kit_note
from seatkeep_hub.portal.forms import AddressForm, MailForm, OwnerForm, SecondFactorForm, UseForm
from seatkeep_hub.portal.models import FirstRun
from seatkeep_hub.portal.recovery import recovery_kit_build
from seatkeep_hub.portal.selectors import first_run_get
from seatkeep_hub.portal.viewing import acting, link_out, viewer_of

OPEN_KEY = "setup_is_open"
TOTP_KEY = "setup_totp_secret"
CODE_KEY = "setup_totp_code"
SESSION_AAD = b"session.setup"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def setup(request: HttpRequest) -> HttpResponse:
    """`/setup/?token=`: opens the wizard once; refused when the first run was done."""
    if first_run_get() is not None:
        raise FirstRunDoneError
    if request.session.get(OPEN_KEY):
        return redirect("portal:setup-wizard")
    now = read_clock()
    rate_limit(key=f"setup:{client_ip(request)}", limit=20, window=timedelta(minutes=15), now=now)
    expected, given = settings.SETUP_TOKEN, request.GET.get("token", "")
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise SetupTokenWrongError
    request.session.cycle_key()
    request.session[OPEN_KEY] = True
    return redirect("portal:setup-wizard")


class SetupWizard(Wizard):
    """Owner, second factor, use, address, mail; then everything is made in one transaction."""

    name = "setup"
    title = _("Set up Seatkeep")
    cancel_url = "/setup/"
    finish_label = _("Set up")
    base_template = "portal/setup/base.html"
    steps = (
        Step("owner", _("Your account"), OwnerForm),
        Step("factor", _("Second factor"), SecondFactorForm, template="portal/setup/factor.html"),
        Step("use", _("How you use it"), UseForm),
        Step("address", _("Public address"), AddressForm),
        Step("mail", _("Mail"), MailForm, template="portal/setup/mail.html"),
    )

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Only with the one-time link, and only once."""
        if first_run_get() is not None:
            raise FirstRunDoneError
        if not request.session.get(OPEN_KEY):
            raise SetupTokenWrongError
        return super().dispatch(request, *args, **kwargs)

    def form_kwargs(self, step: str) -> dict[str, Any]:
        """The second factor needs its secret, and which code was right before (a code is short-lived)."""
        if step != "factor":
            return {}
        session = self.request.session
        return {
            "secret": totp_secret(self.request),
            "accepted": session.get(CODE_KEY),
            "remember": lambda code: session.__setitem__(CODE_KEY, code),
        }

    @property
    def factor(self) -> dict[str, Any]:
        """The QR code, for the template of the step."""
        return factor_context(self.request, self.data["owner"]["email"])

    @property
    def is_mail_set(self) -> bool:
        """Whether there is a mail server, for the template of the step."""
        return bool(settings.SMTP_IS_SET)

    def summary(self) -> list[SummaryLine]:
        """In plain words, what will be made."""
        owner, use, mode = self.data["owner"], self.data["use"], UseMode(self.data["use"]["mode"])
        lines = [
            SummaryLine(_("Owner"), f"{owner['name']} · {owner['email']}", step="owner"),
            SummaryLine(_("Second factor"), _factor_words(self.data["factor"]), step="factor"),
            SummaryLine(_("Company"), f"{use['company']} · {mode.label} · {use['time_zone']}", step="use"),
            SummaryLine(_("Public address"), self.data["address"]["public_address"], step="address"),
        ]
        if mode == UseMode.ONE_MSP:
            words = _("Endpoint protection, %(seats)s seats, shared by all your customers") % {"seats": FIRST_SEATS}
            lines += [SummaryLine(_("License"), words), SummaryLine(_("Console"), _("Is linked by itself"))]
        return lines

    def finish(self) -> HttpResponse:
        """Make it all, sign the owner in, go to the recovery kit."""
        now = read_clock()
        run = first_run_complete(answers=self._answers(), now=now)
        if self.data["mail"].get("send_test"):
            test_mail_send(run.owner)
        for key in (OPEN_KEY, TOTP_KEY, CODE_KEY):
            self.request.session.pop(key, None)
        session_begin(self.request, run.owner, backend=BACKEND)
        return redirect("portal:setup-kit")

    def _keep(self, step: Step, post: QueryDict) -> None:
        """As the base class, but sealed: the owner's password passes through here."""
        super()._keep(step, post)
        steps = self.request.session[self._key][self.run]
        steps[step.name] = base64.b64encode(encrypt(json.dumps(steps[step.name]).encode(), aad=SESSION_AAD)).decode()

    def _entered(self, step: Step) -> QueryDict | None:
        sealed = self.request.session[self._key][self.run].get(step.name)
        if sealed is None:
            return None
        entered = QueryDict(mutable=True)
        for name, values in json.loads(decrypt(base64.b64decode(sealed), aad=SESSION_AAD)).items():
            entered.setlist(name, values)
        return entered

    def _answers(self) -> FirstRunAnswers:
        owner, use = self.data["owner"], self.data["use"]
        return FirstRunAnswers(
            name=owner["name"],
            email=owner["email"],
            password=owner["password"],
            mode=UseMode(use["mode"]),
            company=use["company"],
            time_zone=use["time_zone"],
            public_address=self.data["address"]["public_address"],
            totp_secret=None if self.data["factor"].get("later") else totp_secret(self.request),
        )


def kit(request: HttpRequest) -> HttpResponse:
    """The recovery kit, after the wizard and later from the settings."""
    run = owned_run(viewer_of(request))
    return render(request, "portal/setup/kit.html", {"run": run})


@require_POST
def kit_download(request: HttpRequest) -> HttpResponse:
    """The kit as a ZIP file; audited."""
    run = owned_run(viewer_of(request))
    actor, now = acting(request)
    packed = recovery_kit_build(run=run, now=now)
    recovery_kit_note(run=run, actor=actor, now=now)
    response = HttpResponse(packed, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="seatkeep-recovery-kit-{now:%Y-%m-%d}.zip"'
    response["Cache-Control"] = "no-store"
    return response


def finished(request: HttpRequest) -> HttpResponse:
    """Done: open the console."""
    run = owned_run(viewer_of(request))
    context = {"run": run, "console_url": settings.CONSOLE_URL, "console_link": console_link()}
    return render(request, "portal/setup/finished.html", context)


def console_link() -> str:
    """The one-time link that opens the console's own page while it is not linked; for the owner of the server only."""
    return f"{settings.CONSOLE_URL}/connect/?{urlencode({'token': settings.SETUP_TOKEN})}"


def owned_run(viewer: User) -> FirstRun:
    """The first run, for the owner of this server only.

    Raises:
        NotOwnerError: Somebody else asks.
    """
    run = first_run_get()
    if run is None or run.owner_id != viewer.pk:
        raise NotOwnerError
    return run


def totp_secret(request: HttpRequest) -> str:
    """The secret that the QR code shows; the same until the set-up is done. Sealed in the session."""
    adapter = get_mfa_adapter()
    sealed = request.session.get(TOTP_KEY)
    if sealed:
        return str(adapter.decrypt(sealed))
    secret = str(generate_totp_secret())
    request.session[TOTP_KEY] = adapter.encrypt(secret)
    return secret


def factor_context(request: HttpRequest, email: str) -> dict[str, Any]:
    """The QR code as SVG, and the secret to type where no camera is at hand."""
    secret = totp_secret(request)
    user = User(email=email)
    adapter = get_mfa_adapter()
    svg: SafeString = mark_safe(adapter.build_totp_svg(adapter.build_totp_url(user, secret)))  # noqa: S308  # made by the qrcode library
    return {"svg": svg, "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))}


def test_mail_send(user: User) -> bool:
    """Send a test mail to this person; whether the server took it."""
    return mail_send(
        to=user.email,
        subject=str(_("Test mail")),
        template="portal/mail/test",
        context={"link": link_out(reverse("portal:dashboard"))},
    )


def _factor_words(data: dict[str, Any]) -> Any:
    return _("Later") if data.get("later") else _("Authenticator app")
