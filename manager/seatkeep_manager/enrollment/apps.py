"""Django app of enrollment."""

from __future__ import annotations

from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    """How devices join: keys, requests, credentials for the broker."""

    name = "seatkeep_manager.enrollment"
    label = "enrollment"
    default_auto_field = "django.db.models.BigAutoField"
