"""Makes the endpoint hold the seat that the device document assigns."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from seatkeep_license.requests import DeviceInfo
from seatkeep_protocol.documents import DeviceDocument, LicenseAssignment
from seatkeep_protocol.local import ActivateArgs, LicenseStopArgs, Op
from seatkeep_protocol.messages import EndpointStatus
from seatkeep_protocol.vocabulary import LicenseState

from seatkeep_agent.endpoint_client import EndpointClient
from seatkeep_agent.errors import EndpointAbsentError, EndpointRefusedError
from seatkeep_agent.store import Store

log = logging.getLogger(__name__)

HAD_ASSIGNMENT = "had_assignment"
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)
HOLDING = frozenset({LicenseState.ACTIVE, LicenseState.SOFT_EXPIRED, LicenseState.STOPPED})
PASSING = frozenset({"hub_unreachable", "no_seat_left", "license_suspended", "company_suspended", "clock_skew"})
"""Refusals that may go away by themselves; the same ticket is tried again. All others are final for a ticket."""


class SeatFollower:
    """Follows the assignment: activate, stop, go on, give back.

    Args:
        store: Remembers that there was an assignment.
        endpoint: Holds the seat.
        device_info: What the hub shows of this machine.
        ca_file: The servers' own authority, handed to the endpoint.
        clock: Current time, aware UTC.
    """

    def __init__(
        self,
        *,
        store: Store,
        endpoint: EndpointClient,
        device_info: Callable[[], DeviceInfo],
        ca_file: Path,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._endpoint = store, endpoint
        self._device_info, self._ca_file, self._clock = device_info, ca_file, clock
        self._told_stop: bool | None = None
        self._final_ticket = ""
        self._refused_ticket = ""
        self._attempt = 0
        self._retry_at: datetime | None = None

    def forget_told(self) -> None:
        """The endpoint is a new process: tell it everything again."""
        self._told_stop = None
        self._retry_at = None

    def forget_assignment(self) -> None:
        """The manager was restored and may have lost the assignment: what is held is kept until it says otherwise."""
        self._store_once(False)

    async def renew_soon(self) -> None:
        """The hub may have been restored with the manager: it finds the seat again when the lease is renewed."""
        try:
            await self._endpoint.ask(Op.RENEW)
        except (EndpointAbsentError, EndpointRefusedError) as error:
            log.info("the renewal waits for its time: %s", error)

    async def follow(self, document: DeviceDocument, status: EndpointStatus | None, console: str) -> None:
        """Bring the endpoint to what the document says; called often, does nothing when all is as it should be."""
        assignment = document.license
        try:
            if assignment is None:
                await self._give_back()
                return
            self._store_once(True)
            await self._tell_stop(assignment.is_stopped)
            if self._is_due(document, assignment, status):
                await self.activate(assignment, console)
        except EndpointAbsentError as error:
            log.debug("the seat waits for the endpoint: %s", error)
        except EndpointRefusedError as error:
            log.warning("seat: %s: %s", error.code, error)

    async def activate(self, assignment: LicenseAssignment, console: str) -> None:
        """Take the seat now.

        Raises:
            EndpointRefusedError: The hub or the endpoint said no; the code says why.
            EndpointAbsentError: The endpoint is not there.
        """
        if assignment.ticket is None:
            raise EndpointRefusedError("ticket_missing", "the console has not issued a ticket yet")
        args = ActivateArgs(
            ticket=assignment.ticket,
            licensing_url=assignment.licensing_url,
            product=assignment.product,
            device=self._device_info(),
            relay_url=f"{console}/agent/v1/relay",
            ca_pem=self._ca_file.read_text() if self._ca_file.exists() else None,
        )
        try:
            await self._endpoint.ask(Op.ACTIVATE, args)
        except EndpointRefusedError as error:
            self._remember_refusal(assignment.ticket, error.code)
            raise
        self._attempt, self._retry_at = 0, None

    def _remember_refusal(self, ticket: str, code: str) -> None:
        if code not in PASSING:
            self._final_ticket = ticket
            return
        self._refused_ticket = ticket
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._attempt, 10))
        self._attempt += 1
        self._retry_at = self._clock() + longest * (0.5 + random.random() / 2)  # noqa: S311  # spreads load

    def _is_due(self, document: DeviceDocument, assignment: LicenseAssignment, status: EndpointStatus | None) -> bool:
        if assignment.ticket is None or assignment.ticket == self._final_ticket:
            return False
        if status is not None and is_held(status, assignment) and is_of(status, document.company):
            return False
        if assignment.ticket != self._refused_ticket:
            return True  # The console issued a new one because there is room now.
        # A clock set back must not postpone the next try by a month.
        wait = self._retry_at - self._clock() if self._retry_at else timedelta(0)
        return wait <= timedelta(0) or wait > LONGEST_PAUSE

    async def _tell_stop(self, is_stopped: bool) -> None:
        if self._told_stop != is_stopped:
            await self._endpoint.ask(Op.LICENSE_STOP, LicenseStopArgs(is_stopped))
            self._told_stop = is_stopped

    async def _give_back(self) -> None:
        if self._store.fact(HAD_ASSIGNMENT, bool):
            await self._endpoint.ask(Op.DEACTIVATE)
            self._store_once(False)

    def _store_once(self, had: bool) -> None:
        if self._store.fact(HAD_ASSIGNMENT, bool) is not had:
            self._store.fact_set(HAD_ASSIGNMENT, had)


def is_held(status: EndpointStatus, assignment: LicenseAssignment) -> bool:
    """Whether the endpoint has the seat of this assignment already."""
    return (
        status.license.state in HOLDING
        and status.license.public_id == assignment.public_id
        and status.product == assignment.product
    )


def is_of(status: EndpointStatus, company: str) -> bool:
    """Whether the seat counts for a customer: after a move to another one it is taken anew, with that one's ticket.

    An endpoint of an older release does not say for whom it counts.
    """
    told = status.license.company
    return told is None or not company or told.replace("-", "").lower() == company
