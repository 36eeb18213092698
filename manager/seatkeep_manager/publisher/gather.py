"""From rows of all systems to documents: which ones an event touches, and what they say now."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from seatkeep_protocol.documents import Addresses, DocumentTask, LicenseAssignment
from seatkeep_protocol.subjects import group_key
from seatkeep_webkit.outbox.models import OutboxEvent
from seatkeep_webkit.outbox.selectors import outbox_unread
from seatkeep_webkit.outbox.services import consume

from seatkeep_manager.customers.selectors import products_kept
from seatkeep_manager.directory.identity import InstanceKeys, instance_ensure, instance_keys
from seatkeep_manager.directory.models import Device, Instance, StaticGroup
from seatkeep_manager.directory.topics import (
    DEVICE_CHANGED,
    DEVICE_LEFT_COMPANY,
    DOCUMENT_TOPICS,
    GROUP_CHANGED,
    INSTANCE_CHANGED,
)
from seatkeep_manager.enrollment.broker import company_hex
from seatkeep_manager.enrollment.revocations import credentials_revoke_left
from seatkeep_manager.enrollment.services import DEVICE_ENROLLED
from seatkeep_manager.hublink.mirror import LICENSE_TOPIC, SEAT_TOPIC
from seatkeep_manager.policies.selectors import devices_policies, group_chain, group_dynamic
from seatkeep_manager.statedocs import rules
from seatkeep_manager.statedocs.licenses import license_assign_enrolled, license_assign_waiting, licenses_follow
from seatkeep_manager.statedocs.models import LicenseAssignment as AssignmentRow
from seatkeep_manager.statedocs.models import StateDocument
from seatkeep_manager.statedocs.selectors import document_versions, group_document_keys, license_assignments
from seatkeep_manager.statedocs.services import Draft, documents_forget_content, documents_withdraw, documents_write
from seatkeep_manager.statedocs.stops import stops_follow
from seatkeep_manager.statedocs.waiting import refused_ask_again
from seatkeep_manager.tasks.models import TaskRun
from seatkeep_manager.tasks.selectors import group_tasks, runs_open

CONSUMER = "publisher"
TOPICS = (*DOCUMENT_TOPICS, DEVICE_ENROLLED, DEVICE_LEFT_COMPANY, LICENSE_TOPIC, SEAT_TOPIC)
URGENT_TOPICS = (GROUP_CHANGED,)
"""What a person waits for, such as a policy: not to stand in line behind the computers of a roll-out."""
EVENTS_AT_ONCE = 100
DEVICES_AT_ONCE = 500


def events_consume(*, now: datetime, ahead: set[int] | None = None) -> int:
    """Render every document that the next outbox events touch, and move the position, in one transaction.

    Args:
        now: Current time, aware UTC.
        ahead: Events that `events_foresee` has handled; the position passes them, and they are taken out.

    Returns:
        How many events were passed; EVENTS_AT_ONCE means that there may be more.
    """
    done, passed = ahead if ahead is not None else set(), set[int]()

    def handle(events: list[OutboxEvent]) -> None:
        passed.update(event.pk for event in events)
        _handle([event for event in events if event.pk not in done], now)

    count = consume(name=CONSUMER, topics=TOPICS, handler=handle, limit=EVENTS_AT_ONCE, now=now)
    done -= passed
    return count


def events_foresee(*, now: datetime, ahead: set[int], topics: Collection[str] = TOPICS) -> int:
    """Render what committed events touch that the position has not passed.

    Neither an older transaction that is still open, in whichever database of the cluster, nor the events before it may
    delay a policy. Rendering is idempotent and reads what is committed, so an event may come early, twice and out of
    order; the position still moves by `events_consume` alone, and nothing is missed.

    Args:
        now: Current time, aware UTC.
        ahead: Events handled so before; the new ones are added.
        topics: Only these.

    Returns:
        How many were handled; EVENTS_AT_ONCE means that there may be more.
    """
    with transaction.atomic():
        events = outbox_unread(name=CONSUMER, topics=topics, besides=ahead, limit=EVENTS_AT_ONCE)
        _handle(events, now)
    ahead |= {event.pk for event in events}
    return len(events)


def _handle(events: list[OutboxEvent], now: datetime) -> None:
    if not events:
        return
    for event in events:
        if event.topic == DEVICE_ENROLLED:
            license_assign_enrolled(device_id=event.payload["device"], token_id=event.payload.get("token"), now=now)
    if shares := _hub_ids(events, LICENSE_TOPIC):
        license_assign_waiting(share_ids=shares, now=now)
        refused_ask_again(share_ids=shares, now=now)
    if seats := _hub_ids(events, SEAT_TOPIC):
        stops_follow(seat_ids=seats, now=now)
    if left := {event.payload["device"] for event in events if event.topic == DEVICE_LEFT_COMPANY}:
        credentials_revoke_left(device_ids=left, now=now)
        licenses_follow(device_ids=left, now=now)
    if any(event.topic == INSTANCE_CHANGED for event in events):
        documents_forget_content()
    groups, devices = _touched(events)
    if groups:
        strays_withdraw(groups=groups)
    render(groups=groups, devices=devices, now=now)


def _hub_ids(events: Iterable[OutboxEvent], topic: str) -> set[UUID]:
    return {UUID(event.payload["hub_id"]) for event in events if event.topic == topic}


def _touched(events: Iterable[OutboxEvent]) -> tuple[set[int], set[int]]:
    """Groups (with all below) and devices that events touch."""
    group_ids = [event.payload["group"] for event in events if event.topic == GROUP_CHANGED]
    devices = {event.payload["device"] for event in events if event.topic in (DEVICE_CHANGED, DEVICE_ENROLLED)}
    groups = (
        set(StaticGroup.objects.filter(path__overlap=group_ids).values_list("pk", flat=True)) if group_ids else set()
    )
    if any(event.topic == INSTANCE_CHANGED for event in events):
        groups |= set(StaticGroup.objects.values_list("pk", flat=True))
        devices |= set(Device.objects.values_list("pk", flat=True))
    return groups, devices


@transaction.atomic
def render(*, groups: Collection[int], devices: Collection[int], now: datetime) -> int:
    """Write new versions of the documents whose content changed; returns how many.

    Only groups with devices have documents; a device's group gets one with the device's.
    """
    instance = instance_ensure(now=now)
    keys = instance_keys(instance)
    rows = list(Device.objects.filter(pk__in=devices).select_related("group").order_by("pk"))
    wanted = set(groups) | {row.group_id for row in rows}
    held = StaticGroup.objects.filter(pk__in=wanted, devices__isnull=False).distinct().order_by("pk")
    drafts = [Draft(rules.keys_document(instance=instance.uid.hex, state_keys=[keys.state.verify_key.jwk]))]
    drafts += [Draft(_group_document(instance, group)) for group in held]
    written = documents_write(drafts=drafts, keys=keys, now=now)
    for start in range(0, len(rows), DEVICES_AT_ONCE):
        written += _render_devices(instance, keys, rows[start : start + DEVICES_AT_ONCE], now)
    return written


def render_missing(*, now: datetime) -> int:
    """Write the documents of devices that have none, and the keys document; returns how many."""
    have = StateDocument.objects.filter(key__startswith="dev.").values_list("key", flat=True)
    known = {key.removeprefix("dev.") for key in have}
    missing = [pk for pk, uid in Device.objects.values_list("pk", "uid") if uid.hex not in known]
    return render(groups=[], devices=missing, now=now)


def strays_withdraw(*, groups: Collection[int] | None = None) -> int:
    """Take documents out of the bucket that stand under a company which their group belongs to no longer.

    Args:
        groups: Look at these groups only; None looks at all documents, also at those of deleted groups.

    Returns:
        How many.
    """
    rows = StaticGroup.objects.all() if groups is None else StaticGroup.objects.filter(pk__in=groups)
    right = {uid.hex: company_hex(company) for uid, company in rows.values_list("uid", "company_hub_id")}
    wanted = {group_key(company, group) for group, company in right.items()}
    keys = group_document_keys(group_ids=None if groups is None else right.keys())
    return documents_withdraw(keys=[key for key in keys if key not in wanted])


def _group_document(instance: Instance, group: StaticGroup) -> rules.Content:
    return rules.group_document(
        instance=instance.uid.hex,
        company=company_hex(group.company_hub_id),
        group=group.uid.hex,
        nodes=group_chain(group),
        dynamic=group_dynamic(group),
        tasks=group_tasks(group),
    )


def _render_devices(instance: Instance, keys: InstanceKeys, rows: list[Device], now: datetime) -> int:
    ids = [row.pk for row in rows]
    policies, licenses = devices_policies(ids), license_assignments(ids)
    tasks: dict[int, list[DocumentTask]] = {}
    for run in runs_open(ids, now=now):
        tasks.setdefault(run.device_id, []).append(_task(run))
    versions = document_versions({_group_key(row) for row in rows})
    kept = products_kept({row.company_hub_id for row in rows if row.retired_at and row.company_hub_id})
    drafts = []
    for row in rows:
        facts = rules.DeviceFacts(
            uid=row.uid,
            name=row.name,
            company=company_hex(row.company_hub_id),
            group=row.group.uid,
            group_version=versions.get(_group_key(row), 1),
            restore_id=instance.restore_id,
            policies=policies.get(row.pk, ()),
            tasks=tuple(tasks.get(row.pk, ())),
            license=_license(licenses.get(row.pk)),
            retired_at=row.retired_at,
            addresses=_addresses(),
            is_endpoint_kept=_is_endpoint_kept(row, kept),
        )
        document = rules.device_document(instance=instance.uid.hex, facts=facts)
        drafts.append(Draft(document, row.document_floor))
    return documents_write(drafts=drafts, keys=keys, now=now)


def _is_endpoint_kept(device: Device, kept: dict[UUID, datetime]) -> bool:
    """Whether the off-boarding that retired it leaves the product where it is."""
    since = kept.get(device.company_hub_id) if device.company_hub_id else None
    return since is not None and device.retired_at is not None and device.retired_at >= since


def _group_key(device: Device) -> str:
    return group_key(company_hex(device.company_hub_id), device.group.uid.hex)


def _task(run: TaskRun) -> DocumentTask:
    params: dict[str, Any] = run.task.params
    ends_at = run.task.expires_at or run.queued_at
    return DocumentTask(
        run=run.uid,
        task=run.task.uid,
        kind=run.task.kind,
        params=params,
        issued_at_us=rules.micros(run.task.created_at),
        expires_at_us=rules.micros(ends_at),
    )


def _license(row: AssignmentRow | None) -> LicenseAssignment | None:
    if row is None:
        return None
    return LicenseAssignment(
        public_id=row.license_public_id,
        product=row.product,
        licensing_url=settings.LICENSING_DEVICE_URL,
        ticket=row.ticket or None,
        is_stopped=row.is_stopped,
    )


def _addresses() -> Addresses:
    return Addresses(
        console=[settings.CONSOLE_DEVICE_URL],
        licensing=[settings.LICENSING_DEVICE_URL],
        nats=list(settings.NATS_DEVICE_URLS),
    )
