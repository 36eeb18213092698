"""Words that dynamic groups store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Operation(TextChoices):
    """How the rules of a template are joined."""

    AND = "AND", _("all of these are true")
    OR = "OR", _("at least one of these is true")
    NAND = "NAND", _("not all of these are true")
    NOR = "NOR", _("none of these is true")
