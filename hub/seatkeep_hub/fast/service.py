"""What the fast path does with proven requests: batches into the seat transaction, leases out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from seatkeep_license.keys import KeySet
from seatkeep_license.requests import ActivateRequest, Proven
from seatkeep_webkit import clock

from seatkeep_hub.fast import proofs
from seatkeep_hub.fast.announce import Listener, signers_read
from seatkeep_hub.fast.batches import Batcher, QueueFullError
from seatkeep_hub.fast.database import Database
from seatkeep_hub.fast.problems import Refused
from seatkeep_hub.fast.settings import Settings
from seatkeep_hub.licensing.activation import Wish, activations_script
from seatkeep_hub.licensing.book import Release
from seatkeep_hub.licensing.leasing import LeaseKeys, lease_keys_script, lease_make
from seatkeep_hub.licensing.transaction import Answer, renewals_script, seats_script

_Q = TypeVar("_Q")

ACTOR = "device"
RECREATE_ACTOR = "device, found after restore"


class Service:
    """The fast path without HTTP."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        self.listener = Listener(settings.database_url)
        self._activations: Batcher[Proven[ActivateRequest], Answer] = Batcher(self._activate_batch)
        self._renewals: Batcher[proofs.ProvenRenewal, Answer] = Batcher(self._renew_batch)
        self._releases: Batcher[Release, Answer] = Batcher(self._release_batch)
        self._keys: LeaseKeys | None = None
        self._keys_seen = -1
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and start gathering."""
        await self.database.open()
        self.listener.start()
        for batcher in (self._activations, self._renewals, self._releases):
            batcher.start()

    async def stop(self) -> None:
        """Stop everything that was started."""
        for batcher in (self._activations, self._renewals, self._releases):
            await batcher.stop()
        await self.listener.stop()
        await self.database.close()

    async def lease_keys(self) -> LeaseKeys:
        """The lease keys, read anew after a rotation: once, however many requests wait for them.

        Raises:
            Refused: `busy`.
        """
        while self._keys is None or self._keys_seen != self.listener.lease_key_changes:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._keys_read())
            await asyncio.shield(self._reading)
        return self._keys

    async def _keys_read(self) -> None:
        seen = self.listener.lease_key_changes
        self._keys = await self.database.transact(lambda: lease_keys_script(now=clock.now()))
        self._keys_seen = seen

    async def activate(self, body: bytes, now: datetime) -> tuple[int, dict[str, object]]:
        """Answer an activation request: status (201 new, 200 held) and document.

        Raises:
            Refused: With the code of the wire.
        """
        proven = proofs.activation_open(body, audience=self.settings.device_url, now=now)
        answer = await _ask(self._activations, proven)
        return await self._lease(answer, now)

    async def renew(self, body: bytes, now: datetime) -> tuple[int, dict[str, object]]:
        """Answer a renewal request.

        Raises:
            Refused: With the code of the wire.
        """
        proven = proofs.renewal_open(body, audience=self.settings.device_url, now=now)
        _, document = await self._lease(await _ask(self._renewals, proven), now)
        return 200, document

    async def release(self, body: bytes, now: datetime) -> tuple[int, dict[str, object]]:
        """Answer a release request; a seat that is free already was not released.

        Raises:
            Refused: With the code of the wire.
        """
        release = proofs.release_open(body, audience=self.settings.device_url, now=now)
        answer = await _ask(self._releases, release)
        if answer.code not in {"released", "unchanged"}:
            raise Refused(answer.code)
        return 200, {"released": answer.code == "released"}

    async def _lease(self, answer: Answer, now: datetime) -> tuple[int, dict[str, object]]:
        if answer.lease is None:
            raise Refused(answer.code)
        keys = await self.lease_keys()
        lease = lease_make(answer.lease, key=keys.signing, issuer=self.settings.device_url, now=now)
        document: dict[str, object] = {
            "lease": lease,
            "seat": str(answer.lease.seat),
            "server_time_us": int(now.timestamp() * 1_000_000),
        }
        return (201 if answer.code == "new" else 200), document

    async def _activate_batch(self, batch: Sequence[Proven[ActivateRequest]]) -> list[Answer | Exception]:
        now = clock.now()
        opened = [_attempt(one) for one in batch]
        signers = await signers_read(self.database, {uid for uid, _ in opened if uid is not None})
        wishes = [
            refused or _wish(one, signers, self.settings.device_url, now)
            for one, (_, refused) in zip(batch, opened, strict=True)
        ]
        return await self._apply(wishes, ACTOR, now)

    async def _apply(self, wishes: Sequence[Wish | Refused], actor: str, now: datetime) -> list[Answer | Exception]:
        good = [wish for wish in wishes if isinstance(wish, Wish)]
        answered: list[Answer | Exception] = []
        if good:
            answered = await self.database.transact_each(
                good, lambda part: activations_script(part, actor=actor, now=now)
            )
        answers = iter(answered)
        return [next(answers) if isinstance(wish, Wish) else wish for wish in wishes]

    async def _renew_batch(self, batch: Sequence[proofs.ProvenRenewal]) -> list[Answer | Exception]:
        now = clock.now()
        renewals = [one.renewal for one in batch]
        answers: list[Answer | Exception] = await self.database.transact_each(
            renewals, lambda part: renewals_script(part, now=now)
        )
        lost = [number for number, answer in enumerate(answers) if _is_unknown(answer)]
        if lost:
            trusted = (await self.lease_keys()).trusted
            wishes = [self._recreation(batch[number], trusted) for number in lost]
            for number, answer in zip(lost, await self._apply(wishes, RECREATE_ACTOR, now), strict=True):
                answers[number] = _restored(answer)
        return answers

    def _recreation(self, proven: proofs.ProvenRenewal, trusted: KeySet) -> Wish | Refused:
        try:
            return proofs.renewal_recreation(proven, audience=self.settings.device_url, trusted=trusted)
        except Refused as refused:
            return refused

    async def _release_batch(self, batch: Sequence[Release]) -> list[Answer | Exception]:
        now = clock.now()
        return await self.database.transact_each(batch, lambda part: seats_script(part, actor=ACTOR, now=now))


async def _ask(batcher: Batcher[_Q, Answer], question: _Q) -> Answer:
    try:
        return await batcher.ask(question)
    except QueueFullError as error:
        raise Refused("busy") from error


def _attempt(proven: Proven[ActivateRequest]) -> tuple[UUID | None, Refused | None]:
    try:
        return proofs.ticket_issuer(proven.claims), None
    except Refused as refused:
        return None, refused


def _wish(
    proven: Proven[ActivateRequest], signers: Mapping[UUID, proofs.Signer], audience: str, now: datetime
) -> Wish | Refused:
    try:
        return proofs.activation_wish(proven, signers=signers, audience=audience, now=now)
    except Refused as refused:
        return refused


def _is_unknown(answer: Answer | Exception) -> bool:
    return isinstance(answer, Answer) and answer.code == "seat_unknown"


def _restored(answer: Answer | Exception) -> Answer | Exception:
    """A license or share that the backup does not hold leaves the seat unknown."""
    if isinstance(answer, Answer) and answer.code in {"license_unknown", "product_not_in_license"}:
        return Answer("seat_unknown")
    return answer
