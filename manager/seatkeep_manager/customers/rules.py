"""Pure decisions about a customer's leave."""

from __future__ import annotations

from datetime import date, timedelta

from seatkeep_manager.customers.enums import OffboardStep
from seatkeep_manager.customers.errors import OffboardDatesError

RETIRE_ORDER_DAYS = 180
"""How long the order to retire stays published for computers that are offline (DESIGN §4)."""

_ORDER = list(OffboardStep)


def dates_check(*, last_day: date, protect_until: date, bill_until: date) -> None:
    """Refuse days out of order.

    Raises:
        OffboardDatesError: Protection or billing would end before the last day.
    """
    fields = {
        name: [str(OffboardDatesError.message)]
        for name, day in (("protect_until", protect_until), ("bill_until", bill_until))
        if day < last_day
    }
    if fields:
        raise OffboardDatesError(fields=fields)


def is_due(*, protect_until: date, today: date) -> bool:
    """Whether work begins: computers stay protected through `protect_until` unless that is today or past."""
    return today >= protect_until


def step_after(step: OffboardStep) -> OffboardStep:
    """The step that follows; the end follows itself."""
    return _ORDER[min(_ORDER.index(step) + 1, len(_ORDER) - 1)]


LOOK_AGAIN = timedelta(seconds=1)
"""How long a step that only waits for Licensing's job rests between two looks."""


def retry_delay(attempts: int) -> timedelta:
    """How long a failed step waits: 5, 10, 20 … seconds, at most 10 minutes."""
    return timedelta(seconds=min(600, 5 * 2 ** max(0, min(attempts - 1, 7))))
