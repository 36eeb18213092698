"""One template for a row's details: in the drawer beside the table, in a dialog, or as a page of its own."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

DRAWER_TARGET = "drawer-body"
SHELLS = {DRAWER_TARGET: "webkit/drawer.html", "dialog-body": "webkit/dialog_detail.html"}
"""Where the answer goes, by the id of htmx's target; anything else is a page."""


def detail_response(
    request: HttpRequest, template: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """Render a template that begins with `{% extends shell %}`; `shell` is the drawer, the dialog or the page."""
    shell = SHELLS.get(request.headers.get("HX-Target", ""), "webkit/base.html")
    page = {**context, "shell": shell, "page_url": request.path}
    response = render(request, template, page, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
