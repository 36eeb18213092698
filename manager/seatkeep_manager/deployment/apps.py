"""Django app of deployment."""

from __future__ import annotations

from django.apps import AppConfig


class DeploymentConfig(AppConfig):
    """Installer script, payload, install link page."""

    name = "seatkeep_manager.deployment"
    label = "deployment"
    default_auto_field = "django.db.models.BigAutoField"
