"""Words that policies store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PolicyProduct(TextChoices):
    """What a policy's settings are for."""

    ENDPOINT = "endpoint", _("Endpoint")
    AGENT = "agent", _("Agent")
