"""Named states of the instances' tables."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Portal(TextChoices):
    """Where an instance was created; only there it may be removed (domain/licensing.md, 4.13)."""

    MSP = "MSP", _("MSP portal")
    BUSINESS = "BUSINESS", _("Business portal")


class LinkStatus(TextChoices):
    """State of a link request (RFC 8628, section 3.5)."""

    PENDING = "PENDING", _("Waiting")
    APPROVED = "APPROVED", _("Approved")
    DENIED = "DENIED", _("Denied")


class TokenLevel(TextChoices):
    """What an integration token may do in its company and below."""

    READ = "READ", _("Read")
    WRITE = "WRITE", _("Read and write")
