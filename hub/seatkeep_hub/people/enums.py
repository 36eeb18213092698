"""Named states of people who leave."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Left(TextChoices):
    """What somebody who leaves has made or holds."""

    TOKEN = "TOKEN", _("API client")
    INVITATION = "INVITATION", _("Open invitation")
    ADMIN = "ADMIN", _("Manages licenses as Security Admin")
    ADMIN_INVITATION = "ADMIN_INVITATION", _("Open invitation of a Security Admin")
    CONSOLE = "CONSOLE", _("Linked console")


class Choice(TextChoices):
    """What becomes of one of those things."""

    KEEP = "KEEP", _("Keep as it is")
    ROTATE = "ROTATE", _("Keep, with another secret")
    HAND_OVER = "HAND_OVER", _("Hand over")
    END = "END", _("End it")
