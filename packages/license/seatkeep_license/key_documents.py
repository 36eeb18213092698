"""The hub's lease keys as a chain of documents, so that an offline product can follow a rotation.

Each document is signed by the current key of the one before it; whoever trusts one can walk to the newest, step by
step, without trusting the connection. The first is pinned at activation.

Source:
    DESIGN §3, "Keys rotate"; the stepwise walk is that of TUF's root role (specification §5.3).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from seatkeep_license.errors import KeyDocumentError
from seatkeep_license.jose import claims_decode, open_signed, sign, unverified_claims
from seatkeep_license.keys import KeySet, SigningKey, VerifyKey

KEYS_TYP = "seatkeep-keys+jwt"


class KeyDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Which keys sign leases.

    Attributes:
        iss: The hub's licensing address for devices.
        version: Rises by exactly 1.
        iat: Issue, seconds since 1970.
        current: JWK of the key that signs now.
        next: JWK of the key that will sign after the next rotation, or null.
        retired: JWKs of keys whose leases are still good.
    """

    iss: str
    version: int
    iat: int
    current: dict[str, str]
    next: dict[str, str] | None
    retired: list[dict[str, str]]

    def keyset(self) -> KeySet:
        """Return every key whose leases are good: current, next and retired."""
        upcoming = [self.next] if self.next else []
        return KeySet(VerifyKey.from_jwk(jwk) for jwk in [self.current, *upcoming, *self.retired])


def key_document_rotate(document: KeyDocument, *, upcoming: VerifyKey, issued: int) -> KeyDocument:
    """Return the next document: next becomes current, current retires, `upcoming` becomes next.

    Args:
        document: The document in force.
        upcoming: A new key.
        issued: Time of issue, seconds since 1970.

    Raises:
        KeyDocumentError: The document names no next key.
    """
    if document.next is None:
        raise KeyDocumentError("There is no next key to rotate to.")
    return KeyDocument(
        iss=document.iss,
        version=document.version + 1,
        iat=issued,
        current=document.next,
        next=upcoming.jwk,
        retired=[document.current, *document.retired],
    )


def key_document_sign(document: KeyDocument, previous_key: SigningKey) -> str:
    """Sign a document by the current key of the document before it; the first one signs itself."""
    return sign(document, previous_key, KEYS_TYP)


def key_document_follow(trusted: KeyDocument, tokens: Iterable[str]) -> KeyDocument:
    """Walk from a trusted document to the newest of `tokens`.

    Args:
        trusted: The document that the product trusts now.
        tokens: Signed documents in rising order; those not newer than `trusted` are passed over.

    Raises:
        TokenError: See `jose.open_signed`: a document is not signed by the current key of the one before it.
        KeyDocumentError: A version is left out, or another hub issued it.
    """
    for token in tokens:
        # Only the version is used here; a liar's document is refused by its signature in the step.
        if unverified_claims(token, KeyDocument).version > trusted.version:
            trusted = _step(trusted, token)
    return trusted


def _step(trusted: KeyDocument, token: str) -> KeyDocument:
    opened = open_signed(token, typ=KEYS_TYP, keys=VerifyKey.from_jwk(trusted.current))
    document = claims_decode(opened.payload, KeyDocument)
    if document.version != trusted.version + 1:
        raise KeyDocumentError(f"Version {trusted.version + 1} is missing.")
    if document.iss != trusted.iss:
        raise KeyDocumentError("Another hub issued the document.")
    document.keyset()
    return document
