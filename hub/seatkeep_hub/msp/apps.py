"""App `msp`."""

from django.apps import AppConfig


class MspConfig(AppConfig):
    """Orders, customers, invitations and off-boarding."""

    name = "seatkeep_hub.msp"
    label = "msp"
