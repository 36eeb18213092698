"""The agent's pass for the broker: renewed in time, and won back from a manager that forgot this device."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable

import msgspec
from seatkeep_protocol.enrollment import EnrollAnswer, EnrollRequest
from seatkeep_protocol.fingerprint import fingerprint_components
from seatkeep_protocol.subjects import is_key_open

from seatkeep_agent.clock import utc_now, wait_for
from seatkeep_agent.errors import ManagerRefusedError, ManagerUnreachableError
from seatkeep_agent.identity import Identity, jwt_company, jwt_renew_at
from seatkeep_agent.joining import enroll_request, machine_components
from seatkeep_agent.keys import AgentKeys
from seatkeep_agent.manager import Manager
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms.base import Platform

log = logging.getLogger(__name__)
LOOK_SECONDS = 60.0
FIRST_PATIENCE_SECONDS = 10.0
"""So long may the document of this device be missing; a restored manager publishes all documents anew meanwhile."""
LONGEST_PATIENCE_SECONDS = 900.0
FIRST_PAUSE_SECONDS = 0.5
UNKNOWN = "device_unknown"


class PassKeeper:
    """Keeps the broker's JWT fresh.

    Today's is no good any more when the broker refuses it, or when this device stands in another company now: then the
    next is asked for at once, and again and again with growing pauses.

    A manager that was restored from a backup of before our enrollment does not know us: there is no document of ours,
    and no new JWT. Then the last JWT, which that manager's own key signed, brings us back under the same id.

    Args:
        layout: Where the instance's own authority lies.
        keys: The agent's keys.
        platform: What it runs on.
        identity: Gives who we are now.
        on_new: Takes the identity with a new JWT.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        keys: AgentKeys,
        platform: Platform,
        identity: Callable[[], Identity],
        on_new: Callable[[Identity], Awaitable[None]],
    ) -> None:
        self._layout, self._keys, self._platform = layout, keys, platform
        self._identity, self._on_new = identity, on_new
        self._patience = FIRST_PATIENCE_SECONDS
        self._missing_since: float | None = None
        self._asked, self._refused = asyncio.Event(), ""

    async def run(self) -> None:
        """Renew at half-life, or as soon as today's JWT is no good, for ever."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            self._asked.clear()
            if self._is_no_good() or self._is_half_over():
                await self.renew()
            is_urgent = self._is_no_good()
            pause = min(LONGEST_PATIENCE_SECONDS, 2 * pause) if is_urgent else FIRST_PAUSE_SECONDS
            longest = pause if is_urgent else LOOK_SECONDS
            await wait_for(self._asked, longest * (0.5 + random.random()))  # noqa: S311  # spreads load

    def look(self) -> None:
        """Look at once: the identity changed, perhaps the company."""
        self._asked.set()

    def refused(self, jwt: str) -> None:
        """Hear that the broker refuses a JWT; its being refused again is no news."""
        if jwt != self._refused:
            self._refused = jwt
            self._asked.set()

    def opened(self, keys: Iterable[str]) -> list[str]:
        """Those of the bucket's keys that today's JWT opens: not the group of a company that it does not name."""
        company = jwt_company(self._identity().jwt)
        return [key for key in keys if company is None or is_key_open(key, company)]

    def _is_no_good(self) -> bool:
        identity = self._identity()
        return identity.jwt == self._refused or jwt_company(identity.jwt) not in (None, identity.company)

    def _is_half_over(self) -> bool:
        due = jwt_renew_at(self._identity().jwt)
        return due is not None and utc_now() >= due

    async def renew(self) -> None:
        """Ask every console address in turn; without an answer the old JWT stays until the next look."""
        for address in self._identity().console:
            console = Manager(address, self._layout.ca_file, utc_now)
            try:
                await self._on_new(await self._renewed(console))
            except (ManagerRefusedError, ManagerUnreachableError) as error:
                log.warning("no new JWT from %s: %s", address, error)
                continue
            return

    async def document_is(self, *, missing: bool) -> None:
        """Hear whether the broker lacks our document; when it lacks it for long, ask the manager whether it knows us.

        Args:
            missing: True only when the broker said so.
        """
        if not missing:
            self._missing_since, self._patience = None, FIRST_PATIENCE_SECONDS
            return
        if self._missing_since is None:
            self._missing_since = time.monotonic() + random.random() * self._patience  # noqa: S311  # spreads load
        if time.monotonic() - self._missing_since < self._patience:
            return
        log.warning("the broker has no document for this device; asking the console whether it knows us")
        self._missing_since, self._patience = None, min(LONGEST_PATIENCE_SECONDS, self._patience * 2)
        await self.renew()

    async def _renewed(self, console: Manager) -> Identity:
        identity = self._identity()
        try:
            jwt = await console.jwt(identity.device, self._keys)
        except ManagerRefusedError as error:
            if error.problem != UNKNOWN:
                raise
            return self._returned(await console.come_back(identity.jwt, self._request(console), self._keys))
        return msgspec.structs.replace(self._identity(), jwt=jwt)  # A document may have changed it meanwhile.

    def _returned(self, answer: EnrollAnswer) -> Identity:
        """Who we are after we came back: never somebody else's device, whatever an answer says."""
        identity = self._identity()
        pinned = (identity.device, identity.instance, identity.root_key)
        if (answer.device, answer.instance, answer.root_key) != pinned:
            raise ManagerRefusedError("foreign_instance", "the console answers for another device or instance")
        log.warning("the console did not know this device and took it back")
        return msgspec.structs.replace(
            identity,
            company=answer.company,
            jwt=answer.nats.jwt,
            min_version=max(identity.min_version, answer.min_version),
        )

    def _request(self, console: Manager) -> Callable[[int], EnrollRequest]:
        components = fingerprint_components(machine_components(self._layout, self._platform), console.console)
        return lambda iat: enroll_request(console.console, components, self._platform, self._keys, iat)
