"""Django app of the hub link."""

from __future__ import annotations

from django.apps import AppConfig


class HublinkConfig(AppConfig):
    """Mirror of what the hub knows about this instance's companies."""

    name = "seatkeep_manager.hublink"
    label = "hublink"
    default_auto_field = "django.db.models.BigAutoField"
