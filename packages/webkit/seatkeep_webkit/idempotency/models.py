"""One row per key that was used."""

from __future__ import annotations

from django.db import models

from seatkeep_webkit.fields import EncryptedBinaryField


class IdempotencyRecord(models.Model):
    """A request and its stored answer; both are one transaction with the work."""

    scope = models.CharField(max_length=64, unique=True)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, default="")
    body = EncryptedBinaryField(default=b"")
    """Sealed, because an answer may show a secret that is nowhere else: a token, an invitation."""
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.scope[:12]} {self.status or 'open'}"
