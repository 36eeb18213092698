"""The generic cell rate algorithm in one conditional update, so that no two requests can pass on one allowance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import connection
from django.http.response import HttpResponseBase

from seatkeep_webkit.errors import RateLimitedError
from seatkeep_webkit.ratelimit.models import RateBucket

# A row comes back only when the request fits; the WHERE is judged under the row's lock.
_TAKE = """
INSERT INTO ratelimit_ratebucket AS bucket (key, full_at) VALUES (%(key)s, %(now)s + %(step)s * interval '1 second')
ON CONFLICT (key) DO UPDATE SET full_at = greatest(bucket.full_at, %(now)s) + %(step)s * interval '1 second'
WHERE greatest(bucket.full_at, %(now)s) + %(step)s * interval '1 second'
    <= %(now)s + %(window)s * interval '1 second'
RETURNING full_at
"""


@dataclass(frozen=True, slots=True)
class RateState:
    """What is left of an allowance; `reset_seconds` until it is whole again."""

    limit: int
    remaining: int
    reset_seconds: int

    HEADERS: ClassVar[tuple[str, ...]] = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")

    def set_headers(self, response: HttpResponseBase) -> None:
        """Tell the client (draft-ietf-httpapi-ratelimit-headers)."""
        for name, value in zip(self.HEADERS, (self.limit, self.remaining, self.reset_seconds), strict=True):
            response[name] = str(value)


def rate_limit(*, key: str, limit: int, window: timedelta, now: datetime) -> RateState:
    """Count one request against a key: `limit` at once, refilled evenly over `window`.

    Call it outside of a transaction that may roll back, or the count is lost with it.

    Args:
        key: What is limited, such as `login:203.0.113.7`; at most 200 characters.
        limit: Requests per window, at least 1.
        window: Time in which an empty allowance becomes whole.
        now: Current time, aware UTC.

    Raises:
        RateLimitedError: Nothing is left; carries `retry_after_seconds`.
    """
    # Rounded down to whole microseconds: rounded up, the last request of a full allowance would not fit.
    step = window // limit
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key, "now": now, "step": step.total_seconds(), "window": window.total_seconds()})
        row = cursor.fetchone()
    if row is None:
        raise RateLimitedError(retry_after_seconds=_wait(key, step, window, now))
    left = window - (row[0] - now)
    return RateState(limit=limit, remaining=int(left / step), reset_seconds=math.ceil((row[0] - now).total_seconds()))


def buckets_forget(*, now: datetime) -> int:
    """Delete buckets whose allowance is whole again; return how many."""
    return RateBucket.objects.filter(full_at__lt=now).delete()[0]


def _wait(key: str, step: timedelta, window: timedelta, now: datetime) -> int:
    full_at = RateBucket.objects.filter(key=key).values_list("full_at", flat=True).first() or now
    return max(1, math.ceil((full_at + step - window - now).total_seconds()))
