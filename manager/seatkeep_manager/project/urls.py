"""Addresses of the manager: device endpoints, installers, API, sign-in, pages."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from seatkeep_manager.project.login import login

_OWN = (
    ("agent/v1/", "seatkeep_manager.enrollment.urls"),
    ("agent/v1/", "seatkeep_manager.tasks.urls"),
    ("api/", "seatkeep_manager.api.urls"),
    ("", "seatkeep_manager.deployment.urls"),
    ("", "seatkeep_manager.console.urls"),
)


def _exists(module: str) -> bool:
    return bool(find_spec(module.rpartition(".")[0]) and find_spec(module))


handler500 = "seatkeep_webkit.views.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", login),  # Stands before allauth's own, which `account_login` still names.
    path("accounts/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    *[path(prefix, include(module)) for prefix, module in _OWN if _exists(module)],
    path("", include("seatkeep_webkit.urls")),
]
