"""Named choices of the API."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class TokenLevel(TextChoices):
    """What an integration token may do in its company and below."""

    READ = "READ", _("Read")
    WRITE = "WRITE", _("Read and write")
