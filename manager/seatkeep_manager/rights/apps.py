"""App `rights`."""

from __future__ import annotations

from django.apps import AppConfig


class RightsConfig(AppConfig):
    """People, programs and what they may."""

    name = "seatkeep_manager.rights"
    label = "rights"
    default_auto_field = "django.db.models.BigAutoField"
