"""App `licensing`."""

from django.apps import AppConfig


class LicensingConfig(AppConfig):
    """Products, licenses, seats and who manages them."""

    name = "seatkeep_hub.licensing"
    label = "licensing"
