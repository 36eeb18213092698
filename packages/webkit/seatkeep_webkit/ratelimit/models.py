"""One row per limited key."""

from __future__ import annotations

from django.db import models


class RateBucket(models.Model):
    """The theoretical arrival time of a key: when its allowance will be whole again."""

    key = models.CharField(max_length=200, primary_key=True)
    full_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key} until {self.full_at:%H:%M:%S}"
