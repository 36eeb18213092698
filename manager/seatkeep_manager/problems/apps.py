"""Django app of problems."""

from __future__ import annotations

from django.apps import AppConfig


class ProblemsConfig(AppConfig):
    """What needs a person: opens and closes by itself."""

    name = "seatkeep_manager.problems"
    label = "problems"
    default_auto_field = "django.db.models.BigAutoField"
