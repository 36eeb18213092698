"""Django app of tasks."""

from __future__ import annotations

from django.apps import AppConfig


class TasksConfig(AppConfig):
    """Things devices are asked to do once, and how that went."""

    name = "seatkeep_manager.tasks"
    label = "tasks"
    default_auto_field = "django.db.models.BigAutoField"
