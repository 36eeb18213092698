"""The journal of Licensing in words."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.audit.words import AuditWords, Named, Names

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.billing.enums import Basis, PriceUnit, Proration
from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus, Role
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.instances.models import ApiToken, Instance
from seatkeep_hub.licensing.catalogue import ENDPOINT_BUNDLE, SERVER, WORKSTATION
from seatkeep_hub.licensing.enums import Lapse, LicenseKind, Overuse
from seatkeep_hub.licensing.models import License, Seat, SecurityAdmin
from seatkeep_hub.people.journal import SUBJECTS_OF
from seatkeep_hub.portal.enums import UseMode

ACTIONS = {
    "bulk_run:begin": _("Begun for many"),
    "terms:accept": _("Terms of use accepted"),
    "terms:publish": _("Terms of use published"),
    "bundle:set": _("Bundle changed"),
    "access:clear": _("Access setting removed"),
    "access:set": _("Access set"),
    "alerts:off": _("Alerts switched off by a mail's link"),
    "alerts:set": _("Alerts set"),
    "agreement:close": _("Agreement closed"),
    "agreement:set": _("Agreement set"),
    "api-token:create": _("API client made"),
    "api-token:revoke": _("API client revoked"),
    "company-note:add": _("Note written"),
    "company-note:delete": _("Note removed"),
    "company-note:edit": _("Note edited"),
    "company:confirm": _("Company confirmed"),
    "company:create": _("Company created"),
    "company:move": _("Company moved"),
    "company:offboard": _("Off-boarding ordered"),
    "company:remove": _("Company removed"),
    "company:rename": _("Company renamed"),
    "company:restore": _("Company restored"),
    "company:suspend": _("Company suspended"),
    "company:transfer": _("Shares moved with the company"),
    "company:unsuspend": _("Suspension of the company taken back"),
    "company:update": _("Company changed"),
    "first-run:complete": _("Server set up"),
    "import:apply": _("Import applied"),
    "import:undo": _("Import undone"),
    "import:upload": _("File uploaded to be imported"),
    "instance:deny": _("Console refused"),
    "instance:link": _("Console linked"),
    "instance:revoke": _("Console revoked"),
    "keyring:rotate": _("Encryption keys renewed"),
    "lease_key:rotate": _("Signing key of licenses renewed"),
    "license:auto_grow": _("Seats grown by themselves"),
    "license:cancel": _("License canceled"),
    "license:credential_show": _("Product credentials read"),
    "license:downgrade": _("Moved to a smaller bundle"),
    "license:key_rotate": _("License key changed"),
    "license:key_show": _("License key shown"),
    "license:order": _("License ordered"),
    "license:overuse": _("Rule for too many computers changed"),
    "license:protection_stop": _("Protection stopped, as planned"),
    "license:quantity": _("Seats changed"),
    "license:suspend": _("License suspended"),
    "license:trial_convert": _("Trial converted"),
    "license:trial_extend": _("Trial extended"),
    "license:trial_remove": _("Trial removed"),
    "license:unsuspend": _("Suspension of the license taken back"),
    "license:upgrade": _("Moved to a larger bundle"),
    "product:set": _("Product changed"),
    "planned_change:cancelled": _("Planned change taken back"),
    "planned_change:done": _("Planned change done"),
    "planned_change:plan": _("Change planned"),
    "planned_change:refused": _("Planned change could not be done"),
    "planned_change:unplan": _("Planned change taken back"),
    "price-list:set": _("Prices set"),
    "recovery-kit:take": _("Recovery kit downloaded"),
    "request:approved": _("Request approved"),
    "request:cancelled": _("Request taken back"),
    "request:make": _("Asked for approval"),
    "request:rejected": _("Request rejected"),
    "seat:deactivate": _("Protection stopped"),
    "seat:move": _("Computer moved"),
    "seat:rename": _("Computer renamed"),
    "seat:resume": _("Protected again"),
    "seat_question:answer": _("Question about a computer answered"),
    "security_admin:accept": _("Accepted to manage licenses"),
    "security_admin:invite": _("Invited to manage licenses"),
    "security_admin:revoke": _("May no longer manage licenses"),
    "session:end": _("Session ended"),
    "site:create": _("Site added"),
    "site:limit": _("Limit of a site changed"),
    "site:promise": _("Seats of a site changed"),
    "stale_rule:clear": _("Rule for silent computers taken away"),
    "stale_rule:set": _("Rule for silent computers set"),
    "statement:close": _("Month closed"),
    "statement:correct": _("Closed month corrected"),
    "statement:correction-reject": _("Correction rejected"),
    "statement:correction-request": _("Correction entered, to be approved"),
    "statement:send": _("Statement marked as sent"),
    "billing-settings:logo": _("Logo changed"),
    "billing-settings:set": _("Billing settings changed"),
    "export-layout:change": _("Export layout changed"),
    "export-layout:create": _("Export layout saved"),
    "export-layout:remove": _("Export layout removed"),
    "api-token:rotate": _("Secret of an API client changed"),
    "sign-in-rule:set": _("Rules for signing in set"),
    "user:accept": _("Invitation accepted"),
    "user:create": _("User created"),
    "user:invite": _("Person invited"),
    "user:leave": _("Person removed"),
    "user:reinvite": _("Invited again"),
    "user:update": _("User changed"),
    "user:uninvite": _("Invitation withdrawn"),
}
SUBJECTS = {
    "bulk_run": _("Act on many"),
    "bundle": _("Bundle"),
    "product": _("Product"),
    "planned_change": _("Planned change"),
    "terms": _("Terms of use"),
    "company": _("Company"),
    "license": _("License"),
    "agreement": _("Agreement"),
    "price_list": _("Prices"),
    "export_layout": _("Export layout"),
    "correction": _("Correction"),
    "statement": _("Statement"),
    "seat": _("Computer"),
    "user": _("User"),
    "invitation": _("Invitation"),
    "security_admin": _("License management"),
    "instance": _("Console"),
    "link_request": _("Request of a console"),
    "api_token": _("API client"),
    "import": _("Import"),
    "request": _("Request"),
    "lease_key": _("Signing key"),
    "keyring": _("Encryption keys"),
}
LABELS = {
    "amount": _("amount in minor units"),
    "basis": _("what is billed"),
    "buyer": _("buyer"),
    "currency": _("currency"),
    "month": _("month"),
    "proration": _("part of a month"),
    "total": _("total"),
    "unit": _("price per"),
    "valid_from": _("from"),
    "before": _("before"),
    "bill_until": _("billed until"),
    "bundle": _("bundle"),
    "console_url": _("address"),
    "device": _("computer"),
    "email": _("e-mail"),
    "fields": _("fields"),
    "file": _("file"),
    "key": _("key"),
    "kind": _("kind"),
    "last_day": _("last day"),
    "level": _("access"),
    "license": _("license"),
    "mode": _("kind"),
    "name": _("name"),
    "note": _("why"),
    "owner": _("owner"),
    "product": _("product"),
    "rows": _("rows"),
    "seats": _("seats"),
    "protect_until": _("protected until"),
    "public_id": _("number"),
    "quantity": _("seats"),
    "role": _("role"),
    "status": _("state"),
    "stop_above": _("at most"),
    "to": _("below"),
    "accesses": _("access settings"),
    "factors": _("second factors"),
    "idle_minutes": _("minutes without a click"),
    "items": _("things settled"),
    "may_use_api": _("may use the API"),
    "is_contact": _("contact person"),
    "requires_second_factor": _("second factor for everyone"),
    "scopes": _("may"),
    "sees_prices": _("sees prices"),
    "username": _("user name"),
    "warn_above": _("warns above"),
}
VALUES = {
    "FIXED": _("Fixed"),
    "FLEXIBLE": _("Flexible"),
    WORKSTATION: _("Workstation protection"),
    SERVER: _("Server protection"),
    ENDPOINT_BUNDLE: _("Endpoint protection"),
    **{
        str(value): words
        for choices in (
            Basis,
            PriceUnit,
            Proration,
            UseMode,
            CompanyKind,
            CompanyStatus,
            AccessLevel,
            Role,
            LicenseKind,
            Overuse,
            Lapse,
        )
        for value, words in choices.choices
    },
}
PROGRAMS = {"first run": _("Set-up"), "anonymous": _("Not signed in"), "auto-grow": _("Automatic growth")}


def names_of(ids: Collection[str]) -> Names:
    """Names and pages of what entries speak of; one query per kind of thing, for a whole page."""
    found: dict[str, Named] = {}
    sources: tuple[Callable[[list[str]], dict[str, Named]], ...] = (
        _companies, _licenses, _agreements, _seats, _users, _admins, _instances, _tokens,
    )  # fmt: skip
    for source in sources:
        missing = [one for one in ids if one not in found]
        if missing:
            found.update(source(missing))
    return found


def _companies(ids: list[str]) -> dict[str, Named]:
    rows = Company.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name, reverse("portal:company", args=[uid])) for uid, name in rows}


def _licenses(ids: list[str]) -> dict[str, Named]:
    rows = License.objects.filter(uid__in=ids).values_list("uid", "public_id")
    return {str(uid): Named(public_id, reverse("portal:license", args=[uid])) for uid, public_id in rows}


def _agreements(ids: list[str]) -> dict[str, Named]:
    rows = Agreement.objects.filter(uid__in=ids).values_list("uid", "company__name", "company__uid")
    return {str(uid): Named(name, reverse("portal:company", args=[company])) for uid, name, company in rows}


def _seats(ids: list[str]) -> dict[str, Named]:
    seats = Seat.objects.filter(uid__in=ids)
    return {str(seat.uid): Named(seat.shown_name, reverse("portal:seat", args=[seat.uid])) for seat in seats}


def _users(ids: list[str]) -> dict[str, Named]:
    rows = User.objects.filter(uid__in=ids).values_list("uid", "email")
    return {str(uid): Named(email, reverse("portal:user", args=[uid])) for uid, email in rows}


def _admins(ids: list[str]) -> dict[str, Named]:
    rows = SecurityAdmin.objects.filter(uid__in=ids).values_list("uid", "email")
    return {str(uid): Named(email, reverse("portal:admin", args=[uid])) for uid, email in rows}


def _tokens(ids: list[str]) -> dict[str, Named]:
    rows = ApiToken.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name, reverse("portal:settings")) for uid, name in rows}


def _instances(ids: list[str]) -> dict[str, Named]:
    rows = Instance.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name, reverse("portal:instance", args=[uid])) for uid, name in rows}


SECTIONS = {section.value: (section.label, subjects) for section, subjects in SUBJECTS_OF.items()}
ONE_MSP_ACTIONS = {
    "company:create": _("Customer created"),
    "company:move": _("Customer moved"),
    "company:offboard": _("Off-boarding ordered"),
    "company:remove": _("Customer removed"),
    "company:rename": _("Renamed"),
    "company:restore": _("Customer restored"),
    "company:suspend": _("Customer suspended"),
    "company:unsuspend": _("Suspension of the customer taken back"),
    "company:update": _("Details changed"),
}
"""With one MSP, people know customers and their own company, and no kinds."""
WORDS = AuditWords(ACTIONS, SUBJECTS, LABELS, VALUES, PROGRAMS, names_of, SECTIONS)
ONE_MSP_WORDS = replace(
    WORDS,
    actions={**ACTIONS, **ONE_MSP_ACTIONS},
    subjects={**SUBJECTS, "company": _("Customer")},
    sections={**SECTIONS, "companies": (_("Customers"), SECTIONS["companies"][1])},
)
