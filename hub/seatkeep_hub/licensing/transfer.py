"""Seats that go to another license with their company: the device keeps its seat and gets the new lease when it renews.

One transaction of the caller, in which the nodes of both licenses are locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.errors import ConflictError

from seatkeep_hub.licensing import rules
from seatkeep_hub.licensing.enums import SeatEventKind, SeatState
from seatkeep_hub.licensing.models import PoolNode, Seat
from seatkeep_hub.licensing.pool import working_copy
from seatkeep_hub.licensing.statements import Script, Statement, run


class NoRoomError(ConflictError):
    """The license there has a limit and too few free seats. Change its seats first."""

    code = "move_no_room"
    message = _("The license there has a limit and too few free seats. Change its seats first.")


def seats_transfer(*, source: PoolNode, target: PoolNode, actor: Actor, now: datetime) -> int:
    """Let every seat in use of one node count at a node of another license.

    A device that holds a seat of the other license already keeps that one and gives this one back. Seats that ended
    stay where they were, as history.

    Args:
        source: Node that loses its seats; the caller holds locks on it, the other node, and all above them.
        target: Node of the same product that gets them.
        actor: Who is behind it, for the journal.
        now: Current time, aware UTC.

    Returns:
        How many seats moved.

    Raises:
        NoRoomError: The other license has a limit and not enough free seats; `missing` says how many.
    """
    seats = list(Seat.objects.select_for_update().filter(node=source, state=SeatState.ACTIVE).order_by("id"))
    held = _held_there(target, seats)
    moved = [seat for seat in seats if seat.fingerprint not in held]
    ended = [seat for seat in seats if seat.fingerprint in held]
    nodes = _count(source, target, moving=len(moved), ending=len(ended))
    _old_rows_yield(target, moved)
    _rows_of(moved).update(license=target.license_id, node=target.pk, epoch=F("epoch") + 1)
    _rows_of(ended).update(state=SeatState.RELEASED, ended_at=now, decided_at=now, epoch=F("epoch") + 1)
    run(_journal(source, target, moved, ended, nodes, actor=actor.label, now=now))
    return len(moved)


def _held_there(target: PoolNode, seats: Sequence[Seat]) -> set[str]:
    same = Seat.objects.filter(license=target.license_id, product=target.product_id, state=SeatState.ACTIVE)
    return set(same.filter(fingerprint__in=[seat.fingerprint for seat in seats]).values_list("fingerprint", flat=True))


def _count(source: PoolNode, target: PoolNode, *, moving: int, ending: int) -> list[rules.Node]:
    """Move the counters; returns working copies of all nodes on both paths."""
    locked = PoolNode.objects.select_related("company").in_bulk([*source.path, *target.path])
    out = [working_copy(locked[pk]) for pk in reversed(source.path)]
    into = [working_copy(locked[pk]) for pk in reversed(target.path)]
    for _number in range(moving + ending):
        rules.shift(out, -1)
    for done in range(moving):
        if not rules.has_room(into):
            raise NoRoomError(missing=moving - done)
        rules.shift(into, +1)
    return [*out, *into]


def _old_rows_yield(target: PoolNode, moved: Sequence[Seat]) -> None:
    """Let seats that the same devices gave back there long ago make room: one device is one row of a license."""
    same = Seat.objects.filter(license=target.license_id, product=target.product_id)
    for old in same.filter(fingerprint__in=[seat.fingerprint for seat in moved]):
        old.fingerprint = f"{old.fingerprint[:100]}~{old.pk}"
        old.save(update_fields=["fingerprint"])


def _rows_of(seats: Iterable[Seat]) -> QuerySet[Seat]:
    return Seat.objects.filter(pk__in=[seat.pk for seat in seats])


def _journal(
    source: PoolNode,
    target: PoolNode,
    moved: Sequence[Seat],
    ended: Sequence[Seat],
    nodes: Sequence[rules.Node],
    *,
    actor: str,
    now: datetime,
) -> Script[None]:
    lines = [(source, seat, SeatEventKind.MOVED_OUT, -1) for seat in moved]
    lines += [(target, seat, SeatEventKind.MOVED_IN, +1) for seat in moved]
    lines += [(source, seat, SeatEventKind.RELEASED, -1) for seat in ended]
    if lines:
        yield Statement(
            "events_insert",
            {
                "licenses": [node.license_id for node, _, _, _ in lines],
                "products": [node.product_id for node, _, _, _ in lines],
                "nodes": [node.pk for node, _, _, _ in lines],
                "seats": [seat.pk for _, seat, _, _ in lines],
                "kinds": [kind.value for _, _, kind, _ in lines],
                "deltas": [delta for _, _, _, delta in lines],
                "details": ["" for _ in lines],
                "actor": actor[:200],
                "now": now,
            },
        )
    changed = [node for node in nodes if node.is_changed]
    if changed:
        yield Statement(
            "nodes_update",
            {
                "ids": [node.id for node in changed],
                "used": [node.used - node.used_before for node in changed],
                "outstanding": [node.outstanding - node.outstanding_before for node in changed],
            },
        )
        yield Statement("nodes_feed", {"ids": [node.id for node in changed], "now": now})
        yield Statement("feed_notify", {})
