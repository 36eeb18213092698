"""Words that enrollment stores."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class TokenKind(TextChoices):
    """How a device gets in."""

    INSTALL_LINK = "INSTALL_LINK", _("Install link")
    DEPLOYMENT_KEY = "DEPLOYMENT_KEY", _("Deployment key")


class RequestState(TextChoices):
    """What became of a device that asked to join."""

    WAITING = "WAITING", _("Waiting for approval")
    APPROVED = "APPROVED", _("Approved")
    REJECTED = "REJECTED", _("Rejected")


class WaitReason(TextChoices):
    """Why a device was not let in at once."""

    TOKEN_EXPIRED = "TOKEN_EXPIRED", _("The key has expired")
    TOKEN_REVOKED = "TOKEN_REVOKED", _("The key was revoked")
    TOKEN_USED_UP = "TOKEN_USED_UP", _("The key is used up")
    DAILY_CAP = "DAILY_CAP", _("The key's daily limit is reached")
    TAKEOVER = "TAKEOVER", _("A known device came back with another key")
    CUSTOMER_UNLINKED = "CUSTOMER_UNLINKED", _("The customer was removed in Licensing")


class Answer(TextChoices):
    """What a person says of a computer that looks like one that is known."""

    SAME = "SAME", _("The same computer, set up anew or with changed hardware")
    NEW = "NEW", _("Two computers: make a new one")
    MASTER = "MASTER", _("A master image: make a new one, and for all that come from this image, too")


class InstallStep(TextChoices):
    """How far an installer got."""

    DOWNLOADED = "downloaded", _("Downloaded")
    INSTALLED = "installed", _("Installed")
    ENROLLED = "enrolled", _("Enrolled")
    ACTIVATED = "activated", _("Activated")
    PROTECTED = "protected", _("Protected")
