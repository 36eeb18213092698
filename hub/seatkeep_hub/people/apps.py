"""App `people`."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Sign-in policies and departures."""

    name = "seatkeep_hub.people"
    label = "people"
