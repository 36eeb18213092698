"""The seat transaction: lock all nodes, read in a new statement, decide purely, write set-based.

Written once as scripts (`statements.py`); Django runs them through `services` and the fast path over raw psycopg, both
at READ COMMITTED. Lock order: pool nodes by id, seats by id, licenses by id.

Source:
    Measured beforehand: climbing from leaf to root without the common lock deadlocked in 770 of 1,200 operations; one
    statement that waits for the lock decides on a stale snapshot.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from seatkeep_webkit.ids import new_uid

from seatkeep_hub.licensing import rules, seating
from seatkeep_hub.licensing.book import Book, Move, Operation, Outcome, SeatRow, Take, Terms
from seatkeep_hub.licensing.statements import Script, Statement

_STOPS = frozenset({"DEACTIVATED", "RESTORED", "RETAKEN"})


class LeaseFacts(NamedTuple):
    """What the lease of a seat says, as of the transaction that gave or renewed it."""

    seat: UUID
    license_public_id: str
    license: UUID
    node: UUID
    company: UUID
    product: str
    thumbprint: str
    fingerprint: str
    seq: int
    seat_epoch: int
    node_epoch: int
    mode: str
    lapse: str
    lapse_days: int


class Answer(NamedTuple):
    """What became of one operation.

    Attributes:
        code: One of `book.ACCEPTED`, or a refusal code of the wire.
        lease: For an accepted activation or renewal, else None.
    """

    code: str
    lease: LeaseFacts | None = None


def seats_script(operations: Sequence[Operation], *, actor: str, now: datetime) -> Script[list[Answer]]:
    """Decide and write a batch of seat operations. Must run in a READ COMMITTED transaction of its own.

    Args:
        operations: What is wished; first come first served.
        actor: Who is behind it, for the journal.
        now: Current time, aware UTC.
    """
    book = yield from _book_read(operations)
    uids = [new_uid() for _ in operations]
    outcomes = seating.decide(book, operations, uids, now)
    yield from _seats_write(book, now)
    yield from _events_write(book, actor, now)
    yield from _nodes_write(book)
    yield from _feed_write(book, now)
    yield from _refusals_write(book, now)
    yield from _growth_write(book, actor, now)
    return [_answer(book, outcome) for outcome in outcomes]


class Renewal(NamedTuple):
    """A proven wish to renew: `seq` is the number of the lease that the device holds."""

    seat_uid: UUID
    key_thumbprint: str
    seq: int


class HeldSeat(NamedTuple):
    """Columns of `renewals_lock.sql`."""

    uid: UUID
    id: int
    license_id: int
    product_id: int
    node_id: int
    fingerprint: str
    key_thumbprint: str
    state: str
    seq: int
    epoch: int


class HeldAt(NamedTuple):
    """Columns of `renewals_read.sql`: the node where seats count."""

    id: int
    uid: UUID
    epoch: int
    company: UUID
    root_used: int
    is_suspended: bool


def renewals_script(renewals: Sequence[Renewal], *, now: datetime) -> Script[list[Answer]]:
    """Renew a batch of leases. Counters do not change, so only the seats are locked.

    The next number is above both what the hub and what the device knows: a hub restored from a backup goes on from
    the device's number. Asking twice with the same number gives two leases with rising numbers; both are right.
    """
    uids = sorted({one.seat_uid for one in renewals})
    locked = yield Statement("renewals_lock", {"seats": uids})
    seats = {row[0]: HeldSeat(*row) for row in locked}
    read = yield Statement("renewals_read", {"nodes": sorted({seat.node_id for seat in seats.values()})})
    nodes = {row[0]: HeldAt(*row) for row in read}
    terms = yield from _terms_read(seats.values())
    seqs: dict[int, int] = {}
    answers = []
    for one in renewals:
        seat = seats.get(one.seat_uid)
        if seat is None:
            answers.append(Answer("seat_unknown"))
            continue
        node, held_on = nodes[seat.node_id], terms.get((seat.license_id, seat.product_id))
        fault = _renewal_fault(seat, node, one, held_on, now)
        if held_on is None or fault:
            answers.append(Answer(fault or "license_unknown"))
            continue
        seqs[seat.id] = max(seqs.get(seat.id, seat.seq), one.seq) + 1
        answers.append(Answer("held", _renewed(seat, node, seqs[seat.id], held_on)))
    if seqs:
        yield Statement("renewals_update", {"ids": list(seqs), "seqs": list(seqs.values()), "now": now})
    return answers


def _renewal_fault(seat: HeldSeat, node: HeldAt, renewal: Renewal, terms: Terms | None, now: datetime) -> str | None:
    if seat.key_thumbprint != renewal.key_thumbprint:
        return "device_replaced"
    if seat.state != "ACTIVE":
        return "seat_released"
    fault = seating.license_fault(terms, [], now)
    return fault or ("company_suspended" if node.is_suspended else None)


def _renewed(seat: HeldSeat, node: HeldAt, seq: int, terms: Terms) -> LeaseFacts:
    return _facts(
        terms,
        seat=seat.uid,
        node=node.uid,
        company=node.company,
        thumbprint=seat.key_thumbprint,
        fingerprint=seat.fingerprint,
        seq=seq,
        seat_epoch=seat.epoch,
        node_epoch=node.epoch,
        used=node.root_used,
    )


def _facts(
    terms: Terms,
    *,
    seat: UUID,
    node: UUID,
    company: UUID,
    thumbprint: str,
    fingerprint: str,
    seq: int,
    seat_epoch: int,
    node_epoch: int,
    used: int,
) -> LeaseFacts:
    ordered = rules.ordered_of(terms.quantity, terms.ratio)
    return LeaseFacts(
        seat=seat,
        license_public_id=terms.public_id,
        license=terms.license_uid,
        node=node,
        company=company,
        product=terms.product,
        thumbprint=thumbprint,
        fingerprint=fingerprint,
        seq=seq,
        seat_epoch=seat_epoch,
        node_epoch=node_epoch,
        mode=rules.lease_mode(terms.kind, used=used, ordered=ordered),
        lapse=terms.lapse,
        lapse_days=terms.lapse_days,
    )


def _answer(book: Book, outcome: Outcome) -> Answer:
    seat = outcome.seat
    if seat is None or outcome.code not in {"new", "held", "resumed"}:
        return Answer(outcome.code)
    node = book.nodes[seat.node_id]
    facts = _facts(
        book.terms[seat.license_id, seat.product_id],
        seat=seat.uid,
        node=node.uid,
        company=node.company,
        thumbprint=seat.key_thumbprint,
        fingerprint=seat.fingerprint,
        seq=seat.seq,
        seat_epoch=seat.epoch,
        node_epoch=node.epoch,
        used=book.root_used(seat.node_id),
    )
    return Answer(outcome.code, facts)


def _book_read(operations: Sequence[Operation]) -> Script[Book]:
    takes = [one for one in operations if isinstance(one, Take)]
    wanted = {
        "licenses": [one.license_id for one in takes],
        "products": [one.product_id for one in takes],
        "fingerprints": [one.fingerprint for one in takes],
        "seats": [one.seat_uid for one in operations if not isinstance(one, Take)],
    }
    leaves = sorted({one.node_id for one in operations if isinstance(one, Take | Move)})
    node_rows = yield Statement("nodes_lock", {**wanted, "leaves": leaves})
    seat_rows = yield Statement("seats_lock", wanted)
    nodes = {row[0]: rules.Node(*row) for row in node_rows}
    terms = yield from _terms_read(nodes.values())
    seats = [SeatRow(*row) for row in seat_rows]
    return Book(nodes=nodes, terms=terms, seats={seat.key: seat for seat in seats})


def _terms_read(of: Collection[rules.Node | HeldSeat]) -> Script[dict[tuple[int, int], Terms]]:
    licenses, products = {one.license_id for one in of}, {one.product_id for one in of}
    rows = yield Statement("terms_read", {"licenses": sorted(licenses), "products": sorted(products)})
    return {(row[0], row[1]): Terms(*row) for row in rows}


def _seats_write(book: Book, now: datetime) -> Script[None]:
    new = [seat for seat in book.seats.values() if seat.id == 0]
    changed = [seat for seat in book.seats.values() if seat.id and seat.is_dirty]
    if new:
        rows = yield Statement(
            "seats_insert",
            {
                **_seat_columns(new),
                "uids": [seat.uid for seat in new],
                "licenses": [seat.license_id for seat in new],
                "products": [seat.product_id for seat in new],
                "fingerprints": [seat.fingerprint for seat in new],
                "now": now,
            },
        )
        for uid, pk in rows:
            book.by_uid[uid].id = pk
    if changed:
        yield Statement(
            "seats_update",
            {
                **_seat_columns(changed),
                "ids": [seat.id for seat in changed],
                "activated": [seat.activated_at for seat in changed],
                "decided": [seat.decided_at for seat in changed],
                "seen": [seat.last_seen_at for seat in changed],
                "ended": [seat.ended_at for seat in changed],
            },
        )


def _seat_columns(seats: Sequence[SeatRow]) -> dict[str, object]:
    return {
        "nodes": [seat.node_id for seat in seats],
        "keys": [seat.device_key for seat in seats],
        "thumbprints": [seat.key_thumbprint for seat in seats],
        "names": [seat.device_name for seat in seats],
        "serials": [seat.serial for seat in seats],
        "systems": [seat.os for seat in seats],
        "agents": [seat.agent_device for seat in seats],
        "states": [seat.state for seat in seats],
        "seqs": [seat.seq for seat in seats],
        "epochs": [seat.epoch for seat in seats],
        "jtis": [seat.last_jti for seat in seats],
    }


def _events_write(book: Book, actor: str, now: datetime) -> Script[None]:
    if book.events:
        yield Statement(
            "events_insert",
            {
                "licenses": [event.seat.license_id for event in book.events],
                "products": [event.seat.product_id for event in book.events],
                "nodes": [event.node_id for event in book.events],
                "seats": [event.seat.id for event in book.events],
                "kinds": [event.kind for event in book.events],
                "deltas": [event.delta for event in book.events],
                "details": [event.detail for event in book.events],
                "actor": actor[:200],
                "now": now,
            },
        )


def _nodes_write(book: Book) -> Script[None]:
    changed = [node for node in book.nodes.values() if node.is_changed]
    if changed:
        yield Statement(
            "nodes_update",
            {
                "ids": [node.id for node in changed],
                "used": [node.used - node.used_before for node in changed],
                "outstanding": [node.outstanding - node.outstanding_before for node in changed],
            },
        )


def _feed_write(book: Book, now: datetime) -> Script[None]:
    """Tell managers: of stops, which would else wait for the devices' next renewal, and of customers' counts.

    Nobody is woken for nothing: transactions that notify commit one after the other.
    """
    stopped = sorted({event.seat.id for event in book.events if event.kind in _STOPS})
    shares = [node.id for node in book.nodes.values() if node.is_changed and node.kind != "ROOT"]
    if stopped:
        yield Statement("seats_feed", {"ids": stopped, "now": now})
    if shares:
        yield Statement("nodes_feed", {"ids": shares, "now": now})
    if stopped or shares:
        yield Statement("feed_notify", {})


def _refusals_write(book: Book, now: datetime) -> Script[None]:
    if book.refused:
        yield Statement(
            "refusals_upsert",
            {
                "licenses": [take.license_id for take in book.refused],
                "products": [take.product_id for take in book.refused],
                "nodes": [take.node_id for take in book.refused],
                "fingerprints": [take.fingerprint for take in book.refused],
                "names": [take.device_name for take in book.refused],
                "now": now,
            },
        )
    taken = [event.seat for event in book.events if event.delta > 0]
    if taken:
        yield Statement(
            "refusals_delete",
            {
                "licenses": [seat.license_id for seat in taken],
                "products": [seat.product_id for seat in taken],
                "fingerprints": [seat.fingerprint for seat in taken],
            },
        )


def _growth_write(book: Book, actor: str, now: datetime) -> Script[None]:
    growths = book.growths()
    if not growths:
        return
    before = {license_id: terms.quantity for (license_id, _), terms in book.terms.items()}
    licenses = sorted(growths)
    yield Statement("licenses_lock", {"licenses": licenses})
    yield Statement(
        "licenses_grow",
        {
            "licenses": licenses,
            "quantities": [growths[one] for one in licenses],
            "before": [before[one] for one in licenses],
            "actor": actor[:200],
            "now": now,
        },
    )
    yield Statement("feed_notify", {})
