"""Django app of customers."""

from __future__ import annotations

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Set-up, off-boarding and return of customers."""

    name = "seatkeep_manager.customers"
    label = "customers"
    default_auto_field = "django.db.models.BigAutoField"
