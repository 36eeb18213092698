"""What can be wrong with a link or a signed call, by whose fault it is."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import AppError, ConflictError, GoneError, InvalidError, NotFoundError


class LinkRequestUnknownError(NotFoundError):
    """No console asks with this code. Check the code, or start the link again in the console."""

    code = "link_unknown"
    message = _("No console asks with this code. Check the code, or start the link again in the console.")


class LinkRequestOverError(GoneError):
    """This request to link was decided already or is over. Start the link again in the console."""

    code = "link_over"
    message = _("This request to link was decided already or is over. Start the link again in the console.")


class InstanceKeyInvalidError(InvalidError):
    """The key must be an Ed25519 public key as JWK: `kty` OKP, `crv` Ed25519, `x`."""

    code = "key_invalid"
    message = _("The key must be an Ed25519 public key as JWK: kty OKP, crv Ed25519, x.")


class InstanceKeyUsedError(ConflictError):
    """This key is linked already. Make a new one."""

    code = "key_used"
    message = _("This key is linked already. Make a new one.")


class CallRefusedError(AppError):
    """The signed call is not in order; `reason` names the claim."""

    code = "call_refused"
    status = 401
    message = _("The signed call is not in order; reason names the claim.")


class InstanceUnknownError(NotFoundError):
    """There is no such console."""

    code = "instance_unknown"
    message = _("There is no such console.")


class TokenUnknownError(NotFoundError):
    """There is no such token."""

    code = "api_token_unknown"
    message = _("There is no such token.")
