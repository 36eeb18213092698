"""The hand-over pack: what a leaving customer gets, as plain files in one archive, without secrets."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO, TextIOWrapper
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings
from django.utils.translation import gettext as _
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.selectors import audit_list
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.tables.exports import defused

from seatkeep_manager.customers.models import HandOverPack, OffboardJob
from seatkeep_manager.detections.models import Detection, QuarantineItem
from seatkeep_manager.directory.models import Device, InventorySnapshot, StaticGroup
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.transfer import policies_export

DEVICE_FIELDS = (
    "hostname", "display_name", "group__name", "kind", "os_name", "os_version", "architecture", "serial",
    "manufacturer", "model", "cpu", "memory_bytes", "disk_bytes", "last_user", "agent_version", "protection",
    "enrolled_at", "last_seen_at", "retired_at",
)  # fmt: skip
DETECTION_FIELDS = (
    "occurred_at", "device__hostname", "name", "severity", "engine", "path", "sha256", "action", "resolved_at",
    "resolution", "resolved_by", "note",
)  # fmt: skip
QUARANTINE_FIELDS = ("device__hostname", "name", "path", "sha256", "size_bytes", "state", "quarantined_at")
SOFTWARE_FIELDS = ("hostname", "name", "version", "publisher")
AUDIT_FIELDS = ("at", "actor_label", "action", "subject_type", "subject_id", "details")
AUDIT_ROWS = 200_000
"""The newest so many entries; more would not fit into the memory of a small server."""


def pack_make(job: OffboardJob, *, now: datetime) -> HandOverPack:
    """Make the pack of an off-boarding, or make it anew; there is one per off-boarding."""
    data = _archive(job, now)
    values = {"data": data, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "made_at": now}
    pack, _is_new = HandOverPack.objects.update_or_create(job=job, defaults=values)
    return pack


def pack_hand_out(*, actor: Actor, pack: HandOverPack, now: datetime) -> bytes:
    """The archive, with a note of who took it; the caller has judged that the person may change the customer."""
    company = pack.job.company
    audit_record(
        actor=actor,
        action="customer:hand_over",
        subject_type="customer",
        subject_id=str(company.uid),
        company_uid=company.hub_id,
        details={"sha256": pack.sha256},
        now=now,
    )
    return bytes(pack.data)


def _archive(job: OffboardJob, now: datetime) -> bytes:
    hub_id = job.company.hub_id
    devices = Device.objects.filter(company_hub_id=hub_id).order_by("hostname", "id")
    detections = Detection.objects.filter(device__company_hub_id=hub_id).order_by("occurred_at", "id")
    held = QuarantineItem.objects.filter(device__company_hub_id=hub_id).order_by("quarantined_at", "id")
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        _text(archive, "README.txt", _readme(job, now), now)
        _table(archive, "devices.csv", DEVICE_FIELDS, devices.values_list(*DEVICE_FIELDS).iterator(), now)
        _table(archive, "software.csv", SOFTWARE_FIELDS, _software(hub_id), now)
        _table(archive, "groups.csv", ("path",), _group_paths(job), now)
        _table(archive, "detections.csv", DETECTION_FIELDS, detections.values_list(*DETECTION_FIELDS).iterator(), now)
        _table(archive, "quarantine.csv", QUARANTINE_FIELDS, held.values_list(*QUARANTINE_FIELDS).iterator(), now)
        _text(archive, "policies.json", _policies(job), now)
        _table(archive, "audit.csv", AUDIT_FIELDS, _audit(hub_id), now)
    return written.getvalue()


def _readme(job: OffboardJob, now: datetime) -> str:
    statements = f"{settings.LICENSING_URL.rstrip('/')}/companies/{job.company.hub_id}/usage/"
    lines = [
        _("Hand-over of %(name)s") % {"name": job.company.name},
        _("Made on %(day)s. Last day %(last)s, protected until %(protect)s, billed until %(bill)s.")
        % {"day": now.date(), "last": job.last_day, "protect": job.protect_until, "bill": job.bill_until},
        "",
        "devices.csv     " + _("computers with hardware and system"),
        "software.csv    " + _("software of each computer, as last reported"),
        "groups.csv      " + _("groups that the computers stood in"),
        "detections.csv  " + _("what was found, and how it was closed"),
        "quarantine.csv  " + _("files that were held; the files themselves stay on the computers"),
        "policies.json   " + _("the policies that counted here, to be imported elsewhere"),
        "audit.csv       " + _("who did what"),
        "",
        _("Usage and statements, also the final one: %(url)s") % {"url": statements},
        _("No key, password or license secret is in here."),
    ]
    return "\n".join(lines) + "\n"


def _software(hub_id: UUID) -> Iterable[Sequence[object]]:
    rows = InventorySnapshot.objects.filter(device__company_hub_id=hub_id).order_by("device__hostname", "device_id")
    for hostname, software in rows.values_list("device__hostname", "software").iterator():
        for one in software:
            yield (hostname, one.get("name", ""), one.get("version", ""), one.get("publisher", ""))


def _group_paths(job: OffboardJob) -> Iterable[Sequence[object]]:
    groups = list(StaticGroup.objects.filter(company_hub_id=job.company.hub_id).order_by("path"))
    names = {group.pk: group.name for group in groups}
    return [(" / ".join(names[pk] for pk in group.path if pk in names),) for group in groups]


def _policies(job: OffboardJob) -> str:
    ids = {one["policy"] for one in job.undo.get("policies", [])}
    own = Policy.objects.filter(company_hub_id=job.company.hub_id, deleted_at__isnull=True)
    policies = (own | Policy.objects.filter(pk__in=ids)).distinct().order_by("name", "id")
    return json.dumps(policies_export(policies), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _audit(hub_id: UUID) -> Iterable[Sequence[object]]:
    entries = audit_list(company_uids=[hub_id])
    for row in entries.values_list(*AUDIT_FIELDS)[:AUDIT_ROWS].iterator():
        yield (*row[:-1], json.dumps(row[-1], ensure_ascii=False, sort_keys=True))


def _table(archive: ZipFile, name: str, fields: Sequence[str], rows: Iterable[Sequence[object]], now: datetime) -> None:
    """Write a CSV that no spreadsheet runs as a formula, row by row."""
    with archive.open(_entry(name, now), "w", force_zip64=True) as raw:
        text = TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        writer = csv.writer(text)
        writer.writerow([field.replace("__name", "").replace("__", "_") for field in fields])
        writer.writerows([defused(value) for value in row] for row in rows)
        text.flush()
        text.detach()


def _text(archive: ZipFile, name: str, text: str, now: datetime) -> None:
    archive.writestr(_entry(name, now), text)


def _entry(name: str, now: datetime) -> ZipInfo:
    entry = ZipInfo(name, date_time=(now.year, now.month, now.day, now.hour, now.minute, now.second))
    entry.compress_type = ZIP_DEFLATED
    return entry
