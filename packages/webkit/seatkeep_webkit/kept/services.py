"""Forget what has expired."""

from __future__ import annotations

from datetime import datetime

from seatkeep_webkit.kept.models import KeptValue


def kept_forget(*, now: datetime) -> int:
    """Delete what has expired; return how much."""
    return KeptValue.objects.filter(expires__lt=now).delete()[0]
