"""Django app of dynamic groups."""

from __future__ import annotations

from django.apps import AppConfig


class GroupingConfig(AppConfig):
    """Dynamic groups and their templates."""

    name = "seatkeep_manager.grouping"
    label = "grouping"
    default_auto_field = "django.db.models.BigAutoField"
