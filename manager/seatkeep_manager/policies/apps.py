"""Django app of policies."""

from __future__ import annotations

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """Settings for products, assigned to groups and devices."""

    name = "seatkeep_manager.policies"
    label = "policies"
    default_auto_field = "django.db.models.BigAutoField"
