"""Gather requests for a moment and answer them together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

GATHER_SECONDS = 0.002
GATHER_BESIDE_SECONDS = 0.02
"""While another batch is with the database, gather up to so long: two small batches cost more than one large."""
MAX_BATCH = 128
MAX_WAITING = 4096
WORKERS = 2

log = logging.getLogger(__name__)


class QueueFullError(Exception):
    """More requests wait than can be answered soon."""


class Batcher(Generic[Q, A]):
    """Collects questions for about 2 ms and hands them to one handler call, which answers each.

    The handler returns one answer per question, an exception for those that failed, so that one bad question never
    fails its neighbours.
    """

    def __init__(self, handler: Callable[[Sequence[Q]], Awaitable[Sequence[A | Exception]]]) -> None:
        self._handler = handler
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._is_filled = asyncio.Event()
        self._is_ripe = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []
        self._at_work = 0

    def start(self) -> None:
        """Start the workers; while one batch waits for the database, the next is gathered."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(WORKERS)]

    async def stop(self) -> None:
        """Stop the workers."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def ask(self, question: Q) -> A:
        """Wait for the answer to one question.

        Raises:
            QueueFullError: Too many wait already.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise QueueFullError
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        self._is_filled.set()
        if len(self._waiting) == MAX_BATCH:
            self._is_ripe.set()
        return await answer

    async def _work(self) -> None:
        while True:
            await self._is_filled.wait()
            await self._gather()
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if not self._waiting:
                self._is_filled.clear()
            if batch:
                self._at_work += 1
                try:
                    await self._answer(batch)
                finally:
                    self._at_work -= 1
                    self._is_ripe.set()

    async def _gather(self) -> None:
        """Wait a moment for more; longer beside another batch, until that is done or this one is full."""
        await asyncio.sleep(GATHER_SECONDS)
        if self._at_work and len(self._waiting) < MAX_BATCH:
            self._is_ripe.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_ripe.wait(), GATHER_BESIDE_SECONDS)

    async def _answer(self, batch: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        answers: Sequence[A | Exception]
        try:
            answers = await self._handler([question for question, _ in batch])
        except Exception as error:
            log.exception("a batch of %d failed", len(batch))
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue  # Its device hung up.
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
