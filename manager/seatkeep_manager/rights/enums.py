"""Words of people and their rights."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class InvitationState(TextChoices):
    """What became of an invitation."""

    INVITED = "INVITED", _("Invited")
    ACCEPTED = "ACCEPTED", _("Accepted")
    REVOKED = "REVOKED", _("Withdrawn")


class Left(TextChoices):
    """What somebody who leaves has made."""

    API_CLIENT = "API_CLIENT", _("API client")
    DEPLOYMENT_KEY = "DEPLOYMENT_KEY", _("Deployment key")
    INSTALL_LINK = "INSTALL_LINK", _("Install link")
    GROUP_TASK = "GROUP_TASK", _("Task on a group")
    INVITATION = "INVITATION", _("Open invitation")


class Choice(TextChoices):
    """What becomes of one of those things."""

    KEEP = "KEEP", _("Keep as it is")
    ROTATE = "ROTATE", _("Keep, with another secret")
    HAND_OVER = "HAND_OVER", _("Hand over")
    END = "END", _("End it")
