"""App `ordering`."""

from django.apps import AppConfig


class OrderingConfig(AppConfig):
    """Several products at once, trials, later changes, terms of use, acts on many things."""

    name = "seatkeep_hub.ordering"
    label = "ordering"
