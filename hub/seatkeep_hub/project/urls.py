"""Addresses of the hub."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from seatkeep_hub.api.app import api
from seatkeep_hub.project import test_clock

handler500 = "seatkeep_webkit.views.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("allauth.idp.urls")),
    path("", include("seatkeep_webkit.urls")),
    path("", include("seatkeep_hub.portal.urls")),
]
if settings.TEST_CLOCK:
    urlpatterns.append(path("_test/clock", test_clock.clock))
