"""Addresses of the API's own pages, below the console's settings."""

from __future__ import annotations

from django.urls import path

from seatkeep_manager.api import pages

urlpatterns = [
    path("settings/api-tokens/", pages.tokens, name="api-tokens"),
    path("settings/api-tokens/new/", pages.token_new, name="api-token-new"),
    path("settings/api-tokens/<uuid:uid>/revoke/", pages.token_drop, name="api-token-revoke"),
]
