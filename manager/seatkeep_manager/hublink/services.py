"""Writes of the hub link: keys, linking, requests to synchronize, and the state of a customer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from seatkeep_license.keys import SigningKey
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import Subject, audit_record, audit_record_many

from seatkeep_manager.hublink.adapters.hub import HubClient, InstanceIdentity
from seatkeep_manager.hublink.adapters.messages import Credentials, LinkPoll
from seatkeep_manager.hublink.enums import CustomerState, HubCompanyState, LinkState, SyncKind, SyncState
from seatkeep_manager.hublink.errors import (
    CompanyNotFoundError,
    HubAlreadyLinkedError,
    HubNotLinkedError,
    NothingHeldError,
)
from seatkeep_manager.hublink.models import HubLink, InstanceKey, MirroredCompany, SyncRun
from seatkeep_manager.hublink.rules import customer_state
from seatkeep_manager.hublink.selectors import link_get

WAKE_CHANNEL = "hublink"
"""NOTIFY channel that wakes the hublink process."""


@transaction.atomic
def instance_key(*, now: datetime) -> SigningKey:
    """The key that signs this instance's calls and activation tickets; made at first use. Safe when raced."""
    stored = InstanceKey.objects.filter(retired_at__isnull=True).first()
    if stored is None:
        made = SigningKey.generate()
        InstanceKey.objects.bulk_create(
            [InstanceKey(kid=made.kid, private_key=made.seed, created_at=now)], ignore_conflicts=True
        )
        stored = InstanceKey.objects.get(retired_at__isnull=True)
    return SigningKey.from_seed(bytes(stored.private_key))


def hub_client(*, now: datetime) -> HubClient:
    """A client that speaks as this instance.

    Raises:
        HubNotLinkedError: There is no link yet.
    """
    link = link_get()
    if link.state != LinkState.LINKED or link.instance_id is None:
        raise HubNotLinkedError
    return HubClient(settings.LICENSING_URL, InstanceIdentity(link.instance_id, instance_key(now=now)))


def company_client(company: MirroredCompany, *, now: datetime) -> HubClient:
    """A client of the Licensing that a company belongs to.

    Raises:
        HubNotLinkedError: There is no link.
    """
    return hub_client(now=now)


def link_start(*, actor: Actor, now: datetime, bootstrap_token: str | None = None) -> HubLink:
    """Ask the hub for a link; a Security Admin then approves it there.

    A second start replaces a code that waits or ran out.

    Raises:
        HubAlreadyLinkedError: The link stands.
        HubUnreachableError, HubNonsenseError, HubRefusedError: From the hub; nothing was written.
    """
    if link_get().state == LinkState.LINKED:
        raise HubAlreadyLinkedError
    client = HubClient(settings.LICENSING_URL, None)
    try:
        code = client.link_start(
            name=settings.INSTANCE_NAME,
            console_url=settings.CONSOLE_URL,
            jwk=instance_key(now=now).verify_key.jwk_full,
            bootstrap_token=bootstrap_token,
        )
    finally:
        client.close()
    with transaction.atomic():
        link, _ = HubLink.objects.select_for_update().get_or_create(id=1)
        link.state = LinkState.WAITING
        link.device_code, link.user_code = code.device_code, code.user_code
        link.verification_uri = code.verification_uri_complete
        link.code_expires_at = now + timedelta(seconds=code.expires_in_seconds)
        link.poll_interval_seconds = code.interval_seconds
        link.link_error = ""
        link.save()
        _record(actor, "hublink:start", "hublink", "1", now)
    hublink_wake()
    return link


def link_poll(*, now: datetime) -> HubLink:
    """Ask once whether the waiting link was approved, and take the answer over.

    Raises:
        HubUnreachableError, HubNonsenseError, HubRefusedError: From the hub; the link keeps waiting.
    """
    link = link_get()
    if link.state != LinkState.WAITING or not link.device_code:
        return link
    if link.code_expires_at and now >= link.code_expires_at:
        return _link_give_up("The code ran out before anybody approved it.")
    client = HubClient(settings.LICENSING_URL, None)
    try:
        answer = client.link_poll(link.device_code)
    finally:
        client.close()
    if answer.status == "approved" and answer.instance_id and answer.company_id:
        return _link_approve(answer, now=now)
    if answer.status in ("denied", "expired"):
        return _link_give_up(f"Licensing says: {answer.status}.")
    return link


@transaction.atomic
def _link_approve(answer: LinkPoll, *, now: datetime) -> HubLink:
    link = HubLink.objects.select_for_update().get(id=1)
    link.state = LinkState.LINKED
    link.instance_id, link.company_id = answer.instance_id, answer.company_id
    link.company_name, link.licensing_device_url = answer.company_name or "", answer.licensing_device_url or ""
    link.device_code, link.user_code, link.verification_uri, link.link_error = None, "", "", ""
    link.code_expires_at, link.linked_at, link.cursor, link.feed = None, now, "", ""
    link.save()
    _record(Actor.system("hublink"), "hublink:approve", "hublink", str(answer.instance_id), now)
    return link


