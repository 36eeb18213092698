"""What can go wrong with installers; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import InvalidError, NotFoundError


class WishInvalidError(InvalidError):
    """An installer cannot be made so."""

    code = "installer_invalid"
    message = _("An installer cannot be made so.")
    group = _("No group has such a name.")
    proxy = _("The proxy must be an address like http://proxy.example.com:3128, without name and password.")


class PayloadMissingError(NotFoundError):
    """The operator has not built the installer's payload yet."""

    code = "payload_missing"
    message = _("The operator has not built the installer's payload yet.")
