"""What devices of a crowd report. Pure."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from seatkeep_protocol.messages import Body, DetectionEvent, Inventory, Software
from seatkeep_protocol.vocabulary import DetectionAction, Severity

from seatkeep_bench.clock import now_us
from seatkeep_bench.status import Held, endpoint_status

if TYPE_CHECKING:
    from seatkeep_bench.manager.member import Member


def body_of(what: str, member: Member, number: int, items: int) -> Body:
    """Return a report; no two numbers give the same.

    Args:
        what: `heartbeat`, `status`, `detection` or `inventory`.
        member: Who reports.
        number: Of the report.
        items: Programs of an inventory.
    """
    if what == "inventory":
        return changed_inventory(member.identity.inventory(member.answer.addresses.console[0]), number, items)
    if what == "detection":
        return detection(member.identity.persona.product, number)
    if what == "status":
        held = Held(None, None, None, has_seat=False)
        return endpoint_status(member.identity, held, assignment=None, settings={}, at=datetime.now(UTC))
    return member.heartbeat()


def changed_inventory(base: Inventory, number: int, items: int) -> Inventory:
    """An inventory whose programs all differ from those of any other number."""
    programs = [
        Software(name=f"program-{item:03d}", version=f"{number}.{item}.0", vendor="Bench Software Ltd")
        for item in range(items)
    ]
    return msgspec.structs.replace(base, software=programs)


def detection(product: str, number: int) -> DetectionEvent:
    """A finding in a file of its own."""
    name = f"/home/bench/downloads/file-{number}.bin"
    return DetectionEvent(
        detection=uuid.uuid4(),
        at_us=now_us(),
        product=product,
        engine="yara",
        threat="Bench.Test",
        severity=Severity.WARNING,
        path=name,
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        size_bytes=1_024 + number,
        action=DetectionAction.NONE,
    )
