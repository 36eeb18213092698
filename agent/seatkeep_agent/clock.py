"""The clock, and waiting; only edges use them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Current time, aware UTC."""
    return datetime.now(UTC)


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most so long.

    Not `asyncio.wait_for`: before Python 3.12 it can swallow a cancellation that comes with the event.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def end_all(jobs: Iterable[asyncio.Task[None]]) -> None:
    """Cancel jobs until all have ended.

    Once is not enough: before Python 3.12 an `asyncio.wait_for` inside a library can swallow a cancellation.
    """
    left = set(jobs)
    while left:
        for job in left:
            job.cancel()
        _, left = await asyncio.wait(left, timeout=1)
