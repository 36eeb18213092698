"""What becomes of each seat request: pure decisions, first come first served.

`decide` answers one request after the other and notes in the book what must be written. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from seatkeep_hub.licensing.book import (
    Book,
    Deactivate,
    Event,
    Move,
    Operation,
    Outcome,
    Release,
    SeatRow,
    Take,
    Terms,
)
from seatkeep_hub.licensing.rules import UNDO_PERIOD, Node, has_room, shift


def decide(book: Book, operations: Sequence[Operation], new_uids: Sequence[UUID], now: datetime) -> list[Outcome]:
    """Answer every operation in order.

    Args:
        book: What was locked and read; changed in place.
        operations: What is wished.
        new_uids: One fresh uid per operation, used when a seat is made.
        now: Current time, aware UTC.
    """
    return [_decide_one(book, one, uid, now) for one, uid in zip(operations, new_uids, strict=True)]


def _decide_one(book: Book, operation: Operation, new_uid: UUID, now: datetime) -> Outcome:
    if isinstance(operation, Take):
        outcome = _take(book, operation, new_uid, now)
        if outcome.code == "no_seat_left":
            book.refused.append(operation)
        return outcome
    seat = book.by_uid.get(operation.seat_uid)
    if seat is None:
        return Outcome("seat_unknown")
    if seat.node_id not in book.nodes:
        return Outcome("busy", seat)
    if isinstance(operation, Release):
        return _release(book, seat, operation, now)
    if isinstance(operation, Move):
        return _move_by_hand(book, seat, operation, now)
    return _deactivate(book, seat, now) if isinstance(operation, Deactivate) else _resume(book, seat, now)


def license_fault(terms: Terms | None, path: Sequence[Node], now: datetime) -> str | None:
    """Why no seat can be given or kept fresh there, as a code of the wire, or None.

    Ends are judged at `now`: at or after `expires_at` or `protection_stops_at` it is over. Of a suspension only the
    stop of protection counts here: a license that is suspended for billing or frozen goes on protecting.
    """
    if terms is None or terms.is_cancelled:
        return "license_unknown"
    if terms.protection_stops_at is not None and now >= terms.protection_stops_at:
        return "license_suspended"
    if any(node.is_suspended for node in path):
        return "company_suspended"
    if terms.expires_at is not None and now >= terms.expires_at:
        return "license_expired"
    return None


def _take(book: Book, take: Take, new_uid: UUID, now: datetime) -> Outcome:
    if take.node_id not in book.nodes:
        return Outcome("product_not_in_license")
    path = book.path(take.node_id)
    fault = license_fault(book.terms.get((take.license_id, take.product_id)), path, now)
    if fault:
        return Outcome(fault)
    if path[0].is_closed:
        return Outcome("product_not_in_license")
    seat = book.seats.get(take.key)
    if seat is None:
        return _take_new(book, take, path, new_uid, now)
    if seat.node_id not in book.nodes:
        return Outcome("busy", seat)
    if seat.state != "ACTIVE":
        return _take_again(book, seat, take, path, now)
    return _take_held(book, seat, take, path, now)


def _take_new(book: Book, take: Take, path: Sequence[Node], new_uid: UUID, now: datetime) -> Outcome:
    if book.terms[take.license_id, take.product_id].is_frozen:
        return Outcome("license_suspended")
    if not has_room(path):
        return Outcome("no_seat_left")
    seat = SeatRow(
        id=0,
        uid=take.seat_uid or new_uid,
        license_id=take.license_id,
        product_id=take.product_id,
        node_id=take.node_id,
        fingerprint=take.fingerprint,
        device_key=take.device_key,
        key_thumbprint=take.key_thumbprint,
        state="ACTIVE",
        seq=take.seq + 1,
        epoch=take.epoch,
        device_name=take.device_name,
        serial=take.serial,
        os=take.os,
        agent_device=take.agent_device,
        last_jti=take.jti,
        activated_at=now,
        decided_at=now,
        last_seen_at=now,
        ended_at=None,
    )
    book.seats[take.key] = book.by_uid[seat.uid] = seat
    shift(path, +1)
    book.events.append(Event(seat, take.node_id, "RECREATED" if take.seat_uid else "TAKEN", +1))
    return Outcome("new", seat)


def _take_again(book: Book, seat: SeatRow, take: Take, path: Sequence[Node], now: datetime) -> Outcome:
    """A device comes back. What was signed before the seat ended does not count: it would undo the decision."""
    if _is_older(take.issued_at, seat.decided_at) or take.jti == seat.last_jti or take.seat_uid:
        return Outcome("seat_released" if take.seat_uid else "replayed", seat)
    if book.terms[take.license_id, take.product_id].is_frozen:
        return Outcome("license_suspended", seat)
    if not has_room(path):
        return Outcome("no_seat_left", seat)
    seat.state, seat.ended_at, seat.activated_at = "ACTIVE", None, now
    seat.epoch += 1
    seat.node_id = take.node_id
    _introduce(seat, take, now)
    shift(path, +1)
    book.events.append(Event(seat, take.node_id, "RETAKEN", +1))
    return Outcome("new", seat)


def _take_held(book: Book, seat: SeatRow, take: Take, path: Sequence[Node], now: datetime) -> Outcome:
    is_other_key = seat.key_thumbprint != take.key_thumbprint
    is_elsewhere = take.is_node_explicit and not _is_at(book.nodes[seat.node_id], take.node_id)
    if not (is_other_key or is_elsewhere):
        seat.last_seen_at, seat.is_dirty = now, True
        return Outcome("held", seat)
    if take.seat_uid:
        return Outcome("device_replaced" if is_other_key else "held", seat)
    if _is_older(take.issued_at, seat.decided_at):
        return Outcome("replayed", seat)
    if is_elsewhere and not _move(book, seat, path):
        return Outcome("no_seat_left", seat)
    if is_other_key:
        book.events.append(
            Event(seat, seat.node_id, "KEY_REPLACED", 0, f"{seat.key_thumbprint} → {take.key_thumbprint}")
        )
    _introduce(seat, take, now)
    return Outcome("held", seat)


def _is_at(node: Node, wanted: int) -> bool:
    """Whether a seat counts where a ticket wants it. Tickets name the customer; a site of it was chosen by a person."""
    return node.id == wanted or (node.kind == "SITE" and node.path[-2] == wanted)


def _move(book: Book, seat: SeatRow, path: Sequence[Node]) -> bool:
    old_path = book.path(seat.node_id)
    shift(old_path, -1)
    if not has_room(path):
        shift(old_path, +1)
        return False
    shift(path, +1)
    book.events.append(Event(seat, seat.node_id, "MOVED_OUT", -1))
    seat.node_id = path[0].id
    seat.epoch += 1
    book.events.append(Event(seat, seat.node_id, "MOVED_IN", +1))
    return True


def _move_by_hand(book: Book, seat: SeatRow, move: Move, now: datetime) -> Outcome:
    """A person moves a computer; the device is not asked, and what it holds goes on until its next renewal."""
    target = book.nodes.get(move.node_id)
    is_same_pool = target is not None and (target.license_id, target.product_id) == (seat.license_id, seat.product_id)
    if target is None or not is_same_pool or any(node.is_closed for node in book.path(target.id)):
        return Outcome("product_not_in_license", seat)
    if seat.state != "ACTIVE":
        return Outcome("not_in_use", seat)
    if seat.node_id == move.node_id:
        return Outcome("moved", seat)
    if not _move(book, seat, book.path(move.node_id)):
        return Outcome("no_seat_left", seat)
    seat.decided_at, seat.is_dirty = now, True
    return Outcome("moved", seat)


def _introduce(seat: SeatRow, take: Take, now: datetime) -> None:
    seat.device_key, seat.key_thumbprint = take.device_key, take.key_thumbprint
    seat.device_name, seat.serial, seat.os, seat.agent_device = (
        take.device_name,
        take.serial,
        take.os,
        take.agent_device,
    )
    seat.last_jti, seat.decided_at, seat.last_seen_at = take.jti, now, now
    seat.seq += 1
    seat.is_dirty = True


def _release(book: Book, seat: SeatRow, release: Release, now: datetime) -> Outcome:
    if seat.key_thumbprint != release.key_thumbprint:
        return Outcome("device_replaced", seat)
    if seat.state != "ACTIVE":
        return Outcome("unchanged", seat)
    if _is_older(release.issued_at, seat.decided_at):
        return Outcome("replayed", seat)
    _end(book, seat, "RELEASED", now)
    return Outcome("released", seat)


def _deactivate(book: Book, seat: SeatRow, now: datetime) -> Outcome:
    if seat.state != "ACTIVE":
        return Outcome("unchanged", seat)
    _end(book, seat, "DEACTIVATED", now)
    return Outcome("deactivated", seat)


def _end(book: Book, seat: SeatRow, state: str, now: datetime) -> None:
    seat.state, seat.ended_at, seat.decided_at = state, now, now
    seat.epoch += 1
    seat.is_dirty = True
    shift(book.path(seat.node_id), -1)
    book.events.append(Event(seat, seat.node_id, state, -1))


def _resume(book: Book, seat: SeatRow, now: datetime) -> Outcome:
    if seat.state == "ACTIVE":
        return Outcome("unchanged", seat)
    if seat.state != "DEACTIVATED" or seat.ended_at is None or now - seat.ended_at > UNDO_PERIOD:
        return Outcome("undo_over", seat)
    path = book.path(seat.node_id)
    fault = license_fault(book.terms.get((seat.license_id, seat.product_id)), path, now)
    if fault or not has_room(path):
        return Outcome(fault or "no_seat_left", seat)
    seat.state, seat.ended_at, seat.decided_at = "ACTIVE", None, now
    seat.epoch += 1
    seat.is_dirty = True
    shift(path, +1)
    book.events.append(Event(seat, seat.node_id, "RESTORED", +1))
    return Outcome("resumed", seat)


def _is_older(issued_at: datetime, decided_at: datetime) -> bool:
    """Whether a request (whole seconds) was surely made before a decision."""
    return issued_at < decided_at.replace(microsecond=0)
