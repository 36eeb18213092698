"""Move computers' seats to another customer or site of the same owner."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.book import Move
from seatkeep_hub.licensing.enums import NodeKind
from seatkeep_hub.licensing.errors import TooManySeatsError
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import PoolNode, Seat
from seatkeep_hub.licensing.rules import MAX_SEATS_AT_ONCE
from seatkeep_hub.licensing.seats import seats_apply


def seats_move_each(
    *, actor: Actor, seat_uids: Sequence[UUID], company: Company, now: datetime, site: str = ""
) -> list[str]:
    """Let seats count at another customer, or at a site of it. Idempotent.

    A computer keeps its protection; its license gets the new place with its next renewal. It goes where the customer
    has an agreement for the same license and product, and where that leaves room.

    Args:
        actor: Who moves; that both places are theirs is the caller's look-up.
        seat_uids: At most 200.
        company: The customer, or the license's owner.
        now: Current time, aware UTC.
        site: Name of a site of the customer; empty for the customer itself.

    Returns:
        For each seat `moved`, or why not: `no_agreement_there`, `no_seat_left`, `not_in_use`, `seat_unknown`, or `busy`
        where somebody else moved it in this moment: ask again.

    Raises:
        TooManySeatsError: More than 200 at once.
    """
    if len(seat_uids) > MAX_SEATS_AT_ONCE:
        raise TooManySeatsError
    with read_committed():
        targets = _targets(seat_uids, company, site)
        moves = [Move(uid, targets[uid]) for uid in seat_uids if uid in targets]
        answers = seats_apply(operations=moves, actor=actor, now=now) if moves else []
        codes = {move.seat_uid: answer.code for move, answer in zip(moves, answers, strict=True)}
        _audit(actor, [uid for uid, code in codes.items() if code == "moved"], company, site, now)
    return [codes.get(uid, "no_agreement_there") for uid in seat_uids]


def _targets(seat_uids: Collection[UUID], company: Company, site: str) -> dict[UUID, int]:
    kind = NodeKind.SITE if site else NodeKind.CUSTOMER
    nodes = PoolNode.objects.filter(company=company, closed_at=None, kind=kind, name=site)
    places = {(license_id, product_id): pk for pk, license_id, product_id in nodes.values_list(*_PLACE)}
    if not site:
        roots = PoolNode.objects.filter(company=company, closed_at=None, kind=NodeKind.ROOT)
        for pk, license_id, product_id in roots.values_list(*_PLACE):
            places.setdefault((license_id, product_id), pk)
    seats = Seat.objects.filter(uid__in=seat_uids).values_list("uid", "license_id", "product_id")
    return {uid: places[license_id, product] for uid, license_id, product in seats if (license_id, product) in places}


_PLACE = ("pk", "license_id", "product_id")


def _audit(actor: Actor, uids: Collection[UUID], company: Company, site: str, now: datetime) -> None:
    for seat in Seat.objects.filter(uid__in=uids).select_related("product").order_by("id"):
        audit_record(
            actor=actor,
            action="seat:move",
            subject_type="seat",
            subject_id=str(seat.uid),
            company_uid=company.uid,
            details={"device": seat.shown_name, "product": seat.product.code, "site": site},
            now=now,
        )
