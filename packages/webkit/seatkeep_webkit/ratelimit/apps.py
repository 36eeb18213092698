"""The app `ratelimit`."""

from django.apps import AppConfig


class RatelimitConfig(AppConfig):
    """See the package's docstring."""

    name = "seatkeep_webkit.ratelimit"
    label = "ratelimit"
    default_auto_field = "django.db.models.BigAutoField"
