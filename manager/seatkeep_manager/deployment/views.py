"""What a machine fetches while it is being installed, and the page behind an install link."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from seatkeep_manager.deployment.errors import PayloadMissingError
from seatkeep_manager.deployment.kits import linux_payload, windows_packages, windows_script
from seatkeep_manager.deployment.payload import Payload
from seatkeep_manager.deployment.services import linux_script


@require_safe
def linux_script_view(request: HttpRequest) -> HttpResponse:
    """The installer script for Linux; the same for everybody."""
    return _script(linux_script(), "text/x-shellscript; charset=utf-8")


@require_safe
def windows_script_view(request: HttpRequest) -> HttpResponse:
    """The installer script for Windows; the same for everybody."""
    return _script(windows_script(), "text/plain; charset=utf-8")


def _script(text: str, content_type: str) -> HttpResponse:
    response = HttpResponse(text, content_type=content_type)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def linux_payload_view(request: HttpRequest) -> Any:
    """Agent and endpoint for Linux."""
    return _payload(linux_payload(), "application/gzip")


@require_safe
def windows_package_view(request: HttpRequest, name: str) -> Any:
    """A Windows package that this console offers, by its file name."""
    offered = {package.name: package.payload for package in windows_packages().values()}
    return _payload(offered.get(name), "application/x-msi")


def _payload(payload: Payload | None, content_type: str) -> Any:
    if payload is None:
        raise PayloadMissingError
    response = FileResponse(payload.path.open("rb"), content_type=content_type)
    response["Content-Length"] = str(payload.size_bytes)
    response["ETag"] = f'"{payload.sha256}"'
    return response


@require_safe
def install_link_view(request: HttpRequest) -> HttpResponse:
    """The page behind an install link; the key is in the fragment, which no browser sends."""
    response = render(request, "deployment/install_link.html", {"console_url": settings.CONSOLE_URL.rstrip("/")})
    response["Referrer-Policy"] = "no-referrer"
    return response
