"""Reads of invitations and jobs; the scope comes first."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from seatkeep_webkit.keyring import lookup_hmac

from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.msp.enums import InvitationState
from seatkeep_hub.msp.errors import InvitationOverError, InvitationUnknownError
from seatkeep_hub.msp.invitations import HMAC_PURPOSE
from seatkeep_hub.msp.models import Invitation


def invitation_list(viewer: Viewer) -> QuerySet[Invitation]:
    """Open invitations into companies whose people the viewer may manage."""
    companies = companies_visible(viewer, right=Right.PEOPLE)
    return Invitation.objects.filter(company__in=companies, state=InvitationState.INVITED).select_related("company")


def invitation_get(viewer: Viewer, uid: UUID) -> Invitation:
    """One open invitation.

    Raises:
        InvitationUnknownError: There is none, or not in a company whose people the viewer may manage.
    """
    invitation = invitation_list(viewer).filter(uid=uid).first()
    if invitation is None:
        raise InvitationUnknownError
    return invitation


def invitation_by_token(token: str) -> Invitation:
    """The open invitation with this secret.

    Raises:
        InvitationOverError: There is none (any more).
    """
    invitation = (
        Invitation.objects.select_related("company")
        .filter(token_hmac=lookup_hmac(token, HMAC_PURPOSE), state=InvitationState.INVITED)
        .first()
    )
    if invitation is None:
        raise InvitationOverError
    return invitation
