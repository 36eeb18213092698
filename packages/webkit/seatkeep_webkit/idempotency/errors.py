"""Why a key is refused."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from seatkeep_webkit.errors import ConflictError, InvalidError


class KeyReusedError(ConflictError):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    message = _("This Idempotency-Key was used for another request.")


class KeyInvalidError(InvalidError):
    """The Idempotency-Key is empty, too long, or has characters outside of visible ASCII."""

    code = "idempotency_key_invalid"
    message = _("Idempotency-Key must be 1 to 200 visible ASCII characters.")
