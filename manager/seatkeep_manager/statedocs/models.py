"""What was last published for every key of the state bucket, and which license a device is to hold."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device


class StateDocument(models.Model):
    """One published document; the bucket is a projection of this table."""

    key = models.TextField(unique=True)
    version = models.BigIntegerField()
    """Unix microseconds, always rising: max(last + 1, now)."""
    content_digest = models.BinaryField()
    """SHA-256 of the content without version and issue time, so that an unchanged document is not published again."""
    stored = models.BinaryField()
    """The signed bytes as they stand in the bucket; empty: withdrawn, the bucket must not hold the key."""
    published_version = models.BigIntegerField(default=0)
    """The version that the bucket holds; below `version` while a put is due."""
    revision = models.BigIntegerField(default=0)
    """The bucket's revision of our last put; 0 = not there yet."""
    published_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="state_document_due", condition=Q(published_version__lt=F("version")))
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"


class LicenseAssignment(models.Model):
    """The license that a device is told to activate a product with, and the ticket that lets it."""

    uid = models.UUIDField(unique=True, default=new_uid)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="license_assignments")
    license_public_id = models.TextField()
    product = models.TextField()
    company_hub_id = models.UUIDField(null=True)
    """Whose seat it is: the company of the device when it was assigned."""
    moved_from = models.UUIDField(null=True)
    """The company that the device left; a seat that still counts for it is not the right one."""
    ticket = models.TextField(blank=True, default="")
    """JWS bound to the endpoint's key; no secret without that key."""
    ticket_thumbprint = models.TextField(blank=True, default="")
    ticket_expires_at = models.DateTimeField(null=True)
    is_stopped = models.BooleanField(default=False)
    """A person stopped protecting this computer in Licensing; nothing here takes the seat again by itself."""
    is_withdrawn = models.BooleanField(default=False, db_default=False)
    """A person took the license away here; the row keeps anything from assigning another by itself."""
    assigned_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "product"], name="license_assignment_once"),
            models.CheckConstraint(
                condition=Q(ticket="") | Q(ticket_expires_at__isnull=False), name="license_assignment_ticket_ends"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.license_public_id}"
