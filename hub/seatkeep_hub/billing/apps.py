"""App `billing`."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Price lists and monthly statements between a seller and a buyer."""

    name = "seatkeep_hub.billing"
    label = "billing"
