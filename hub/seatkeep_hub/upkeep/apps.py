"""App `upkeep`."""

from django.apps import AppConfig


class UpkeepConfig(AppConfig):
    """Silent computers, and questions that only a person can answer."""

    name = "seatkeep_hub.upkeep"
    label = "upkeep"
