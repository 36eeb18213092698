"""Events and the positions of their named readers."""

from __future__ import annotations

from django.db import models

from seatkeep_webkit.outbox.cursors import OutboxCursor
from seatkeep_webkit.outbox.fields import XidField


class OutboxEvent(models.Model):
    """One piece of news; `payload` holds ids, never secrets."""

    xid = XidField()
    topic = models.CharField(max_length=80)
    payload = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["xid", "id"], name="outbox_xid_id")]

    def __str__(self) -> str:
        return f"{self.topic} {self.cursor}"

    @property
    def cursor(self) -> OutboxCursor:
        """The reader's place after this event."""
        return OutboxCursor(xid=self.xid, id=self.pk)


class ConsumerPosition(models.Model):
    """How far a named reader has come; locked while it works, so that each event is handled by one."""

    name = models.CharField(max_length=80, unique=True)
    xid = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.cursor}"

    @property
    def cursor(self) -> OutboxCursor:
        """The place up to which this reader has handled everything."""
        return OutboxCursor(xid=self.xid, id=self.event_id)
