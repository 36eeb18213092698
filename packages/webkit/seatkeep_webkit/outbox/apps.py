"""The app `outbox`."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """See the package's docstring."""

    name = "seatkeep_webkit.outbox"
    label = "outbox"
    default_auto_field = "django.db.models.BigAutoField"
