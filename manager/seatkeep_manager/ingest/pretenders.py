"""Agents that speak for others: an agent may tell of itself, and of what it was asked, and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from seatkeep_protocol.errors import MessageForeignError
from seatkeep_protocol.ids import uid_of
from seatkeep_protocol.subjects import up_subject_parse
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.enums import Result
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.services import Subject, audit_record_many

from seatkeep_manager.directory.models import Device
from seatkeep_manager.ingest.decoding import Refused

RUN_FOREIGN = "run_foreign"
"""A run of another device, of a group task that does not stand over the device, or one that is not what its id says."""
PRETENDED = frozenset({MessageForeignError.code, RUN_FOREIGN})
ACTION = "device:pretend"


def pretenders_record(refused: Sequence[Refused], *, now: datetime) -> None:
    """Write down who sent what belongs to another: once a day for each device, however often it tries.

    The sender is the device of the subject, which the broker has checked; an unknown device has no journal.
    """
    told = [each for each in refused if each.reason in PRETENDED]
    if not told:
        return
    reasons = {uid_of(up_subject_parse(each.incoming.subject).device): each.reason for each in told}
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    known = AuditEntry.objects.filter(
        subject_type="device", subject_id__in=[str(uid) for uid in reasons], action=ACTION, at__gte=midnight
    )
    noted = set(known.values_list("subject_id", flat=True))
    devices = Device.objects.filter(uid__in=reasons).order_by("pk").values_list("uid", "company_hub_id")
    subjects = [
        Subject(str(uid), company, {"reason": reasons[uid]}) for uid, company in devices if str(uid) not in noted
    ]
    audit_record_many(
        actor=Actor.system("ingest"), action=ACTION, subject_type="device", subjects=subjects,
        result=Result.REFUSED, now=now,
    )  # fmt: skip
