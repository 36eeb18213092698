"""The app `idempotency`."""

from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    """See the package's docstring."""

    name = "seatkeep_webkit.idempotency"
    label = "idempotency"
    default_auto_field = "django.db.models.BigAutoField"
