"""The app `audit`."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit journal."""

    name = "seatkeep_webkit.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
