"""The app `kept`."""

from django.apps import AppConfig


class KeptConfig(AppConfig):
    """The table behind Django's cache."""

    name = "seatkeep_webkit.kept"
    label = "kept"
