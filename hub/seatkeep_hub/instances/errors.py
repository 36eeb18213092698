"""What can be wrong with a link or a signed call, by whose fault it is."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import AppError, ConflictError, GoneError, InvalidError, NotAllowedError, NotFoundError


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


class ScopeError(InvalidError):
    """There is no such scope, or the end lies in the past."""

    code = "scope_invalid"
    message = _("There is no such scope, or the end lies in the past.")


class ScopeTooMuchError(NotAllowedError):
    """A token cannot do more than who makes it."""

    code = "scope_exceeds_own"
    message = _("A token cannot do more than who makes it.")


class ApiNotAllowedError(NotAllowedError):
    """Your use of the API is switched off. Ask an administrator of your company."""

    code = "api_not_allowed"
    message = _("Your use of the API is switched off. Ask an administrator of your company.")
