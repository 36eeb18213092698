"""Django app of the console's pages."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Pages for technicians."""

    name = "seatkeep_manager.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"
