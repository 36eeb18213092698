"""App `portal`."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Pages of Licensing."""

    name = "seatkeep_hub.portal"
    label = "portal"
