"""Takes a batch of messages into the database: one transaction, set-based, rows locked in id order.

A batch may come twice and its messages in any order: events have their effect once by their id, telemetry by
(spool, seq).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files

from django.db import DataError, IntegrityError, connection, transaction
from seatkeep_protocol.subjects import Kind, Stream

from seatkeep_manager.ingest import effects
from seatkeep_manager.ingest.decoding import Incoming, Message, Refused, decode_all
from seatkeep_manager.ingest.models import UnknownDeviceMessage
from seatkeep_manager.ingest.pretenders import pretenders_record
from seatkeep_manager.problems.enums import UNRESOLVED, ProblemKind
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.services import devices_evaluate

_SQL = files(__package__).joinpath("sql")
_LOCK = _SQL.joinpath("devices_lock.sql").read_text()
_NEW = _SQL.joinpath("messages_new.sql").read_text()
_REFUSED = _SQL.joinpath("refused_count.sql").read_text()
_log = logging.getLogger(__name__)

UNPROCESSABLE = "unprocessable"
_QUIET = {Kind.HEARTBEAT}
_ENDED_BY_HEARTBEAT = (
    ProblemKind.SERVER_SILENT, ProblemKind.WORKSTATION_SILENT, ProblemKind.POLICY_GAP, ProblemKind.CLOCK_WRONG,
)  # fmt: skip


def batch_take(batch: Sequence[Incoming], *, now: datetime) -> None:
    """Take a batch in, all of it; returns after the commit.

    A message that the database cannot take (a zero byte in a text, say) is found by halving the batch and refused; it
    never holds up the others.

    Raises:
        django.db.OperationalError, django.db.InterfaceError: The database is not there; nothing was taken, try again.
    """
    try:
        _take(batch, now)
    except (DataError, IntegrityError, ValueError, TypeError, OverflowError) as error:
        if len(batch) == 1:
            _log.warning("message on %s is refused: %s", batch[0].subject, type(error).__name__)
            _refuse([Refused(batch[0], UNPROCESSABLE)], now)
            return
        middle = len(batch) // 2
        batch_take(batch[:middle], now=now)
        batch_take(batch[middle:], now=now)


@transaction.atomic
def _take(batch: Sequence[Incoming], now: datetime) -> None:
    messages, refused = decode_all(batch)
    _refuse(refused, now)
    devices = _devices_lock({message.envelope.device for message in messages})
    known = [message for message in messages if message.envelope.device in devices]
    _unknown_keep([message for message in messages if message.envelope.device not in devices])
    fresh = _only_new(known, now)
    ids = [devices[message.envelope.device] for message in fresh]
    _refuse(effects.apply(list(zip(ids, fresh, strict=True)), now=now), now)
    _problems_evaluate(ids, fresh, now)


def _devices_lock(devices: set[str]) -> dict[str, int]:
    """Ids of those that are known, by the 32 hex digits by which messages name them."""
    if not devices:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [",".join(devices)])
        return {uid.hex: pk for pk, uid in cursor.fetchall()}


def _only_new(messages: list[Message], now: datetime) -> list[Message]:
    """Telemetry, and the events that had no effect before; of an event that is in the batch twice, one."""
    events = {m.envelope.id: m for m in messages if m.kind.stream is Stream.EVT}
    if not events:
        return messages
    with connection.cursor() as cursor:
        cursor.execute(_NEW, [list(events), now])
        new = {row[0] for row in cursor.fetchall()}
    telemetry = [m for m in messages if m.kind.stream is Stream.TEL]
    return telemetry + [m for pk, m in events.items() if pk in new]


def _unknown_keep(messages: list[Message]) -> None:
    rows = [
        UnknownDeviceMessage(
            message_id=message.envelope.id,
            device_hex=message.envelope.device,
            kind=message.kind.value,
            subject=message.incoming.subject,
            raw=message.incoming.data,
            received_at=message.incoming.received_at,
        )
        for message in messages
    ]
    if rows:
        _log.warning("%d messages of unknown devices are kept aside", len(rows))
    UnknownDeviceMessage.objects.bulk_create(rows, ignore_conflicts=True)


def _refuse(refused: Sequence[Refused], now: datetime) -> None:
    for reason, count in Counter(each.reason for each in refused).items():
        _log.warning("%d messages refused: %s, first on %s", count, reason, refused[0].incoming.subject[:200])
        with connection.cursor() as cursor:
            cursor.execute(_REFUSED, [now.date(), reason, count])
    pretenders_record(refused, now=now)


def _problems_evaluate(ids: list[int], messages: list[Message], now: datetime) -> None:
    """Judge the devices anew whose facts changed; a mere heartbeat only ends silence and gaps."""
    changed = {pk for pk, message in zip(ids, messages, strict=True) if message.kind not in _QUIET}
    quiet = set(ids) - changed
    if quiet:
        ended = Problem.objects.filter(device_id__in=quiet, kind__in=_ENDED_BY_HEARTBEAT, state__in=UNRESOLVED)
        changed |= set(ended.values_list("device_id", flat=True))
    if changed:
        devices_evaluate(device_ids=sorted(changed), now=now)


def unknown_take_in(*, now: datetime, limit: int = 500) -> int:
    """Take in kept messages whose device is known now; returns how many. Idempotent."""
    from seatkeep_manager.directory.models import Device

    known = {uid.hex for uid in Device.objects.values_list("uid", flat=True)}
    waiting = set(UnknownDeviceMessage.objects.values_list("device_hex", flat=True).distinct()) & known
    rows = list(UnknownDeviceMessage.objects.filter(device_hex__in=waiting).order_by("id")[:limit])
    if rows:
        batch_take([Incoming(row.subject, bytes(row.raw), row.received_at) for row in rows], now=now)
        UnknownDeviceMessage.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)
