"""Bearer tokens of the API."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from seatkeep_webkit.ids import new_uid


class ApiToken(models.Model):
    """A token that acts with the access of a service account; its secret is kept as HMAC only.

    The account is a user without password, so a person who leaves takes nothing with them.
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField()
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    lookup = models.BinaryField(unique=True)
    hint = models.TextField()
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(name=""), name="api_token_named")]

    def __str__(self) -> str:
        return f"{self.name} …{self.hint}"
