"""Pin READ COMMITTED, whatever the database's default is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from seatkeep_hub.licensing.errors import IsolationError


@contextmanager
def read_committed() -> Iterator[None]:
    """Open a transaction at READ COMMITTED, or join one that already is.

    Under REPEATABLE READ a transaction that waited for a lock decides on what it saw before it waited.

    Raises:
        IsolationError: The transaction to join runs at another level.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        else:
            cursor.execute("SHOW transaction_isolation")
            if cursor.fetchone()[0] != "read committed":
                raise IsolationError
        yield
