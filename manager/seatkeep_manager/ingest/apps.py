"""Django app of ingest."""

from __future__ import annotations

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """The process that takes device messages from the broker into the database."""

    name = "seatkeep_manager.ingest"
    label = "ingest"
    default_auto_field = "django.db.models.BigAutoField"
