"""What a machine fetches while it is being installed, and the page behind an install link."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from seatkeep_webkit.errors import NotFoundError

from seatkeep_manager.deployment.services import linux_payload, linux_script


class PayloadMissingError(NotFoundError):
    """The operator has not built the installer's payload yet."""

    code = "payload_missing"
    message = _("The operator has not built the installer's payload yet.")


@require_safe
def linux_script_view(request: HttpRequest) -> HttpResponse:
    """The installer script for Linux; the same for everybody."""
    response = HttpResponse(linux_script(), content_type="text/x-shellscript; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def linux_payload_view(request: HttpRequest) -> Any:
    """Agent and endpoint for Linux."""
    payload = linux_payload()
    if payload is None:
        raise PayloadMissingError
    response = FileResponse(payload.path.open("rb"), content_type="application/gzip")
    response["Content-Length"] = str(payload.size_bytes)
    response["ETag"] = f'"{payload.sha256}"'
    return response


@require_safe
def install_link_view(request: HttpRequest) -> HttpResponse:
    """The page behind an install link; the key is in the fragment, which no browser sends."""
    response = render(request, "deployment/install_link.html", {"console_url": settings.CONSOLE_URL.rstrip("/")})
    response["Referrer-Policy"] = "no-referrer"
    return response
