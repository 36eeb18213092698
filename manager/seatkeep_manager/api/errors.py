"""What only the API refuses; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import NotAllowedError


class ReauthenticationNeededError(NotAllowedError):
    """Sign in again to see secrets."""

    code = "reauthentication_needed"
    message = _("Sign in again to see secrets.")
