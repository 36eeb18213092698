"""Addresses of the hub."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from seatkeep_hub.api.app import api

handler500 = "seatkeep_webkit.views.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("allauth.idp.urls")),
    path("", include("seatkeep_webkit.urls")),
    path("", include("seatkeep_hub.portal.urls")),
]
