"""App `alerts`."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Who is told of what, and what was told."""

    name = "seatkeep_hub.alerts"
    label = "alerts"
