"""Writes of enrollment keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.keyring import lookup_hmac

from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.enrollment import rules
from seatkeep_manager.enrollment.enums import TokenKind, WaitReason
from seatkeep_manager.enrollment.errors import DeploymentKeyExistsError, KeyRevokedError, KeyUnknownError
from seatkeep_manager.enrollment.models import EnrollmentToken

LOOKUP_PURPOSE = "enrollment-token"
SHOWN_EVERY = timedelta(days=1)
"""How often it is noted that the same person looked at the same key."""


@transaction.atomic
def install_link_create(*, actor: Actor, user: User | None, group: StaticGroup, now: datetime) -> EnrollmentToken:
    """Make a personal install link: 14 days, 25 devices. Its secret is `token.secret`."""
    token = _insert(
        TokenKind.INSTALL_LINK, user, group, now,
        expires_at=now + rules.INSTALL_LINK_LIFE, max_uses=rules.INSTALL_LINK_USES,
    )  # fmt: skip
    _record(actor, "token:create", token, now)
    return token


@transaction.atomic
def deployment_key_create(
    *, actor: Actor, user: User | None, group: StaticGroup, now: datetime, daily_cap: int | None = None
) -> EnrollmentToken:
    """Make a customer's deployment key for RMM, GPO and images: no expiry, one per customer, a daily cap.

    Raises:
        DeploymentKeyExistsError: The customer has one; rotate it instead.
    """
    cap = daily_cap or rules.DEPLOYMENT_KEY_DAILY_CAP
    try:
        with transaction.atomic():
            token = _insert(TokenKind.DEPLOYMENT_KEY, user, group, now, daily_cap=cap)
    except IntegrityError as error:
        raise DeploymentKeyExistsError from error
    _record(actor, "token:create", token, now)
    return token


@transaction.atomic
def deployment_key_rotate(*, actor: Actor, user: User | None, token: EnrollmentToken, now: datetime) -> EnrollmentToken:
    """Make the customer's next deployment key; the old one still lets devices in for 7 days."""
    old = EnrollmentToken.objects.select_for_update().get(pk=token.pk)
    old.expires_at = min(filter(None, [old.expires_at, now + rules.ROTATION_OVERLAP]))
    old.save(update_fields=["expires_at"])
    fresh = _insert(TokenKind.DEPLOYMENT_KEY, user, old.group, now, daily_cap=old.daily_cap)
    _record(actor, "token:rotate", fresh, now, former=str(old.uid))
    return fresh


@transaction.atomic
def token_revoke(*, actor: Actor, token: EnrollmentToken, now: datetime) -> EnrollmentToken:
    """Stop a key: devices that come with it wait for approval. Idempotent."""
    locked = EnrollmentToken.objects.select_for_update().get(pk=token.pk)
    if locked.revoked_at is None:
        locked.revoked_at = now
        locked.save(update_fields=["revoked_at"])
        _record(actor, "token:revoke", locked, now)
    return locked


def token_shown(*, actor: Actor, token: EnrollmentToken, now: datetime) -> None:
    """Note that a key stood on somebody's screen, once a day for each person and key: a leaver's act lists it."""
    noted = AuditEntry.objects.filter(
        actor_id=actor.id,
        action="token:show",
        subject_type="token",
        subject_id=str(token.uid),
        at__gt=now - SHOWN_EVERY,
    )
    if not noted.exists():
        _record(actor, "token:show", token, now)


@transaction.atomic
def token_lift(*, actor: Actor, token: EnrollmentToken, now: datetime) -> EnrollmentToken:
    """Let everybody in who comes with a key, whatever its end, uses and daily limit say. Idempotent.

    Raises:
        KeyRevokedError: It was revoked: that stays.
    """
    locked = EnrollmentToken.objects.select_for_update(of=("self",)).select_related("group").get(pk=token.pk)
    if locked.revoked_at is not None:
        raise KeyRevokedError
    if not locked.is_unlimited:
        locked.is_unlimited = True
        locked.save(update_fields=["is_unlimited"])
        _record(actor, "token:lift", locked, now)
    return locked


def token_find(secret: str) -> EnrollmentToken:
    """The key that a device came with, whatever its state.

    Raises:
        KeyUnknownError: No such key was ever made here.
    """
    lookup = lookup_hmac(secret, LOOKUP_PURPOSE)
    token = EnrollmentToken.objects.select_related("group").filter(lookup=lookup).first()
    if token is None:
        raise KeyUnknownError
    return token


def token_take_use(locked: EnrollmentToken, *, now: datetime) -> WaitReason | None:
    """Take one use of a key, whose row the caller's transaction has locked; or say why not."""
    refusal = rules.token_refusal(_facts(locked), now=now)
    if refusal is not None:
        return refusal
    locked.day_uses = locked.day_uses + 1 if locked.day == now.date() else 1
    locked.day, locked.uses = now.date(), locked.uses + 1
    if locked.is_unlimited:  # Beyond its limits uses are no longer counted: the database holds the limits to be kept.
        locked.refresh_from_db(fields=["uses", "day", "day_uses"])
        return None
    locked.save(update_fields=["day", "day_uses", "uses"])
    return None


def _facts(token: EnrollmentToken) -> rules.TokenFacts:
    return rules.TokenFacts(
        max_uses=token.max_uses,
        uses=token.uses,
        daily_cap=token.daily_cap,
        day=token.day,
        day_uses=token.day_uses,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        is_unlimited=token.is_unlimited,
    )


def _insert(kind: TokenKind, user: User | None, group: StaticGroup, now: datetime, **limits: Any) -> EnrollmentToken:
    secret = rules.secret_make(kind)
    return EnrollmentToken.objects.create(
        kind=kind,
        group=group,
        company_hub_id=group.company_hub_id,
        lookup=lookup_hmac(secret, LOOKUP_PURPOSE),
        secret=secret,
        hint=secret[-rules.HINT_CHARACTERS :],
        created_at=now,
        created_by=user,
        **limits,
    )


def _record(
    actor: Actor, action: str, token: EnrollmentToken, now: datetime, **details: str | int | bool | None
) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="token",
        subject_id=str(token.uid),
        company_uid=token.company_hub_id,
        details={"kind": token.kind, "group": str(token.group.uid), **details},
        now=now,
    )
