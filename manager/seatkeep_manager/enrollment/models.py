"""Keys that let devices in, devices that wait for approval, revoked credentials, progress of installers."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from seatkeep_webkit.fields import EncryptedTextField
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.enrollment.enums import InstallStep, RequestState, TokenKind, WaitReason


class EnrollmentToken(models.Model):
    """A key that lets devices into one group; looked up by HMAC, encrypted for display to those allowed."""

    uid = models.UUIDField(unique=True, default=new_uid)
    kind = models.TextField(choices=TokenKind.choices)
    group = models.ForeignKey(StaticGroup, on_delete=models.PROTECT, related_name="tokens")
    company_hub_id = models.UUIDField(null=True, db_index=True)
    lookup = models.BinaryField(unique=True)
    secret = EncryptedTextField()
    hint = models.TextField()
    """The last characters of the secret, to tell keys apart in a list."""
    products = models.JSONField(default=list)
    """What a device activates as it joins: [{"license": public_id, "product": code}]."""
    max_uses = models.PositiveIntegerField(null=True)
    uses = models.PositiveIntegerField(default=0)
    daily_cap = models.PositiveIntegerField(null=True)
    day = models.DateField(null=True)
    day_uses = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    is_unlimited = models.BooleanField(default=False, db_default=False)
    """A person let everybody in who comes with it, whatever its end, uses and daily limit say; until it is revoked."""
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=TokenKind.values), name="token_kind"),
            models.CheckConstraint(condition=Q(max_uses__isnull=True) | Q(uses__lte=F("max_uses")), name="token_uses"),
            models.CheckConstraint(
                condition=Q(daily_cap__isnull=True) | Q(day_uses__lte=F("daily_cap")), name="token_day_uses"
            ),
            models.UniqueConstraint(
                fields=["company_hub_id"],
                condition=Q(kind=TokenKind.DEPLOYMENT_KEY, revoked_at__isnull=True, expires_at__isnull=True),
                name="token_one_deployment_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} …{self.hint}"


class EnrollmentRequest(models.Model):
    """A device that asked to join and waits for, or got, a person's decision; one row per agent key."""

    uid = models.UUIDField(unique=True, default=new_uid)
    token = models.ForeignKey(EnrollmentToken, on_delete=models.PROTECT, related_name="requests")
    group = models.ForeignKey(StaticGroup, on_delete=models.PROTECT, related_name="+")
    company_hub_id = models.UUIDField(null=True, db_index=True)
    agent_thumbprint = models.TextField(unique=True)
    state = models.TextField(choices=RequestState.choices, default=RequestState.WAITING)
    reason = models.TextField(choices=WaitReason.choices)
    hostname = models.TextField()
    kind = models.TextField()
    details = models.JSONField(default=dict)
    replaces = models.ForeignKey(Device, null=True, on_delete=models.SET_NULL, related_name="+")
    """The known device that an approval would hand over to the new key."""
    ip = models.GenericIPAddressField(null=True)
    first_asked_at = models.DateTimeField()
    last_asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="enrollment_request_state"),
            models.CheckConstraint(condition=Q(reason__in=WaitReason.values), name="enrollment_request_reason"),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "-last_asked_at"], name="enrollment_request_list")]

    def __str__(self) -> str:
        return f"{self.hostname} {self.state}"


class RevokedCredential(models.Model):
    """A broker user whose credentials no longer count; pruned after 7 days, when the JWT has ended anyway."""

    nkey = models.TextField(unique=True)
    revoked_at = models.DateTimeField(db_index=True)
    published_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.nkey


class UnknownGroup(models.Model):
    """A device whose installation named a group that does not exist; it counts until the device is moved elsewhere."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="unknown_group")
    path = models.TextField()
    """What the installation named."""
    placed = models.ForeignKey(StaticGroup, on_delete=models.CASCADE, related_name="+")
    """Where the device was put instead."""

    def __str__(self) -> str:
        return f"{self.path} of {self.device_id}"


class InstallProgress(models.Model):
    """How far one run of an installer got; every step is reported once, the last report of a step wins."""

    uid = models.UUIDField(unique=True, default=new_uid)
    token = models.ForeignKey(EnrollmentToken, on_delete=models.CASCADE, related_name="installs")
    install_id = models.UUIDField()
    step = models.TextField(choices=InstallStep.choices)
    is_ok = models.BooleanField()
    detail = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(step__in=InstallStep.values), name="install_progress_step"),
            models.UniqueConstraint(fields=["token", "install_id", "step"], name="install_progress_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["token", "-at"], name="install_progress_list")]

    def __str__(self) -> str:
        return f"{self.install_id} {self.step}"