def _link_give_up(reason: str) -> HubLink:
    HubLink.objects.filter(id=1, state=LinkState.WAITING).update(
        state=LinkState.NOT_LINKED, link_error=reason, user_code="", verification_uri=""
    )
    return link_get()


@transaction.atomic
def sync_request(*, actor: Actor, is_full: bool, now: datetime) -> None:
    """Ask the hublink process to synchronize now; several requests become one run.

    Raises:
        HubNotLinkedError: There is no link yet.
    """
    link = HubLink.objects.select_for_update().filter(id=1, state=LinkState.LINKED).first()
    if link is None:
        raise HubNotLinkedError
    link.sync_requested_at = now
    link.full_requested = link.full_requested or is_full
    link.save(update_fields=["sync_requested_at", "full_requested"])
    _record(actor, "hublink:sync", "hublink", "1", now)
    hublink_wake()


@transaction.atomic
def preview_request(*, actor: Actor, now: datetime) -> None:
    """Ask the hublink process what a synchronization would change; several requests become one run.

    Raises:
        HubNotLinkedError: There is no link yet.
    """
    link = HubLink.objects.select_for_update().filter(id=1, state=LinkState.LINKED).first()
    if link is None:
        raise HubNotLinkedError
    link.preview_requested_at = now
    link.save(update_fields=["preview_requested_at"])
    _record(actor, "hublink:preview", "hublink", "1", now)
    hublink_wake()


@transaction.atomic
def removals_allow(*, actor: Actor, run_uid: UUID, now: datetime) -> int:
    """Let the next full read, which is asked for at once, mark as gone what this one asked about; tells how many.

    More than that are asked about again.

    Raises:
        NothingHeldError: This run does not ask, or a later one has read everything since.
    """
    newest = SyncRun.objects.filter(kind=SyncKind.FULL).order_by("-id").first()
    if newest is None or newest.uid != run_uid or newest.state != SyncState.HELD:
        raise NothingHeldError
    HubLink.objects.filter(id=1).update(removals_allowed=newest.to_remove)
    audit_record(
        actor=actor,
        action="hublink:removals_allow",
        subject_type="hublink",
        subject_id="1",
        details={"count": newest.to_remove},
        now=now,
    )
    sync_request(actor=actor, is_full=True, now=now)
    return newest.to_remove


@transaction.atomic
def company_mark_ready(*, actor: Actor, company_id: int, now: datetime) -> MirroredCompany:
    """Mark a customer as ready; no change when it is already or was removed in the hub.

    Raises:
        CompanyNotFoundError: There is no such customer.
    """
    company = MirroredCompany.objects.select_for_update(of=("self",)).filter(pk=company_id).first()
    if company is None:
        raise CompanyNotFoundError
    if company.set_up_at is None:
        company.set_up_at = now
        company.state = customer_state(hub_state=company.hub_state, set_up_at=now)
        company.save(update_fields=["set_up_at", "state"])
        _record(actor, "customer:ready", "customer", str(company.uid), now, company.hub_id)
    return company


@transaction.atomic
def companies_mark_ready(*, actor: Actor, company_ids: Collection[int], now: datetime) -> int:
    """Mark many customers as ready in a fixed number of statements; returns how many were new."""
    rows = MirroredCompany.objects.select_for_update(of=("self",)).filter(pk__in=company_ids, set_up_at__isnull=True)
    new = list(rows.exclude(hub_state=HubCompanyState.REMOVED).order_by("id"))
    MirroredCompany.objects.filter(pk__in=[row.pk for row in new]).update(set_up_at=now, state=CustomerState.NORMAL)
    subjects = [Subject(str(row.uid), row.hub_id, {}) for row in new]
    audit_record_many(actor=actor, action="customer:ready", subject_type="customer", subjects=subjects, now=now)
    return len(new)


def credentials_fetch(*, actor: Actor, license_hub_id: UUID, product: str, now: datetime) -> Credentials:
    """Fetch one product's credentials for one use; audited here and in the hub, stored nowhere.

    Raises:
        HubNotLinkedError: There is no link.
        HubUnreachableError, HubNonsenseError, HubRefusedError: From the hub.
    """
    client = hub_client(now=now)
    try:
        found = client.credentials(license_id=license_hub_id, product=product)
    finally:
        client.close()
    audit_record(
        actor=actor,
        action="license:credentials",
        subject_type="license",
        subject_id=str(license_hub_id),
        details={"product": product},
        now=now,
    )
    return found


def hublink_wake() -> None:
    """Wake the hublink process when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [WAKE_CHANNEL])


def _record(
    actor: Actor, action: str, subject_type: str, subject_id: str, now: datetime, company: UUID | None = None
) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        company_uid=company,
        details={},
        now=now,
    )
