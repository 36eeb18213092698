"""App `imports`."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Companies and agreements from a spreadsheet."""

    name = "seatkeep_hub.imports"
    label = "imports"
