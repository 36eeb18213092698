"""What can go wrong with a device's license here; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError


class NoLicenseForDeviceError(ConflictError):
    """The customer has no license with a product for this kind of device."""

    code = "no_license_for_device"
    message = _("The customer has no license with a product for this kind of device.")
