"""The clock, and waiting; only edges use them."""

from __future__ import annotations

import asyncio
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
