"""Django app of detections."""

from __future__ import annotations

from django.apps import AppConfig


class DetectionsConfig(AppConfig):
    """What engines found, and what lies in quarantine."""

    name = "seatkeep_manager.detections"
    label = "detections"
    default_auto_field = "django.db.models.BigAutoField"
