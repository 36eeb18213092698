"""`POST /_test/clock {"now": …}`: move the clock of a test installation, and do what became due."""

from __future__ import annotations

import json
from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from seatkeep_webkit.errors import ConflictError, InvalidError
from seatkeep_webkit.test_clock import ClockBackError, test_clock_move

from seatkeep_hub.agreements.usage import usage_run
from seatkeep_hub.billing.drafting import statements_draft
from seatkeep_hub.licensing.jobs import seat_event_partitions_ensure


@login_not_required
@csrf_exempt
@require_POST
def clock(request: HttpRequest) -> JsonResponse:
    """Set the time of web, fast path and worker; then count usage and draft statements as the hourly jobs would.

    Raises:
        InvalidError: `now` is not a time with its offset from UTC.
        ConflictError: `now` lies before the present.
    """
    try:
        now = test_clock_move(_asked(request))
    except ClockBackError:
        raise ConflictError("The clock only goes forward.", code="clock_back") from None
    seat_event_partitions_ensure(now=now)
    done = {"usage_rows": usage_run(now=now), "drafts": len(statements_draft(now=now))}
    return JsonResponse({"now": now.isoformat(), **done})


def _asked(request: HttpRequest) -> datetime:
    try:
        to = datetime.fromisoformat(json.loads(request.body)["now"])
    except (ValueError, KeyError, TypeError):
        raise InvalidError(fields={"now": ["A time, such as 2027-04-01T00:05:00Z."]}) from None
    if to.tzinfo is None:
        raise InvalidError(fields={"now": ["With its offset from UTC."]})
    return to
