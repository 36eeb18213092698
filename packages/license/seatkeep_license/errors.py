"""What can be wrong with something signed, by whose fault it is.

`TokenError` is the signer's or the messenger's fault: the thing must not be used. Each class has a stable `code` that
fits a problem+json answer, and its docstring is its message.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class LicenseError(Exception):
    """Something about a license could not be accepted."""

    code: ClassVar[str] = "license_error"

    def __init__(self, detail: str | None = None) -> None:
        """Take the sentence for the reader; the class's own docstring when none is given."""
        self.detail = detail or (type(self).__doc__ or "").splitlines()[0]
        super().__init__(self.detail)


class KeyMaterialError(LicenseError):
    """This is not an Ed25519 key in the expected form."""

    code = "key_invalid"


class TokenError(LicenseError):
    """The signed token must not be used."""

    code = "token_invalid"


class TokenMalformedError(TokenError):
    """The token is not a compact JWS in canonical form, or its content does not have the expected shape."""

    code = "malformed"


class TokenTypeError(TokenError):
    """The token was made for another use."""

    code = "token_type_wrong"


class TokenAlgorithmError(TokenError):
    """The token is not signed with EdDSA."""

    code = "algorithm_wrong"


class KeyUnknownError(TokenError):
    """No trusted key has the id that the token names; the signer may have rotated its keys."""

    code = "key_unknown"

    def __init__(self, kid: str) -> None:
        """Keep the key id, so that the caller may fetch newer keys once and try again."""
        super().__init__(f"No trusted key has the id {kid!r}.")
        self.kid = kid


class SignatureInvalidError(TokenError):
    """The signature does not belong to this content and key."""

    code = "signature_invalid"


class AudienceForeignError(TokenError):
    """The token was made for another receiver."""

    code = "audience_foreign"


class IssuerForeignError(TokenError):
    """The token was made by another issuer."""

    code = "issuer_foreign"


class TokenExpiredError(TokenError):
    """The token is past its expiry."""

    code = "token_expired"

    def __init__(self, expired_at: datetime) -> None:
        """Keep the instant of expiry (aware UTC)."""
        super().__init__(f"The token expired at {expired_at.isoformat()}.")
        self.expired_at = expired_at


class ClockSkewError(TokenError):
    """The token's time is too far from ours; one of the two clocks is wrong."""

    code = "clock_skew"

    def __init__(self, issued_at: datetime, now: datetime) -> None:
        """Keep both instants (aware UTC), so that the answer can carry the server's time."""
        super().__init__(f"The token says {issued_at.isoformat()}, our clock {now.isoformat()}.")
        self.issued_at = issued_at
        self.now = now


class KeyBindingError(TokenError):
    """The token is bound to the key of another device."""

    code = "key_binding_wrong"


class RequestMismatchError(TokenError):
    """The token belongs to another request: method, path or body differ."""

    code = "request_mismatch"


class KeyDocumentError(TokenError):
    """The key document does not follow the one that is trusted."""

    code = "key_document_wrong"


class LicenseKeyTypoError(LicenseError):
    """The license key is not spelled correctly; compare it with the original."""

    code = "license_key_typo"


class PublicIdTypoError(LicenseError):
    """The public id is not spelled correctly; compare it with the original."""

    code = "public_id_typo"
