"""API clients: a token is made once, shown once, compared by HMAC, and does only what its scopes say."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.keyring import lookup_hmac

from seatkeep_hub.companies.access import holding_of_scopes
from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import Viewer, companies_visible, company_get, holding
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.errors import ApiNotAllowedError, ScopeError, ScopeTooMuchError, TokenUnknownError
from seatkeep_hub.instances.models import ApiToken
from seatkeep_hub.instances.scopes import level_of_scopes, scopes_of_level, scopes_unknown

PREFIX = "skt_"
HMAC_PURPOSE = "api-token"
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class TokenMade:
    """The token's row and its secret, which is shown once."""

    token: ApiToken
    secret: str


@transaction.atomic
def token_create(
    *,
    company: Company,
    name: str,
    actor: Actor,
    now: datetime,
    level: TokenLevel | str = TokenLevel.READ,
    scopes: Collection[str] = (),
    expires_at: datetime | None = None,
    made_by: User | None = None,
) -> TokenMade:
    """Make a token with which a program acts for `company` and everything below it.

    Args:
        company: Whom it belongs to; it goes on when the person who made it leaves.
        name: What it is for.
        actor: Who makes it; whether they may is `token_check`.
        now: Current time, aware UTC.
        level: Without scopes: everything that can be read, or everything.
        scopes: Such as `licenses:read`; the level follows from them.
        expires_at: From when on it is refused; None for never.
        made_by: The person, for the day on which they leave.

    Raises:
        ScopeError: A scope is none of ours, or the end lies in the past.
    """
    unknown = scopes_unknown(scopes)
    if unknown:
        raise ScopeError(fields={"scopes": unknown})
    if expires_at is not None and expires_at <= now:
        raise ScopeError(fields={"expires_at": [str(ScopeError.message)]})
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        company=company,
        name=name,
        level=level_of_scopes(scopes) if scopes else level,
        scopes=sorted(scopes),
        made_by=made_by,
        expires_at=expires_at,
        secret_hmac=lookup_hmac(secret, HMAC_PURPOSE),
        hint=secret[:8],
        created_at=now,
    )
    _record(token, "api-token:create", actor, now)
    return TokenMade(token=token, secret=secret)


def token_check(viewer: Viewer, *, company: Company, scopes: Collection[str]) -> None:
    """Refuse to make a token that may more than its maker.

    Raises:
        CompanyNotFoundError: The viewer may not even see the company.
        RightMissingError: The viewer may not make API clients there.
        ApiNotAllowedError: The person's switch for the API is off.
        ScopeTooMuchError: A scope needs a right that the viewer does not hold.
    """
    company_get(viewer, company.uid, right=Right.PROGRAMS)
    if isinstance(viewer, User) and not viewer.may_use_api:
        raise ApiNotAllowedError
    if not holding(viewer, company).covers(holding_of_scopes(scopes)):
        raise ScopeTooMuchError


@transaction.atomic
def token_rotate(*, token: ApiToken, actor: Actor, now: datetime) -> TokenMade:
    """Give a token another secret; the old one is refused at once.

    Raises:
        TokenUnknownError: It was revoked meanwhile.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    fresh = {"secret_hmac": lookup_hmac(secret, HMAC_PURPOSE), "hint": secret[:8]}
    if not ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(**fresh):
        raise TokenUnknownError
    token.refresh_from_db()
    _record(token, "api-token:rotate", actor, now)
    return TokenMade(token=token, secret=secret)


@transaction.atomic
def token_revoke(*, token: ApiToken, actor: Actor, now: datetime) -> None:
    """Refuse the token from now on. Idempotent."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
        _record(token, "api-token:revoke", actor, now)


def token_find(secret: str, *, now: datetime) -> ApiToken | None:
    """The valid token with this secret; notes about once a minute that it is used."""
    token = (
        ApiToken.objects.select_related("company")
        .filter(secret_hmac=lookup_hmac(secret, HMAC_PURPOSE), revoked_at__isnull=True)
        .exclude(expires_at__lte=now)
        .first()
    )
    if token:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return token


def token_scopes(token: ApiToken) -> frozenset[str]:
    """What the token may do."""
    return frozenset(token.scopes) or scopes_of_level(token.level)


def token_list(viewer: Viewer) -> QuerySet[ApiToken]:
    """Tokens of the companies that the viewer may see, valid ones."""
    found = ApiToken.objects.filter(company__in=companies_visible(viewer), revoked_at__isnull=True)
    return found.select_related("company", "made_by")


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
    scopes = {"scopes": ", ".join(token.scopes)} if token.scopes else {}
    audit_record(
        actor=actor,
        action=action,
        subject_type="api_token",
        subject_id=str(token.uid),
        company_uid=token.company.uid,
        details={"name": token.name, "level": token.level, **scopes},
        now=now,
    )
