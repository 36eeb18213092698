"""App `agreements`."""

from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    """What each customer agreed to, and daily usage."""

    name = "seatkeep_hub.agreements"
    label = "agreements"
