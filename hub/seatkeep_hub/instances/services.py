"""Writes of instances: ask, approve, deny, prove, revoke."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.keyring import lookup_hmac

from seatkeep_hub.companies.models import Company
from seatkeep_hub.instances import rules
from seatkeep_hub.instances.enums import LinkStatus, Portal
from seatkeep_hub.instances.errors import InstanceKeyUsedError, LinkRequestOverError
from seatkeep_hub.instances.models import BootstrapGrant, Instance, InstanceCall, LinkRequest


@dataclass(frozen=True)
class LinkStarted:
    """What the manager is told once; only the HMAC of `device_code` is kept."""

    request: LinkRequest
    device_code: str


@transaction.atomic
def link_request_create(
    *, name: str, console_url: str, public_key: bytes, key_thumbprint: str, bootstrap_token: str | None, now: datetime
) -> LinkStarted:
    """Note that a manager asks to be linked.

    With the launcher's bootstrap token in one-MSP use it is approved at once, or as soon as the wizard is done.

    Args:
        name: How the manager calls itself.
        console_url: Its address for people.
        public_key: Its Ed25519 key, 32 raw bytes.
        key_thumbprint: RFC 7638 thumbprint of that key.
        bootstrap_token: The launcher's token, if it has one; a wrong one is treated as none.
        now: Current time, aware UTC.
    """
    is_bootstrap = bootstrap_matches(bootstrap_token)
    device_code = secrets.token_urlsafe(32)
    lifetime = timedelta(days=1) if is_bootstrap else rules.LINK_LIFETIME
    request = LinkRequest.objects.create(
        device_code_hmac=lookup_hmac(device_code, "link"),
        user_code=rules.user_code(secrets.token_bytes(16)),
        name=name,
        console_url=console_url,
        public_key=public_key,
        key_thumbprint=key_thumbprint,
        is_bootstrap=is_bootstrap,
        created_at=now,
        expires_at=now + lifetime,
    )
    grant = BootstrapGrant.objects.select_related("company").first() if is_bootstrap else None
    if grant:
        link_request_approve(request=request, company=grant.company, actor=Actor.system("first run"), now=now)
    return LinkStarted(request=request, device_code=device_code)


def bootstrap_matches(token: str | None) -> bool:
    """Whether `token` is the launcher's SEATKEEP_BOOTSTRAP_TOKEN; never true when that is unset."""
    expected: str = settings.BOOTSTRAP_TOKEN
    return bool(expected and token) and hmac.compare_digest(expected.encode(), str(token).encode())


@transaction.atomic
def bootstrap_grant(*, company: Company, now: datetime) -> int:
    """Let the launcher's own manager link to `company` by itself, now and when it asks later.

    Idempotent for the same company.

    Returns:
        How many waiting requests were approved at once.
    """
    BootstrapGrant.objects.get_or_create(is_only=True, defaults={"company": company, "created_at": now})
    waiting = LinkRequest.objects.filter(is_bootstrap=True, status=LinkStatus.PENDING, expires_at__gt=now)
    for request in waiting:
        link_request_approve(request=request, company=company, actor=Actor.system("first run"), now=now)
    return len(waiting)


@transaction.atomic
def link_request_approve(
    *, request: LinkRequest, company: Company, actor: Actor, now: datetime, portal: Portal = Portal.MSP
) -> Instance:
    """Register the manager's key as an instance of `company`. Whether the actor may is the caller's check.

    Args:
        request: The request; it is locked and judged again.
        company: Owner of the instance from now on.
        actor: Who approves.
        now: Current time, aware UTC.
        portal: Portal in which it was approved; only there it may be removed.

    Raises:
        LinkRequestOverError: It was decided meanwhile, or `now` is at or after its end.
        InstanceKeyUsedError: Its key is linked already.
    """
    locked = _lock_open_request(request, now)
    instance = Instance(
        company=company,
        name=locked.name,
        public_key=bytes(locked.public_key),
        key_thumbprint=locked.key_thumbprint,
        created_by_portal=portal,
        console_url=locked.console_url,
        created_at=now,
    )
    try:
        with transaction.atomic():
            instance.save()
    except IntegrityError as error:
        raise InstanceKeyUsedError from error
    _decide(locked, LinkStatus.APPROVED, now, instance)
    audit_record(
        actor=actor,
        action="instance:link",
        subject_type="instance",
        subject_id=str(instance.uid),
        company_uid=company.uid,
        details={"name": instance.name, "console_url": instance.console_url, "key": instance.key_thumbprint},
        now=now,
    )
    return instance


@transaction.atomic
def link_request_deny(*, request: LinkRequest, actor: Actor, now: datetime) -> None:
    """Refuse a manager; it is told at its next poll.

    Raises:
        LinkRequestOverError: It was decided meanwhile, or `now` is at or after its end.
    """
    locked = _lock_open_request(request, now)
    _decide(locked, LinkStatus.DENIED, now, None)
    audit_record(
        actor=actor,
        action="instance:deny",
        subject_type="link_request",
        subject_id=locked.user_code,
        details={"name": locked.name, "console_url": locked.console_url},
        now=now,
    )


@transaction.atomic
def instance_revoke(*, instance: Instance, actor: Actor, now: datetime) -> None:
    """Refuse every further call of this instance. Its devices keep their licenses. Idempotent."""
    changed = Instance.objects.filter(pk=instance.pk, is_revoked=False).update(is_revoked=True)
    if changed:
        audit_record(
            actor=actor,
            action="instance:revoke",
            subject_type="instance",
            subject_id=str(instance.uid),
            company_uid=instance.company.uid,
            details={"name": instance.name},
            now=now,
        )


def instance_call_note(*, instance: Instance, jti: str, expires: int, now: datetime) -> bool:
    """Remember the `jti` of a signed call.

    Args:
        instance: Who calls.
        jti: The call's id.
        expires: Claim `exp`, seconds since 1970.
        now: Current time, aware UTC.

    Returns:
        False when it was seen before: a replay.
    """
    keep_until = datetime.fromtimestamp(expires + 2 * rules.CLOCK_LEEWAY_SECONDS, tz=UTC)
    try:
        with transaction.atomic():
            InstanceCall.objects.create(instance=instance, jti=jti, expires_at=keep_until)
    except IntegrityError:
        return False
    Instance.objects.filter(pk=instance.pk).update(last_seen_at=now)
    return True


def instance_calls_purge(*, now: datetime) -> int:
    """Forget ids of calls that could not be valid any more; returns how many."""
    deleted, _ = InstanceCall.objects.filter(expires_at__lt=now).delete()
    return deleted


def _lock_open_request(request: LinkRequest, now: datetime) -> LinkRequest:
    locked = LinkRequest.objects.select_for_update().get(pk=request.pk)
    if locked.status != LinkStatus.PENDING or now >= locked.expires_at:
        raise LinkRequestOverError
    return locked


def _decide(request: LinkRequest, status: LinkStatus, now: datetime, instance: Instance | None) -> None:
    request.status, request.decided_at, request.instance = status, now, instance
    request.save(update_fields=["status", "decided_at", "instance"])
