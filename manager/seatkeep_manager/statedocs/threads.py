"""Threads with database connections, for the processes that otherwise live in an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections

T = TypeVar("T")
CLOSE_TIMEOUT_SECONDS = 30


class DatabaseThreads:
    """A fixed number of threads, each with its own connection."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="database")

    async def run(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Do database work outside of the event loop; after a broken connection the next call has a new one.

        Raises:
            OperationalError, InterfaceError: The database is away; nothing was committed.
        """

        def job() -> T:
            close_old_connections()
            try:
                return work(*args, **kwargs)
            except (OperationalError, InterfaceError):
                connection.close()
                raise

        return await asyncio.get_running_loop().run_in_executor(self.pool, job)

    def close(self) -> None:
        """Close every thread's connection and end the threads."""
        all_here = threading.Barrier(self.workers)

        def end() -> None:
            all_here.wait(CLOSE_TIMEOUT_SECONDS)
            connections.close_all()

        wait([self.pool.submit(end) for _ in range(self.workers)])
        self.pool.shutdown()
