"""Tables of the manager instances."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

from seatkeep_hub.instances.enums import LinkStatus, Portal, TokenLevel


class Instance(models.Model):
    """A manager that speaks for one company with a key of its own, so that a person who leaves breaks nothing."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="instances", verbose_name=_("company")
    )
    name = models.CharField(_("name"), max_length=200)
    public_key = models.BinaryField(_("public key"), max_length=32, help_text=_("Ed25519, 32 raw bytes."))
    key_thumbprint = models.CharField(_("key"), max_length=43, unique=True, help_text=_("RFC 7638, base64url."))
    created_by_portal = models.CharField(_("created by"), max_length=8, choices=Portal.choices, default=Portal.MSP)
    host = models.CharField(
        _("host"), max_length=200, blank=True, help_text=_("Machine that carries it; empty when it runs elsewhere.")
    )
    console_url = models.URLField(_("console address"), max_length=500)
    is_revoked = models.BooleanField(_("revoked"), default=False)
    created_at = models.DateTimeField(_("linked at"))
    last_seen_at = models.DateTimeField(_("last contact"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(created_by_portal__in=Portal.values), name="instance_portal_known"),
        ]

    def __str__(self) -> str:
        return self.name


class LinkRequest(models.Model):
    """A manager that asks to be linked; a person types its `user_code` or opens the complete address."""

    id = models.BigAutoField(primary_key=True)
    device_code_hmac = models.BinaryField(max_length=32, unique=True)
    user_code = models.CharField(_("code"), max_length=9, unique=True)
    name = models.CharField(_("name"), max_length=200)
    console_url = models.URLField(_("console address"), max_length=500)
    public_key = models.BinaryField(max_length=32)
    key_thumbprint = models.CharField(max_length=43)
    is_bootstrap = models.BooleanField(
        default=False, help_text=_("It carried the launcher's bootstrap token: one-MSP set-up approves it by itself.")
    )
    status = models.CharField(_("status"), max_length=8, choices=LinkStatus.choices, default=LinkStatus.PENDING)
    instance = models.ForeignKey(Instance, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(_("asked at"))
    expires_at = models.DateTimeField(_("expires at"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=LinkStatus.values), name="link_request_status_known"),
            models.CheckConstraint(
                condition=Q(status=LinkStatus.APPROVED) ^ Q(instance__isnull=True),
                name="link_request_approved_has_instance",
            ),
        ]

    def __str__(self) -> str:
        return self.user_code


class BootstrapGrant(models.Model):
    """One-MSP set-up: a link request with the launcher's token belongs to this company. At most one row."""

    id = models.BigAutoField(primary_key=True)
    company = models.OneToOneField("companies.Company", on_delete=models.CASCADE, related_name="+")
    is_only = models.BooleanField(default=True, unique=True, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(is_only=True), name="bootstrap_grant_is_only")]

    def __str__(self) -> str:
        return str(self.company)


class InstanceCall(models.Model):
    """The `jti` of a signed call: seen once, refused the second time; purged after it could not be valid any more."""

    id = models.BigAutoField(primary_key=True)
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="+")
    jti = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "jti"], name="instance_call_once")]

    def __str__(self) -> str:
        return self.jti


class ApiToken(models.Model):
    """A secret that lets a program act for a company, never for a person; kept as HMAC only."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    level = models.CharField(_("may"), max_length=5, choices=TokenLevel.choices, default=TokenLevel.READ)
    scopes = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("scopes"),
        default=list,
        db_default=[],
        help_text=_("Such as licenses:read; empty for everything that the level allows."),
    )
    made_by = models.ForeignKey(
        "companies.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("made by")
    )
    expires_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    secret_hmac = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(_("starts with"), max_length=12)
    created_at = models.DateTimeField(_("made at"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(level__in=TokenLevel.values), name="api_token_level_known")]

    def __str__(self) -> str:
        return self.name
