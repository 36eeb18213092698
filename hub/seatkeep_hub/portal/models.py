"""Tables of the pages: the first run and the identity provider's signing key."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.fields import EncryptedTextField

from seatkeep_hub.portal.enums import UseMode


class FirstRun(models.Model):
    """The answers of the first run. Its one row is there when the set-up is done, and then the set-up link is dead."""

    id = models.BigAutoField(primary_key=True)
    is_only = models.BooleanField(default=True, unique=True, editable=False)
    mode = models.CharField(_("use"), max_length=12, choices=UseMode.choices)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    company = models.ForeignKey("companies.Company", on_delete=models.PROTECT, related_name="+")
    public_address = models.CharField(_("public address"), max_length=500)
    completed_at = models.DateTimeField(_("done at"))
    recovery_kit_at = models.DateTimeField(_("recovery kit taken at"), null=True, blank=True)
    mail_tested_at = models.DateTimeField(_("mail tested at"), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(is_only=True), name="first_run_is_only"),
            models.CheckConstraint(condition=Q(mode__in=UseMode.values), name="first_run_mode_known"),
        ]

    def __str__(self) -> str:
        return self.mode


class OidcKey(models.Model):
    """An RSA key that signs id tokens; apart from every license key (DESIGN §3)."""

    id = models.BigAutoField(primary_key=True)
    pem = EncryptedTextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.pk)
