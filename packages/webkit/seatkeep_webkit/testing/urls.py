"""Addresses of the test project."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

handler500 = "seatkeep_webkit.views.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("seatkeep_webkit.urls")),
    path("", RedirectView.as_view(pattern_name="webkit:styleguide")),
]
