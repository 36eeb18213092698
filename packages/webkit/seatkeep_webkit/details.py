"""One template for a row's details: in the drawer beside the table, or as a page of its own."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

DRAWER_TARGET = "drawer-body"


def is_drawer(request: HttpRequest) -> bool:
    """Tell whether the answer goes into the drawer."""
    return request.headers.get("HX-Target") == DRAWER_TARGET


def detail_response(
    request: HttpRequest, template: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """Render a template that begins with `{% extends shell %}`; `shell` is the drawer or the page."""
    shell = "webkit/drawer.html" if is_drawer(request) else "webkit/base.html"
    page = {**context, "shell": shell, "page_url": request.path}
    response = render(request, template, page, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
