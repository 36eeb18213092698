"""Writes of API clients: programs that act in their own name, at groups and with functions that somebody chose."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.keyring import lookup_hmac
from seatkeep_webkit.roles import Role

from seatkeep_manager.directory.models import PermissionGrant, PermissionSet, StaticGroup, User
from seatkeep_manager.rights.models import ApiToken

LOOKUP_PURPOSE = "api-token"
USED_EVERY = timedelta(minutes=1)


@transaction.atomic
def token_create(
    *,
    actor: Actor,
    name: str,
    group: StaticGroup,
    role: Role | str = "",
    permission_set: PermissionSet | None = None,
    made_by: User | None = None,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Make an API client with a service account of its own; the secret is told this once.

    Args:
        actor: Who does it; the caller has judged that the person may make it and holds as much (`give_check`).
        name: For people.
        group: Where it may act, and below.
        role: What it may there, or
        permission_set: an own set; exactly one of them. No program is Owner.
        made_by: Who answers for it.
        now: Current time, aware UTC.
    """
    secret = _secret()
    token = ApiToken(name=name.strip(), made_by=made_by, created_at=now, **_sealed(secret))
    token.account = User.objects.create_user(
        f"api-{token.uid}@token.invalid", name=f"API: {token.name}"[:120], is_program=True
    )
    PermissionGrant.objects.create(
        user=token.account, group=group, role=role, permission_set=permission_set, created_at=now
    )
    token.save()
    _record(actor, "api_token:create", token, now, group)
    return token, secret


@transaction.atomic
def token_rotate(*, actor: Actor, token: ApiToken, now: datetime) -> str:
    """Give an API client another secret, told this once; the former is refused from now on."""
    secret = _secret()
    ApiToken.objects.filter(pk=token.pk).update(**_sealed(secret))
    _record(actor, "api_token:rotate", token, now)
    return secret


@transaction.atomic
def token_revoke(*, actor: Actor, token: ApiToken, now: datetime) -> None:
    """Stop an API client. Idempotent."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
        _record(actor, "api_token:revoke", token, now)


def token_account(secret: str, *, now: datetime) -> User | None:
    """The account behind a secret that works, or None."""
    lookup = lookup_hmac(secret, LOOKUP_PURPOSE)
    token = ApiToken.objects.filter(lookup=lookup, revoked_at__isnull=True).select_related("account").first()
    if token is None or not token.account.is_active:
        return None
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    account: User = token.account
    return account


def _secret() -> str:
    return "skt_" + secrets.token_urlsafe(32)


def _sealed(secret: str) -> dict[str, bytes | str]:
    return {"lookup": lookup_hmac(secret, LOOKUP_PURPOSE), "hint": secret[-4:]}


def _record(actor: Actor, action: str, token: ApiToken, now: datetime, group: StaticGroup | None = None) -> None:
    place = group or token.account.grants.select_related("group").get().group
    audit_record(
        actor=actor,
        action=action,
        subject_type="api_token",
        subject_id=token.uid,
        company_uid=place.company_hub_id,
        details={"name": token.name, "group": place.name},
        now=now,
    )
