"""Django app of publisher."""

from __future__ import annotations

from django.apps import AppConfig


class PublisherConfig(AppConfig):
    """The process that renders, signs and publishes documents for devices."""

    name = "seatkeep_manager.publisher"
    label = "publisher"
    default_auto_field = "django.db.models.BigAutoField"
