"""Django app of directory."""

from __future__ import annotations

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """Devices, groups and people of this instance."""

    name = "seatkeep_manager.directory"
    label = "directory"
    default_auto_field = "django.db.models.BigAutoField"
