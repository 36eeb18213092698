"""The agent's pass for the broker: renewed in time, and won back from a manager that forgot this device."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

import msgspec
from seatkeep_protocol.enrollment import EnrollAnswer, EnrollRequest
from seatkeep_protocol.fingerprint import fingerprint_components

from seatkeep_agent.clock import utc_now
from seatkeep_agent.errors import ManagerRefusedError, ManagerUnreachableError
from seatkeep_agent.identity import Identity, jwt_renew_at
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
UNKNOWN = "device_unknown"


class PassKeeper:
    """Keeps the broker's JWT fresh.

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

    async def run(self) -> None:
        """Renew at half-life, for ever."""
        while True:
            due = jwt_renew_at(self._identity().jwt)
            if due is not None and utc_now() >= due:
                await self.renew()
            await asyncio.sleep(LOOK_SECONDS * (0.5 + random.random()))  # noqa: S311  # spreads load

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
        return msgspec.structs.replace(identity, jwt=jwt)

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
