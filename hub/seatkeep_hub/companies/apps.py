"""App `companies`."""

from django.apps import AppConfig


class CompaniesConfig(AppConfig):
    """Companies, their people and what each may see."""

    name = "seatkeep_hub.companies"
    label = "companies"
