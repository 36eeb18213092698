"""The first run: from nothing to an owner, a company and, for one MSP, a license and a linked console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.business.services import admin_appoint
from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, Role
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.people import access_set, user_create
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.instances.services import bootstrap_grant
from seatkeep_hub.licensing.catalogue import ENDPOINT_BUNDLE
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.services import license_order
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.errors import FirstRunDoneError
from seatkeep_hub.portal.models import FirstRun

FIRST_SEATS = 100
"""Seats of the license that one-MSP set-up orders; more devices are protected too and shown as more than ordered."""


VENDOR_NAME = "Seatkeep"
KIND_OF_MODE = {
    UseMode.ONE_MSP: CompanyKind.MSP,
    UseMode.PARTNER_MSPS: CompanyKind.MSP_MANAGER,
    UseMode.DISTRIBUTOR: CompanyKind.DISTRIBUTOR,
}
_SETUP_LOCK = 7_402
_ACTOR = Actor.system("first run")


@dataclass(frozen=True)
class FirstRunAnswers:
    """What the person (or the operator's command) answered.

    Attributes:
        name: The owner's shown name.
        email: The owner's address, also the sign-in name.
        password: Judged by the password rules already.
        mode: How Seatkeep will be used.
        company: Name of the owner's company.
        time_zone: IANA name; days end at its midnight.
        public_address: Address for people.
        totp_secret: Base32 secret whose code was checked, or None for "later".
    """

    name: str
    email: str
    password: str
    mode: UseMode
    company: str
    time_zone: str
    public_address: str
    totp_secret: str | None = None


@transaction.atomic
def first_run_complete(*, answers: FirstRunAnswers, now: datetime) -> FirstRun:
    """Make everything that the answers ask for, in one transaction.

    Args:
        answers: The answers.
        now: Current time, aware UTC.

    Raises:
        FirstRunDoneError: Somebody did it already, also when both press the button at once.
        EmailTakenError: Somebody has this address.
        CompanyFieldError: The company's name or time zone is not in order.
    """
    _lock()
    if FirstRun.objects.exists():
        raise FirstRunDoneError
    company = _company(answers, now)
    owner = _owner(answers, company, now)
    if answers.mode == UseMode.ONE_MSP:
        license_order(
            actor=_ACTOR,
            owner=company,
            bundle_code=ENDPOINT_BUNDLE,
            kind=LicenseKind.MSP,
            quantity=FIRST_SEATS,
            now=now,
        )
        admin_appoint(owner=company, user=owner, actor=_ACTOR, now=now)
        bootstrap_grant(company=company, now=now)
    run = FirstRun.objects.create(
        mode=answers.mode,
        owner=owner,
        company=company,
        public_address=answers.public_address,
        completed_at=now,
    )
    _record(run, now)
    return run


def email_confirm(user: User) -> None:
    """Tell allauth that this address is the person's own: a link was sent to it, or they own the server."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"primary": True, "verified": True})


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SETUP_LOCK])


def _company(answers: FirstRunAnswers, now: datetime) -> Company:
    vendor = company_create(
        actor=_ACTOR,
        kind=CompanyKind.VENDOR,
        name=VENDOR_NAME,
        parent=None,
        time_zone=answers.time_zone,
        now=now,
    )
    return company_create(
        actor=_ACTOR, kind=KIND_OF_MODE[answers.mode], name=answers.company, parent=vendor, email=answers.email, now=now
    )


def _owner(answers: FirstRunAnswers, company: Company, now: datetime) -> User:
    owner = user_create(
        actor=_ACTOR,
        company=company,
        email=answers.email,
        name=answers.name,
        password=answers.password,
        is_contact=True,
        now=now,
    )
    access_set(actor=_ACTOR, user=owner, company=company, level=AccessLevel.WRITE, role=Role.OWNER, now=now)
    email_confirm(owner)
    if answers.totp_secret:
        TOTP.activate(owner, answers.totp_secret)
        RecoveryCodes.activate(owner)
    return owner


def _record(run: FirstRun, now: datetime) -> None:
    audit_record(
        actor=_ACTOR,
        action="first-run:complete",
        subject_type="company",
        subject_id=str(run.company.uid),
        company_uid=run.company.uid,
        details={"mode": run.mode, "owner": run.owner.email},
        now=now,
    )


@transaction.atomic
def recovery_kit_note(*, run: FirstRun, actor: Actor, now: datetime) -> None:
    """Note that the kit was taken."""
    FirstRun.objects.filter(pk=run.pk).update(recovery_kit_at=now)
    audit_record(
        actor=actor,
        action="recovery-kit:take",
        subject_type="company",
        subject_id=str(run.company.uid),
        company_uid=run.company.uid,
        now=now,
    )


def mail_test_note(*, run: FirstRun, now: datetime) -> None:
    """Note that a mail server took a test mail."""
    FirstRun.objects.filter(pk=run.pk).update(mail_tested_at=now)
