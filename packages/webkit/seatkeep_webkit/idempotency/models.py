"""One row per key that was used."""

from __future__ import annotations

from django.db import models


class IdempotencyRecord(models.Model):
    """A request and its stored answer; both are one transaction with the work."""

    scope = models.CharField(max_length=64, unique=True)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, default="")
    body = models.BinaryField(default=b"")
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.scope[:12]} {self.status or 'open'}"
