"""What can be wrong with a Security Admin's appointment."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import NotFoundError


class SecurityAdminUnknownError(NotFoundError):
    """There is no such Security Admin."""

    code = "security_admin_unknown"
    message = _("There is no such Security Admin.")
