"""Addresses of the manager."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path(prefix, include(module))
    for prefix, module in (
        ("agent/v1/", "seatkeep_manager.enrollment.urls"),
        ("api/", "seatkeep_manager.api.urls"),
        ("", "seatkeep_manager.deployment.urls"),
        ("", "seatkeep_manager.console.urls"),
    )
    if find_spec(module.rpartition(".")[0]) and find_spec(module)
]
