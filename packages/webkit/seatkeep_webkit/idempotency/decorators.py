"""The decorators: one for ninja operations, one for plain Django views.

A ninja operation is wrapped twice: outside, to hold one transaction around the work and to keep the finished answer;
inside, behind authentication, to claim the key for who it really is. A replay is authenticated like its first request.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja.decorators import decorate_view
from ninja.operation import Operation
from ninja.utils import contribute_operation_callback

from seatkeep_webkit.clock import now
from seatkeep_webkit.idempotency.models import IdempotencyRecord
from seatkeep_webkit.idempotency.services import answer_keep, key_claim, stored_answer

_F = TypeVar("_F", bound=Callable[..., Any])
_ATTRIBUTE = "_idempotency_record"


def idempotent(view: _F) -> _F:
    """Make a ninja POST operation honor `Idempotency-Key`; stands directly above the function."""

    def wrap_inside(operation: Operation) -> None:
        operation.view_func = _claiming(operation.view_func)

    contribute_operation_callback(view, wrap_inside)
    return decorate_view(_keeping)(view)


def idempotent_view(view: _F) -> _F:
    """Make a Django POST view honor `Idempotency-Key`."""
    return cast("_F", _keeping(_claiming(view)))


def _claiming(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def claim_then_run(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        record = key_claim(request, now=now())
        if record is not None and record.status is not None:
            return stored_answer(record)
        setattr(request, _ATTRIBUTE, record)
        return view(request, *args, **kwargs)

    return claim_then_run


def _keeping(run: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @wraps(run)
    def run_then_keep(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic():
            response = run(request, *args, **kwargs)
            _finish(getattr(request, _ATTRIBUTE, None), response)
        return response

    return run_then_keep


def _finish(record: IdempotencyRecord | None, response: HttpResponseBase) -> None:
    if response.status_code >= 500:
        transaction.set_rollback(True)
    elif record is not None and isinstance(response, HttpResponse) and not connection.needs_rollback:
        answer_keep(record, response)
