"""Table of the integration tokens."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.ids import new_uid

from seatkeep_hub.api.enums import TokenLevel


class ApiToken(models.Model):
    """A secret that lets a program act for a company, never for a person; kept as HMAC only."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=new_uid, unique=True, editable=False)
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    level = models.CharField(_("may"), max_length=5, choices=TokenLevel.choices, default=TokenLevel.READ)
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
