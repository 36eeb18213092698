"""What can go wrong with detections; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import NotFoundError


class DetectionNotFoundError(NotFoundError):
    """There is no such detection, or you may not see it."""

    code = "detection_not_found"
    message = _("There is no such detection, or you may not see it.")


class QuarantineItemNotFoundError(NotFoundError):
    """There is no such file in quarantine, or you may not see it."""

    code = "quarantine_item_not_found"
    message = _("There is no such file in quarantine, or you may not see it.")
