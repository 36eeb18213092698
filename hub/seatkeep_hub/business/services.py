"""The license owner invites a Security Admin: invitation, mail and link; answer; revocation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from seatkeep_webkit.actors import Actor

from seatkeep_hub.business.errors import SecurityAdminUnknownError
from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.licensing import rules
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.errors import NotALicenseOwnerError
from seatkeep_hub.licensing.models import SecurityAdmin
from seatkeep_hub.licensing.security_admins import (
    owners_administered,
    security_admin_accept,
    security_admin_invite,
    security_admin_revoke,
)
from seatkeep_hub.mailing import mail_send


@dataclass(frozen=True)
class AdminInvited:
    """The invitation, the link to copy (shown once) and whether a mail went out."""

    admin: SecurityAdmin
    link: str
    is_mailed: bool


def owners_writable(viewer: Viewer, *, kind: LicenseKind | None = None) -> QuerySet[Company]:
    """License owners in whose name the viewer may act, by name; all, or those of one kind of license."""
    kinds = rules.OWNERS[kind] if kind else rules.OWNER_KINDS
    writable = companies_visible(viewer, level=AccessLevel.WRITE)
    return writable.filter(kind__in=kinds, status=CompanyStatus.ACTIVE).order_by("name", "id")


def admin_list(viewer: Viewer) -> QuerySet[SecurityAdmin]:
    """Security Admins, invited and former ones too, of the owners that the viewer may see."""
    return SecurityAdmin.objects.filter(company__in=companies_visible(viewer)).select_related("company", "user")


def admin_get(viewer: Viewer, uid: UUID) -> SecurityAdmin:
    """One Security Admin.

    Raises:
        SecurityAdminUnknownError: There is none, or not of an owner that the viewer may see.
    """
    admin = admin_list(viewer).filter(uid=uid).first()
    if admin is None:
        raise SecurityAdminUnknownError
    return admin


def admin_invite(*, owner: Company, email: str, actor: Actor, now: datetime) -> AdminInvited:
    """Invite a person and send the mail. Whether the actor may is the caller's check.

    Args:
        owner: The license owner.
        email: Where the invitation goes.
        actor: Who invites.
        now: Current time, aware UTC.

    Raises:
        NotALicenseOwnerError: A company of this kind owns no licenses.
        SecurityAdminSelfError: The address is not one.
    """
    if owner.kind not in rules.OWNER_KINDS:
        raise NotALicenseOwnerError
    invited = security_admin_invite(actor=actor, company=owner, email=email, now=now)
    link = f"{settings.LICENSING_URL}/invite/admin/{invited.token}/"
    is_mailed = mail_send(
        to=invited.admin.email,
        subject=_("Manage the licenses of %(company)s") % {"company": owner.name},
        template="portal/mail/admin",
        context={"admin": invited.admin, "link": link},
    )
    return AdminInvited(admin=invited.admin, link=link, is_mailed=is_mailed)


def admin_appoint(*, owner: Company, user: User, actor: Actor, now: datetime) -> None:
    """Make the owner's own user a Security Admin without mail (first run). Idempotent."""
    if owners_administered(user).filter(pk=owner.pk).exists():
        return
    invited = security_admin_invite(actor=actor, company=owner, email=user.email, now=now)
    security_admin_accept(actor=actor, token=invited.token, user=user, now=now)


def admin_revoke(*, admin: SecurityAdmin, actor: Actor, now: datetime) -> None:
    """End an appointment, an invitation, or (as the invited person) decline it. Idempotent."""
    security_admin_revoke(actor=actor, admin=admin, now=now)
