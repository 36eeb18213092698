"""The app `testing`."""

from django.apps import AppConfig


class TestingConfig(AppConfig):
    """Models that only tests and the style guide use."""

    name = "seatkeep_webkit.testing"
    label = "testing"
