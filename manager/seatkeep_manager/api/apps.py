"""Django app of the API."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The console's HTTP API and its tokens."""

    name = "seatkeep_manager.api"
    label = "api"
    default_auto_field = "django.db.models.BigAutoField"
