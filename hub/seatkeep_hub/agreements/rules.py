"""Pure decisions about agreements: what an agreement means for a share of the pool."""

from __future__ import annotations

from typing import NamedTuple

MAX_SEATS = 1_000_000


class Share(NamedTuple):
    """What an agreement asks of its pool node: seats held ready, and the limit (None is none)."""

    reserved: int
    limit: int | None


def share_of(*, mode: str, quantity: int, on_exceed: str, stop_above: int | None) -> Share:
    """Derive a node's promise and limit. FIXED promises its number and refuses beyond it only when asked to."""
    if mode == "FIXED":
        return Share(quantity, quantity if on_exceed == "REFUSE" else None)
    return Share(0, stop_above)


def over_agreed(*, mode: str, quantity: int, warn_above: int | None, used: int) -> int:
    """How many devices are more than agreed (FIXED), or above the warning line (FLEXIBLE)."""
    line = quantity if mode == "FIXED" else warn_above
    return 0 if line is None else max(0, used - line)


def numbers_fault(*, mode: str, quantity: int, warn_above: int | None, stop_above: int | None) -> dict[str, list[str]]:
    """Say which numbers of an agreement are wrong, by field; empty when all are right."""
    faults: dict[str, list[str]] = {}
    if mode == "FIXED" and not 1 <= quantity <= MAX_SEATS:
        faults["quantity"] = [f"Between 1 and {MAX_SEATS:,}."]
    if mode == "FLEXIBLE" and quantity:
        faults["quantity"] = ["A flexible agreement has no fixed number."]
    for name, value in (("warn_above", warn_above), ("stop_above", stop_above)):
        if value is not None and (mode == "FIXED" or not 0 <= value <= MAX_SEATS):
            faults[name] = ["Only for a flexible agreement, and not negative."]
    if not faults and warn_above is not None and stop_above is not None and warn_above > stop_above:
        faults["warn_above"] = ["It must not lie above the stop."]
    return faults
