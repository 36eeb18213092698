"""Integration tokens: made once, shown once, compared by HMAC."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.keyring import lookup_hmac

from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.errors import TokenUnknownError
from seatkeep_hub.instances.models import ApiToken

PREFIX = "skt_"
HMAC_PURPOSE = "api-token"


@dataclass(frozen=True)
class TokenMade:
    """The token's row and its secret, which is shown once."""

    token: ApiToken
    secret: str


@transaction.atomic
def token_create(*, company: Company, name: str, level: TokenLevel | str, actor: Actor, now: datetime) -> TokenMade:
    """Make a token with which a program acts for `company` and everything below it.

    Args:
        company: Whom it belongs to; it goes on when the person who made it leaves.
        name: What it is for.
        level: READ, or WRITE for both.
        actor: Who makes it.
        now: Current time, aware UTC.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        company=company,
        name=name,
        level=level,
        secret_hmac=lookup_hmac(secret, HMAC_PURPOSE),
        hint=secret[:8],
        created_at=now,
    )
    _record(token, "api-token:create", actor, now)
    return TokenMade(token=token, secret=secret)


@transaction.atomic
def token_revoke(*, token: ApiToken, actor: Actor, now: datetime) -> None:
    """Refuse the token from now on. Idempotent."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
        _record(token, "api-token:revoke", actor, now)


def token_find(secret: str, *, now: datetime) -> ApiToken | None:
    """The valid token with this secret; notes that it was used."""
    token = (
        ApiToken.objects.select_related("company")
        .filter(secret_hmac=lookup_hmac(secret, HMAC_PURPOSE), revoked_at__isnull=True)
        .first()
    )
    if token:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def token_list(viewer: Viewer) -> QuerySet[ApiToken]:
    """Tokens of the companies that the viewer may see, valid ones."""
    return ApiToken.objects.filter(company__in=companies_visible(viewer), revoked_at__isnull=True).select_related(
        "company"
    )


def token_get(viewer: Viewer, uid: UUID) -> ApiToken:
    """One valid token.

    Raises:
        TokenUnknownError: There is none, or its company is not the viewer's.
    """
    token = token_list(viewer).filter(uid=uid).first()
    if token is None:
        raise TokenUnknownError
    return token


def _record(token: ApiToken, action: str, actor: Actor, now: datetime) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="api_token",
        subject_id=str(token.uid),
        company_uid=token.company.uid,
        details={"name": token.name, "level": token.level},
        now=now,
    )
