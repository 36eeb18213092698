"""`/users`, `/access`, `/security-admins`: people and what they may do."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import (
    AccessIn,
    AccessOut,
    AdminIn,
    AdminOut,
    InvitedOut,
    InviteIn,
    Limit,
    PageOut,
    UserOut,
)
from seatkeep_hub.business.services import admin_get, admin_invite, admin_list, admin_revoke
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.errors import OwnAccessError
from seatkeep_hub.companies.models import Access, User
from seatkeep_hub.companies.people import access_clear, access_set
from seatkeep_hub.companies.selectors import access_list, companies_visible, company_get, users_of
from seatkeep_hub.licensing.models import SecurityAdmin
from seatkeep_hub.mailing import mail_send
from seatkeep_hub.msp.errors import UserUnknownError
from seatkeep_hub.msp.invitations import invitation_create, invitation_revoke
from seatkeep_hub.msp.selectors import invitation_get

router = Router(tags=["People"])


@router.get("/users", response=PageOut[UserOut], summary="List people")
def user_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[User]:
    """People of the companies that you may see."""
    return paginate(users_of(viewer_of(request)), order=("id",), cursor=cursor, limit=limit)


@router.get("/users/{user_id}", response=UserOut, summary="Show a person")
def user_show(request: HttpRequest, user_id: UUID) -> User:
    """One person."""
    return _user(request, user_id)


@router.post("/invitations", response={201: InvitedOut}, summary="Invite a person")
@idempotent
def invitation_new(request: HttpRequest, body: InviteIn) -> Status[dict[str, object]]:
    """Invite a person into a company that you may change. The link to copy comes only now."""
    company = company_get(viewer_of(request), body.company_id, level=AccessLevel.WRITE)
    invited = invitation_create(
        company=company,
        email=body.email,
        level=body.level,
        role=body.role,
        actor=actor_from_request(request),
        now=read_clock(),
    )
    link = f"{settings.LICENSING_URL}/invite/person/{invited.token}/"
    is_mailed = mail_send(
        to=invited.invitation.email,
        subject=_("Invitation to %(company)s") % {"company": company.name},
        template="portal/mail/invitation",
        context={"invitation": invited.invitation, "link": link},
    )
    return Status(
        201,
        {
            "id": invited.invitation.uid,
            "email": invited.invitation.email,
            "link": link,
            "is_mailed": is_mailed,
        },
    )


@router.delete("/invitations/{invitation_id}", response={204: None}, summary="Withdraw an invitation")
def invitation_drop(request: HttpRequest, invitation_id: UUID) -> Status[None]:
    """The link stops working."""
    invitation = invitation_get(viewer_of(request), invitation_id)
    invitation_revoke(invitation=invitation, actor=actor_from_request(request), now=read_clock())
    return Status(204, None)


@router.get("/users/{user_id}/access", response=list[AccessOut], summary="Show a person's access")
def access_index(request: HttpRequest, user_id: UUID) -> list[Access]:
    """Explicit settings on companies that you may see; the nearest one wins."""
    viewer = viewer_of(request)
    return list(access_list(_user(request, user_id)).filter(company__in=companies_visible(viewer)))


@router.put("/users/{user_id}/access/{company_id}", response={204: None}, summary="Set a person's access")
def access_put(request: HttpRequest, user_id: UUID, company_id: UUID, body: AccessIn) -> Status[None]:
    """Set or drop (null) what a person may do with a company and everything below it."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    person, actor, now = _user(request, user_id), actor_from_request(request), read_clock()
    if person == request.user:
        raise OwnAccessError
    if body.level is None:
        access_clear(actor=actor, user=person, company=company, now=now)
    else:
        access_set(actor=actor, user=person, company=company, level=body.level, role=body.role, now=now)
    return Status(204, None)


@router.get("/security-admins", response=PageOut[AdminOut], summary="List Security Admins")
def admin_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[SecurityAdmin]:
    """Security Admins, invited and former ones too."""
    return paginate(admin_list(viewer_of(request)), order=("id",), cursor=cursor, limit=limit)


@router.post("/security-admins", response={201: InvitedOut}, summary="Invite a Security Admin")
@idempotent
def admin_new(request: HttpRequest, body: AdminIn) -> Status[dict[str, object]]:
    """Invite a person to manage the licenses of an owner that you may change. The link comes only now."""
    owner = company_get(viewer_of(request), body.company_id, level=AccessLevel.WRITE)
    invited = admin_invite(owner=owner, email=body.email, actor=actor_from_request(request), now=read_clock())
    return Status(
        201,
        {
            "id": invited.admin.uid,
            "email": invited.admin.email,
            "link": invited.link,
            "is_mailed": invited.is_mailed,
        },
    )


@router.delete("/security-admins/{admin_id}", response={204: None}, summary="Revoke a Security Admin")
def admin_drop(request: HttpRequest, admin_id: UUID) -> Status[None]:
    """End the appointment. Consoles that they linked go on."""
    viewer = viewer_of(request)
    admin = admin_get(viewer, admin_id)
    company_get(viewer, admin.company.uid, level=AccessLevel.WRITE)
    admin_revoke(admin=admin, actor=actor_from_request(request), now=read_clock())
    return Status(204, None)


def _user(request: HttpRequest, uid: UUID) -> User:
    found = users_of(viewer_of(request)).filter(uid=uid).first()
    if found is None:
        raise UserUnknownError
    return found
