"""What the ingest process remembers besides its effects."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class ProcessedMessage(models.Model):
    """Ids of events that have had their effect, so that a second delivery has none; pruned after 30 days."""

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)


class UnknownDeviceMessage(models.Model):
    """A message of a device that is not in the directory; kept, not lost, and taken in when the device is back."""

    message_id = models.UUIDField(unique=True)
    device_hex = models.TextField(db_index=True)
    kind = models.TextField()
    subject = models.TextField()
    raw = models.BinaryField()
    received_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} of {self.device_hex}"


class RefusedMessages(models.Model):
    """How many messages were dropped, by day and reason; the log names each."""

    day = models.DateField()
    reason = models.TextField()
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["day", "reason"], name="refused_messages_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.reason} {self.count}"
