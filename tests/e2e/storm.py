"""Computers storm the seats of one limited license while servers die; then its books are compared."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from seatkeep_bench.errors import RefusedError, TryAgainError
from seatkeep_bench.identity import Identity, Persona
from seatkeep_bench.provision import stack_environment
from seatkeep_bench.web import Web, tls_context

from .prepared import Prepared

STORMERS = 8
PAUSE_SECONDS = 0.03
LATE = 5
"""Computers that come when no seat is left."""
BOOKS = """
SELECT node.used, node.hard_limit,
    (SELECT count(*) FROM licensing_seat seat WHERE seat.node_id = node.id AND seat.state = 'ACTIVE'),
    (SELECT sum(delta) FROM licensing_seatevent event WHERE event.node_id = node.id)
FROM licensing_poolnode node JOIN licensing_license license ON license.id = node.license_id
WHERE license.public_id = %s AND node.used > 0
"""


@dataclass(frozen=True)
class Books:
    """A share of a license by its four accounts: counter, limit, seats held, sum of the ledger."""

    used: int
    limit: int
    seats: int
    ledger: int


@dataclass
class Storm:
    """A license under BLOCK and those who want its seats.

    Attributes:
        given: The seat of each computer that was told to hold one.
        refused: Why the others have none.
        told: What was said meanwhile to those who were to come again.
    """

    prepared: Prepared
    public_id: str
    key: str
    given: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    @classmethod
    def order(cls, prepared: Prepared, seats: int) -> Storm:
        """Order the license."""
        licensing, call = prepared.stack.licensing, prepared.browser.api
        owner = next(one for one in call("GET", f"{licensing}/api/v1/companies")["items"] if one["kind"] == "MSP")
        wanted = {"owner_id": owner["id"], "bundle_code": "endpoint-protection", "quantity": seats, "overuse": "BLOCK"}
        made = call("POST", f"{licensing}/api/v1/licenses", wanted)
        key = call("POST", f"{licensing}/api/v1/licenses/{made['id']}/key/show")["key"]
        return cls(prepared, made["public_id"], key)

    def rage(self, killing: Callable[[], None]) -> None:
        """Storm until the killing is over and no seat is left; each computer asks until it is answered."""
        asyncio.run(self._rage(killing))

    async def _rage(self, killing: Callable[[], None]) -> None:
        context = tls_context(self.prepared.ca_file)
        web = Web(console_url=self.prepared.console_for_devices, key="", context=context)
        killer = asyncio.create_task(asyncio.to_thread(killing))
        computers = itertools.count()

        async def stormer() -> None:
            while not killer.done() or len(self.refused) < LATE:
                await self._activate(web, Identity("storm", next(computers), Persona.WORKSTATION))
                await asyncio.sleep(PAUSE_SECONDS)

        await asyncio.gather(*(stormer() for _ in range(STORMERS)))
        await killer
        await web.close()

    async def _activate(self, web: Web, computer: Identity) -> None:
        while True:
            try:
                url = self.prepared.licensing_for_devices
                self.given.append((await web.activate(computer, licensing_url=url, license_key=self.key)).seat)
            except RefusedError as refusal:
                self.refused.append(refusal.code)
            except TryAgainError as answer:
                self.told.add(str(answer))
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            return

    def books(self) -> list[Books]:
        """Each share that holds seats, as the database has it."""
        url = stack_environment(self.prepared.stack.data, ["hub-web"])["SEATKEEP_HUB_DATABASE_URL"]
        with psycopg.connect(url) as connection:
            return [Books(*row) for row in connection.execute(BOOKS, [self.public_id])]
