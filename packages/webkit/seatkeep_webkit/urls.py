"""Addresses that both projects share: `path("", include("seatkeep_webkit.urls"))`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from seatkeep_webkit import views
from seatkeep_webkit.conf import webkit_settings

_own: list[URLPattern | URLResolver] = [
    path("me/", views.preferences, name="preferences"),
    path("me/theme/", views.theme, name="theme"),
    path("me/sessions/", views.sessions, name="sessions"),
    path("me/sessions/end/", views.sessions_end, name="session-end"),
    path("me/return/", views.impersonation_return, name="impersonation-return"),
    path("me/table/<slug:name>/", views.table_preferences, name="table-preferences"),
]
if webkit_settings().has_styleguide:
    _own.append(path("webkit/", include("seatkeep_webkit.styleguide.urls")))

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((_own, "webkit"))),
    path("accounts/", include("allauth.urls")),
]
