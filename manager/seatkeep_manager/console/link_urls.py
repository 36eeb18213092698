"""Addresses of the pages about the link to Licensing."""

from __future__ import annotations

from django.urls import path

from seatkeep_manager.console.views import linking

urlpatterns = [
    path("link/", linking.link, name="link"),
    path("link/live/", linking.link_live, name="link-live"),
    path("link/connect/", linking.link_connect, name="link-connect"),
    path("link/sync/", linking.link_sync, name="link-sync"),
    path("link/preview/", linking.link_preview, name="link-preview"),
    path("link/changes/<uuid:uid>/", linking.link_changes, name="link-changes"),
    path("link/removals/<uuid:uid>/", linking.link_removals, name="link-removals"),
    path("link/troubles/", linking.link_troubles, name="link-troubles"),
    path("link/troubles/retry/", linking.link_troubles_retry, name="link-troubles-retry"),
]
