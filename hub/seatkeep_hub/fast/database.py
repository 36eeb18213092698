"""PostgreSQL of the fast path: a pool, transactions at READ COMMITTED, and one retry where it is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from psycopg import AsyncConnection, DataError, IntegrityError, IsolationLevel, OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from seatkeep_hub.fast.problems import Refused
from seatkeep_hub.licensing.statements import Row, Script, run_async, sql_text, with_array_texts

T = TypeVar("T")
Q = TypeVar("Q")

MAX_CONNECTIONS = 6
WAIT_SECONDS = 2.0
ATTEMPTS = 3


async def _configure(connection: AsyncConnection[Row]) -> None:
    """Pin the isolation, and keep plans to indexes.

    Plans of prepared statements outlive the moment: one made while a table was small would read it whole until the next
    ANALYZE, and cost a fresh installation up to seven times the work. All statements here look up by index.
    """
    await connection.execute("SET enable_seqscan = off")
    await connection.commit()
    await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)


class Database:
    """The hub's database as the fast path sees it."""

    def __init__(self, url: str) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection[Row]] = AsyncConnectionPool(
            url, min_size=1, max_size=MAX_CONNECTIONS, timeout=WAIT_SECONDS, open=False, configure=_configure
        )

    async def open(self) -> None:
        """Begin to connect; a database that is down now is found again by itself."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give every connection back."""
        await self._pool.close()

    async def transact(self, make: Callable[[], Script[T]]) -> T:
        """Run a script in a transaction of its own.

        A broken connection (PostgreSQL restarted) or a serialization failure is tried again with a fresh script:
        everything here is idempotent.

        Raises:
            Refused: `busy`, when the database does not answer.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    return await run_async(connection, make())
            except PoolTimeout as error:
                raise Refused("busy") from error
            except OperationalError as error:
                if attempt == ATTEMPTS:
                    raise Refused("busy") from error
        raise AssertionError("unreachable")

    async def transact_each(
        self, questions: Sequence[Q], make: Callable[[Sequence[Q]], Script[Sequence[T]]]
    ) -> list[T | Exception]:
        """Run a batch in one transaction; when its data break it, run each alone, so that only the bad one fails."""
        try:
            return list(await self.transact(lambda: make(questions)))
        except Refused as refused:
            return [refused] * len(questions)
        except (DataError, IntegrityError):
            return [await self._alone(question, make) for question in questions]

    async def _alone(self, question: Q, make: Callable[[Sequence[Q]], Script[Sequence[T]]]) -> T | Exception:
        try:
            return (await self.transact(lambda: make([question])))[0]
        except (Refused, DataError, IntegrityError) as error:
            return error

    async def query(self, name: str, parameters: dict[str, Any]) -> list[Row]:
        """Run one named query of this package.

        Raises:
            Refused: `busy`, when the database does not answer.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._pool.connection() as connection:
                    cursor = await connection.execute(
                        sql_text(name, "seatkeep_hub.fast"), with_array_texts(parameters), prepare=True
                    )
                    return await cursor.fetchall()
            except PoolTimeout as error:
                raise Refused("busy") from error
            except OperationalError as error:
                if attempt == ATTEMPTS:
                    raise Refused("busy") from error
        raise AssertionError("unreachable")
