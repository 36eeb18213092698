"""App `business`."""

from django.apps import AppConfig


class BusinessConfig(AppConfig):
    """Security Admins of a license owner."""

    name = "seatkeep_hub.business"
    label = "business"
