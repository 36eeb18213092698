"""App `api`."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Integration tokens and the HTTP API."""

    name = "seatkeep_hub.api"
    label = "api"
