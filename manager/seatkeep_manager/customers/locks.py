"""One worker at a time on one job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def job_alone(space: int, job_id: int) -> Iterator[bool]:
    """Hold a job's advisory lock, which PostgreSQL frees when the process dies; yields whether it was got.

    Args:
        space: First half of the two-number lock, one for each kind of job.
        job_id: The second half.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [space, job_id])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [space, job_id])
