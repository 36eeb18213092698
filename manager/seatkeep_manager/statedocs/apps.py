"""Django app of statedocs."""

from __future__ import annotations

from django.apps import AppConfig


class StatedocsConfig(AppConfig):
    """Versions and signatures of the documents that devices obey."""

    name = "seatkeep_manager.statedocs"
    label = "statedocs"
    default_auto_field = "django.db.models.BigAutoField"
