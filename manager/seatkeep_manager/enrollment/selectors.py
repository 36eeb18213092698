"""Reads of enrollment; each starts from the groups that a person may see."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from seatkeep_manager.directory.access import within
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.enrollment.enums import RequestState, TokenKind
from seatkeep_manager.enrollment.errors import EnrollmentRequestNotFoundError, TokenNotFoundError
from seatkeep_manager.enrollment.models import EnrollmentRequest, EnrollmentToken, InstallProgress, RevokedCredential


def tokens_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.USE) -> QuerySet[EnrollmentToken]:
    """The keys of groups for which a person may install: a key lets devices in, so seeing it needs USE. Newest first.

    WRITE: make, replace and revoke them.
    """
    tokens = EnrollmentToken.objects.select_related("group", "created_by").order_by("-id")
    return within(tokens, user, functionality=Functionality.INSTALLERS, level=level)


def token_get(user: User | AnonymousUser, *, uid: uuid.UUID, level: AccessLevel = AccessLevel.USE) -> EnrollmentToken:
    """One key, whose secret the person may see (USE), or which they may replace and revoke (WRITE).

    Raises:
        TokenNotFoundError: It does not exist or is not the person's to see.
    """
    token = tokens_visible(user, level=level).filter(uid=uid).first()
    if token is None:
        raise TokenNotFoundError
    return token


def deployment_key_current(group: StaticGroup) -> EnrollmentToken | None:
    """The deployment key of the company that owns a group; None when it has none."""
    return EnrollmentToken.objects.filter(
        kind=TokenKind.DEPLOYMENT_KEY,
        company_hub_id=group.company_hub_id,
        revoked_at__isnull=True,
        expires_at__isnull=True,
    ).first()


def requests_visible(
    user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ
) -> QuerySet[EnrollmentRequest]:
    """The devices that asked to join groups that a person may see or decide about (WRITE), newest first."""
    requests = EnrollmentRequest.objects.select_related("group", "token", "replaces").order_by("-last_asked_at", "-id")
    return within(requests, user, functionality=Functionality.INSTALLERS, level=level)


def requests_waiting(user: User | AnonymousUser) -> QuerySet[EnrollmentRequest]:
    """Those that wait for a decision."""
    return requests_visible(user).filter(state=RequestState.WAITING)


def request_get(user: User | AnonymousUser, *, uid: uuid.UUID) -> EnrollmentRequest:
    """One device that asked, for a person who may decide.

    Raises:
        EnrollmentRequestNotFoundError: It does not exist or is not the person's to decide about.
    """
    request = requests_visible(user, level=AccessLevel.WRITE).filter(uid=uid).first()
    if request is None:
        raise EnrollmentRequestNotFoundError
    return request


def install_progress_list(token: EnrollmentToken) -> QuerySet[InstallProgress]:
    """How far the installers of a key got, newest first."""
    return token.installs.order_by("-at", "-id")


def revocations_list() -> dict[str, int]:
    """Broker users whose JWTs issued up to the instant (seconds since 1970) no longer count."""
    return {found.nkey: int(found.revoked_at.timestamp()) for found in RevokedCredential.objects.all()}
