"""Writes of seats: activate, renew, release, stop protecting and resume, rename."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.licensing import rules
from seatkeep_hub.licensing.activation import Wish, activations_script
from seatkeep_hub.licensing.book import Deactivate, Operation, Resume
from seatkeep_hub.licensing.enums import SeatEventKind
from seatkeep_hub.licensing.errors import SeatNameError, TooManySeatsError
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import Seat, SeatEvent
from seatkeep_hub.licensing.statements import run
from seatkeep_hub.licensing.transaction import Answer, Renewal, renewals_script, seats_script


def seats_apply(*, operations: Sequence[Operation], actor: Actor, now: datetime) -> list[Answer]:
    """Do a batch of seat operations in one transaction; one answer each, in order, refusals included.

    Idempotent by the seat's key: a device that holds a seat keeps it.
    """
    with read_committed():
        return run(seats_script(operations, actor=actor.label, now=now))


def seats_renew(*, renewals: Sequence[Renewal], now: datetime) -> list[Answer]:
    """Renew a batch of leases in one transaction."""
    with read_committed():
        return run(renewals_script(renewals, now=now))


def seats_stop_each(*, actor: Actor, seat_uids: Collection[UUID], now: datetime) -> list[Answer]:
    """As `seats_deactivate`, with one answer per computer, in order: `deactivated`, `unchanged` or `seat_unknown`."""
    return _apply_to(actor, seat_uids, [Deactivate(uid) for uid in seat_uids], "deactivate", now)


def seats_deactivate(*, actor: Actor, seat_uids: Collection[UUID], now: datetime) -> int:
    """Stop protecting computers, at once. Can be undone for 24 hours (`seats_resume`).

    Whether the actor may is the caller's look-up (`selectors.seats_visible`). Idempotent.

    Returns:
        How many were protected until now.

    Raises:
        TooManySeatsError: More than 200 at once.
    """
    answers = seats_stop_each(actor=actor, seat_uids=seat_uids, now=now)
    return sum(answer.code == "deactivated" for answer in answers)


def seats_resume(*, actor: Actor, seat_uids: Collection[UUID], now: datetime) -> list[Answer]:
    """Take "stop protecting" back, up to and including 24 hours later; needs a free seat again.

    Returns:
        One answer per computer: `resumed`, `unchanged`, or why not (`undo_over`, `no_seat_left`, …).

    Raises:
        TooManySeatsError: More than 200 at once.
    """
    return _apply_to(actor, seat_uids, [Resume(uid) for uid in seat_uids], "resume", now)


@transaction.atomic
def seat_rename(*, actor: Actor, seat: Seat, name: str, now: datetime) -> Seat:
    """Give a seat a name; empty shows the device's own again. The same name changes nothing.

    Raises:
        SeatNameError: Too long, or not printable.
    """
    name = name.strip()
    fault = rules.seat_name_fault(name)
    if fault:
        raise SeatNameError(fields={"name": [fault]})
    locked = Seat.objects.select_for_update().get(pk=seat.pk)
    if locked.name == name:
        return locked
    locked.name = name
    locked.save(update_fields=["name"])
    SeatEvent.objects.create(
        at=now,
        id=_event_id(),
        license_id=locked.license_id,
        product_id=locked.product_id,
        node_id=locked.node_id,
        seat_id=locked.pk,
        kind=SeatEventKind.RENAMED,
        delta=0,
        actor=actor.label[:200],
        detail=name,
    )
    _audit(actor, "rename", locked, now, {"name": name})
    return locked


def _apply_to(
    actor: Actor, seat_uids: Collection[UUID], operations: Sequence[Operation], verb: str, now: datetime
) -> list[Answer]:
    if len(seat_uids) > rules.MAX_SEATS_AT_ONCE:
        raise TooManySeatsError
    with read_committed():
        answers = run(seats_script(operations, actor=actor.label, now=now))
        done = {
            uid for uid, answer in zip(seat_uids, answers, strict=True) if answer.code in {"deactivated", "resumed"}
        }
        for seat in Seat.objects.filter(uid__in=done).select_related("node__company", "product").order_by("id"):
            _audit(actor, verb, seat, now, {"device": seat.shown_name, "product": seat.product.code})
    return answers


def _event_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('licensing_seatevent_id_seq')")
        return int(cursor.fetchone()[0])


def _audit(actor: Actor, verb: str, seat: Seat, now: datetime, details: dict[str, str | int | bool | None]) -> None:
    audit_record(
        actor=actor,
        action=f"seat:{verb}",
        subject_type="seat",
        subject_id=str(seat.uid),
        company_uid=seat.node.company.uid,
        details=details,
        now=now,
    )


def seats_activate(*, wishes: Sequence[Wish], actor: Actor, now: datetime) -> list[Answer]:
    """Give seats for proven wishes in one transaction; the same script as the fast path's."""
    with read_committed():
        return run(activations_script(wishes, actor=actor.label, now=now))
