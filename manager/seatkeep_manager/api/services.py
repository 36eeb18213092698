"""Writes of API tokens."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.keyring import lookup_hmac
from seatkeep_webkit.roles import Role

from seatkeep_manager.api.models import ApiToken
from seatkeep_manager.directory.enums import AccessLevel, GroupKind
from seatkeep_manager.directory.models import PermissionGrant, User
from seatkeep_manager.directory.selectors import group_system

LOOKUP_PURPOSE = "api-token"
USED_EVERY = timedelta(minutes=1)


@transaction.atomic
def token_create(*, actor: Actor, name: str, level: AccessLevel, now: datetime) -> tuple[ApiToken, str]:
    """Make a token with a service account of its own; the secret is told this once.

    Args:
        actor: Who does it; the caller has judged that the person may change the instance.
        name: For people.
        level: What the token may do in the whole instance.
        now: Current time, aware UTC.
    """
    secret = "skt_" + secrets.token_urlsafe(32)
    token = ApiToken(name=name.strip(), lookup=lookup_hmac(secret, LOOKUP_PURPOSE), hint=secret[-4:], created_at=now)
    token.account = User.objects.create_user(
        f"api-{token.uid}@token.invalid", name=f"API: {token.name}", is_program=True
    )
    role = Role.ADMINISTRATOR if level == AccessLevel.WRITE else Role.READ_ONLY
    PermissionGrant.objects.create(user=token.account, group=group_system(GroupKind.ROOT), role=role, created_at=now)
    token.save()
    _record(actor, "api_token:create", token, now)
    return token, secret


@transaction.atomic
def token_revoke(*, actor: Actor, token: ApiToken, now: datetime) -> None:
    """Stop a token. Idempotent."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
        _record(actor, "api_token:revoke", token, now)


def token_account(secret: str, *, now: datetime) -> User | None:
    """The account behind a token that works, or None."""
    lookup = lookup_hmac(secret, LOOKUP_PURPOSE)
    token = ApiToken.objects.filter(lookup=lookup, revoked_at__isnull=True).select_related("account").first()
    if token is None or not token.account.is_active:
        return None
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    account: User = token.account
    return account


def _record(actor: Actor, action: str, token: ApiToken, now: datetime) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="api_token",
        subject_id=str(token.uid),
        details={"name": token.name},
        now=now,
    )
