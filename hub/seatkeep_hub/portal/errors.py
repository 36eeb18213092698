"""Refusals of the pages' own acts."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import GoneError, NotAllowedError, UnavailableError


class FirstRunDoneError(GoneError):
    """Seatkeep is set up already; this link worked once and is dead now."""

    code = "set_up_already"
    message = _("Seatkeep is set up already. This link worked once and is dead now.")


class SetupTokenWrongError(NotAllowedError):
    """The set-up link is not the one that was printed at the first start."""

    code = "setup_token_wrong"
    message = _("This is not the set-up link that was printed at the first start. `seatkeep status` prints it again.")


class NotSecurityAdminError(NotAllowedError):
    """Only a Security Admin of a license owner may approve a console."""

    code = "not_security_admin"
    message = _("Only a Security Admin may approve a console. Ask the license owner to invite you.")


class RecoveryKitError(UnavailableError):
    """The key ring file cannot be read."""

    code = "recovery_kit"
    message = _("The key ring cannot be read. `seatkeep doctor` says why.")


class NotOwnerError(NotAllowedError):
    """Only the owner of this server may do this."""

    code = "not_owner"
    message = _("Only the owner of this server may do this.")
