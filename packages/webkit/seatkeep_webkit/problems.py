"""Errors on the wire: problem+json (RFC 9457) with stable codes."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as NinjaValidationError

from seatkeep_webkit.errors import (
    AppError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    SignInNeededError,
    UnavailableError,
)

CONTENT_TYPE = "application/problem+json"
DATABASE_AWAY = (OperationalError, InterfaceError)
"""PostgreSQL restarts, or a lock did not come in time: nothing was written, the same request may go through soon."""
_log = logging.getLogger(__name__)


class _InternalError(AppError):
    """Something failed inside; the log has it."""

    code = "internal"
    status = 500


def problem_response(error: AppError, request: HttpRequest | None = None) -> HttpResponse:
    """Return the problem document of an error: type, title, status, code, detail, errors and its extra members."""
    body: dict[str, object] = {
        **error.extra,
        "type": f"urn:seatkeep:problem:{error.error_code}",
        "title": str(type(error).message),
        "status": error.status,
        "code": error.error_code,
        "detail": error.detail,
    }
    if error.fields:
        body["errors"] = error.fields
    if request is not None:
        body["instance"] = request.path
    response = HttpResponse(json.dumps(body, cls=DjangoJSONEncoder), content_type=CONTENT_TYPE, status=error.status)
    retry_after = error.extra.get("retry_after_seconds")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def app_error_from(error: Exception) -> AppError | None:
    """Return the AppError that says the same as a known error of Django or ninja; None for an unknown one."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, Http404):
        return NotFoundError()
    if isinstance(error, PermissionDenied):
        return NotAllowedError()
    if isinstance(error, ValidationError):
        return _from_django_validation(error)
    if isinstance(error, NinjaValidationError):
        return InvalidError(fields=_ninja_fields(error.errors))
    if isinstance(error, HttpError):
        return _from_http_error(error)
    if isinstance(error, DATABASE_AWAY):
        return UnavailableError(retry_after_seconds=2)
    return None


def install_error_handlers(api: NinjaAPI) -> None:
    """Make a ninja API answer every error as problem+json; an unknown one is logged and answered 500 without detail."""

    def known(request: HttpRequest, error: Any) -> HttpResponse:
        found = app_error_from(error)
        return problem_response(found, request) if found is not None else unknown(request, error)

    def unknown(request: HttpRequest, error: Any) -> HttpResponse:
        _log.error("unexpected error in %s %s", request.method, request.path, exc_info=error)
        return problem_response(_InternalError(_("Something went wrong. It has been logged.")), request)

    handled: list[type[Exception]] = [AppError, Http404, PermissionDenied, ValidationError, NinjaValidationError]
    for kind in [*handled, AuthenticationError, HttpError, *DATABASE_AWAY]:
        api.add_exception_handler(kind, known)
    api.add_exception_handler(Exception, unknown)


def _from_django_validation(error: ValidationError) -> InvalidError:
    if hasattr(error, "error_dict"):
        return InvalidError(fields=error.message_dict)
    return InvalidError(" ".join(error.messages))


def _ninja_fields(errors: list[dict[str, Any]]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for error in errors:
        name = ".".join(str(part) for part in error.get("loc", ())[1:]) or "body"
        fields.setdefault(name, []).append(str(error.get("msg", "")))
    return fields


def _from_http_error(error: HttpError) -> AppError:
    if error.status_code == SignInNeededError.status:
        return SignInNeededError()
    if error.status_code == NotAllowedError.status:
        return NotAllowedError()
    if error.status_code == RateLimitedError.status:
        wait = getattr(error, "wait", None)
        return RateLimitedError(retry_after_seconds=int(wait)) if wait else RateLimitedError()
    if error.status_code == NotFoundError.status:
        return NotFoundError()
    return AppError(str(error), code="malformed")
