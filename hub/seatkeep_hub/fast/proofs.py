"""From the bytes of a request to a proven wish: pure checks, no I/O, time passed in.

A replay is harmless by construction, so no list of seen ids is kept: an activation or renewal sent again gives a lease
that only the device's own key can use, and changes no count; one that is older than the last decision about the seat
(released, protection stopped, key replaced) is refused as `replayed` by the seat transaction, and so is a release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from seatkeep_license.encoding import instant_of
from seatkeep_license.errors import (
    ClockSkewError,
    LicenseError,
    LicenseKeyTypoError,
    TokenExpiredError,
    TokenMalformedError,
    TokenTypeError,
)
from seatkeep_license.jose import unverified_claims
from seatkeep_license.keys import KeySet, VerifyKey
from seatkeep_license.leases import lease_verify
from seatkeep_license.requests import (
    ActivateRequest,
    DeviceInfo,
    Proven,
    RenewRequest,
    activate_verify,
    release_verify,
    renew_verify,
)
from seatkeep_license.tickets import Ticket, ticket_verify

from seatkeep_hub.fast.problems import Refused
from seatkeep_hub.licensing.activation import Device, Wish
from seatkeep_hub.licensing.book import Release
from seatkeep_hub.licensing.lookups import key_lookup, secret_lookup
from seatkeep_hub.licensing.transaction import Renewal

MAX_TEXT = 200
MAX_FINGERPRINT = 128
MAX_JTI = 64
MAX_SEQ = 2**53


@dataclass(frozen=True)
class Signer:
    """An instance that may sign tickets.

    Attributes:
        key: Its own key.
        company_id: Its company; tickets are good for it and companies below it.
    """

    key: VerifyKey
    company_id: int


class ProvenRenewal(NamedTuple):
    """A renewal, and the request that asked for it: its last lease counts when the hub does not know the seat."""

    renewal: Renewal
    request: Proven[RenewRequest]


def activation_open(body: bytes, *, audience: str, now: datetime) -> Proven[ActivateRequest]:
    """Check an activation request; its right to a seat is judged by `activation_wish`.

    Raises:
        Refused: `malformed`, `proof_invalid` or `clock_skew`.
    """
    try:
        return activate_verify(body, audience=audience, now=now)
    except LicenseError as error:
        raise _refusal(error, now) from error


def ticket_issuer(request: ActivateRequest) -> UUID | None:
    """Which instance claims to have signed the ticket, to look its key up; None without a ticket.

    Raises:
        Refused: `ticket_invalid`.
    """
    if request.ticket is None:
        return None
    try:
        return UUID(unverified_claims(request.ticket, Ticket).iss)
    except (LicenseError, ValueError) as error:
        raise Refused("ticket_invalid") from error


def activation_wish(
    proven: Proven[ActivateRequest], *, signers: Mapping[UUID, Signer], audience: str, now: datetime
) -> Wish:
    """What the device wants and by which right.

    Args:
        proven: The checked request.
        signers: Instances by uid, revoked ones left out.
        audience: Licensing address for devices.
        now: Current time, aware UTC.

    Raises:
        Refused: `malformed`, `ticket_invalid`, `ticket_expired` or `license_unknown`.
    """
    request = proven.claims
    wish = Wish(
        device=_device(proven),
        product=_clean(request.product),
        issued_at=instant_of(request.iat),
        jti=_jti(request.jti),
    )
    if request.ticket is not None:
        return _by_ticket(wish, proven, request.ticket, signers, audience, now)
    if request.license_key is not None:
        return wish._replace(key_lookup=_key_lookup(request.license_key))
    credential = request.credential
    assert credential is not None  # noqa: S101  # activate_verify lets exactly one way through.
    return wish._replace(username=_clean(credential.username), secret_lookup=secret_lookup(_clean(credential.secret)))


def renewal_open(body: bytes, *, audience: str, now: datetime) -> ProvenRenewal:
    """Check a renewal request. The lease inside is not looked at: see `renewal_recreation`.

    Raises:
        Refused: `malformed`, `proof_invalid` or `clock_skew`.
    """
    try:
        proven = renew_verify(body, audience=audience, now=now)
    except LicenseError as error:
        raise _refusal(error, now) from error
    request = proven.claims
    if not 0 <= request.seq < MAX_SEQ:
        raise Refused("malformed")
    return ProvenRenewal(Renewal(_uuid(request.seat), proven.key.kid, request.seq), proven)


def renewal_recreation(proven: ProvenRenewal, *, audience: str, trusted: KeySet) -> Wish:
    """The seat anew, by the device's last lease, for a hub that was restored from a backup and does not know it.

    Raises:
        Refused: `seat_unknown`, when that lease is not genuine, not the device's own, or of another seat.
    """
    renewal, (request, key) = proven
    try:
        lease = lease_verify(request.lease, trusted, issuer=audience, device_key=key)
        if UUID(lease.sub) != renewal.seat_uid:
            raise Refused("seat_unknown")
        return Wish(
            device=_described(lease.fp, key, request.device or DeviceInfo(name="")),
            product=lease.product,
            issued_at=instant_of(request.iat),
            jti=lease.jti[:MAX_JTI],
            license_uid=UUID(lease.license_id),
            company=UUID(lease.company),
            seat_uid=renewal.seat_uid,
            seq=max(lease.seq, renewal.seq),
            epoch=lease.seat_epoch,
        )
    except (LicenseError, ValueError) as error:
        raise Refused("seat_unknown") from error


def release_open(body: bytes, *, audience: str, now: datetime) -> Release:
    """Check a release request.

    Raises:
        Refused: `malformed`, `proof_invalid` or `clock_skew`.
    """
    try:
        proven = release_verify(body, audience=audience, now=now)
    except LicenseError as error:
        raise _refusal(error, now) from error
    return Release(_uuid(proven.claims.seat), proven.key.kid, instant_of(proven.claims.iat))


def _by_ticket(
    wish: Wish,
    proven: Proven[ActivateRequest],
    token: str,
    signers: Mapping[UUID, Signer],
    audience: str,
    now: datetime,
) -> Wish:
    signer = signers.get(ticket_issuer(proven.claims) or UUID(int=0))
    if signer is None:
        raise Refused("ticket_invalid")
    try:
        ticket = ticket_verify(
            token, keys=signer.key, audience=audience, now=now, device_key=proven.key, product=proven.claims.product
        )
        company = UUID(ticket.company)
    except TokenExpiredError as error:
        raise Refused("ticket_expired") from error
    except (LicenseError, ValueError) as error:
        raise Refused("ticket_invalid") from error
    return wish._replace(
        public_id=_clean(ticket.license),
        company=company,
        scope_company_id=signer.company_id,
        issued_at=min(wish.issued_at, instant_of(ticket.iat)),
    )


def _device(proven: Proven[ActivateRequest]) -> Device:
    request = proven.claims
    if not 1 <= len(request.fp) <= MAX_FINGERPRINT or _clean(request.fp) != request.fp:
        raise Refused("malformed")
    return _described(request.fp, proven.key, request.device)


def _described(fingerprint: str, key: VerifyKey, info: DeviceInfo) -> Device:
    return Device(
        fingerprint=fingerprint,
        key=key.raw,
        key_thumbprint=key.kid,
        name=_clean(info.name) or "?",
        serial=_clean(info.serial),
        os=_clean(info.os),
        agent_device=_clean(info.agent_device or "")[:32],
    )


def _clean(text: str) -> str:
    """Text that PostgreSQL can hold and a page can show, at most 200 characters."""
    if len(text) <= MAX_TEXT and text.isprintable():
        return text
    return "".join(character for character in text[: 2 * MAX_TEXT] if character.isprintable())[:MAX_TEXT]


def _key_lookup(text: str) -> bytes:
    try:
        return key_lookup(text)
    except (LicenseKeyTypoError, UnicodeError) as error:
        raise Refused("license_unknown") from error


def _jti(text: str) -> str:
    if not 1 <= len(text) <= MAX_JTI or _clean(text) != text:
        raise Refused("malformed")
    return text


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Refused("malformed") from error


def _refusal(error: LicenseError, now: datetime) -> Refused:
    if isinstance(error, ClockSkewError):
        return Refused("clock_skew", server_time_us=int(now.timestamp() * 1_000_000))
    return Refused("malformed" if isinstance(error, (TokenMalformedError, TokenTypeError)) else "proof_invalid")
