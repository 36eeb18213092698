"""Pure decisions about a customer's leave."""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum

from seatkeep_manager.customers.enums import OffboardState, OffboardStep
from seatkeep_manager.customers.errors import OffboardDatesError

_ORDER = list(OffboardStep)
_CANCELABLE = frozenset({OffboardStep.KEYS, OffboardStep.POLICIES})


class StepEnd(Enum):
    """How one entry into a step ended."""

    DONE = "done"
    MORE = "more"
    """A part is done; go on with the next at once."""
    WAIT = "wait"
    """It depends on Licensing; look again soon."""


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


def can_cancel(*, state: str, step: str) -> bool:
    """Whether a leave can still be called off: until Licensing is told, because there the seats go at once."""
    is_waiting = state == OffboardState.SCHEDULED
    return is_waiting or (state == OffboardState.RUNNING and step in _CANCELABLE)


LOOK_AGAIN = timedelta(seconds=1)
"""How long a step that only waits for Licensing's job rests between two looks."""


def retry_delay(attempts: int) -> timedelta:
    """How long a failed step waits: 5, 10, 20 … seconds, at most 10 minutes."""
    return timedelta(seconds=min(600, 5 * 2 ** max(0, min(attempts - 1, 7))))
