"""An activation ticket: a console task's right to one seat, bound to the device's key.

The manager signs it by the instance's own key; the device adds it to its activation request. So no secret of an MSP's
license ever lies on a customer's machine, and a stolen ticket is of no use without the device's key.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from seatkeep_license.errors import TokenMalformedError
from seatkeep_license.jose import (
    audience_check,
    binding_check,
    claims_decode,
    expiry_check,
    not_from_future_check,
    open_signed,
    sign,
    unverified_header,
)
from seatkeep_license.keys import KeySet, SigningKey, VerifyKey
from seatkeep_license.leases import Confirmation

TICKET_TYP = "seatkeep-ticket+jwt"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a ticket, named as on the wire.

    Attributes:
        iss: Instance uid.
        aud: The hub's licensing address for devices.
        license: The license's public id.
        product: Product code.
        company: Customer uid.
        cnf: The device key that may use the ticket.
        task: Id of the task that asked for the activation.
        iat: Issue, seconds since 1970.
        exp: The task's expiry, seconds since 1970.
        jti: Unique id of the ticket.
    """

    iss: str
    aud: str
    license: str
    product: str
    company: str
    cnf: Confirmation
    task: str
    iat: int
    exp: int
    jti: str


def ticket_sign(ticket: Ticket, key: SigningKey) -> str:
    """Sign a ticket by the instance's key."""
    return sign(ticket, key, TICKET_TYP)


def ticket_kid(token: str | bytes) -> str:
    """Return the id of the key that a ticket claims to be signed by, so that the hub can look the instance up.

    Nothing is checked yet.

    Raises:
        TokenMalformedError: Not a token at all.
    """
    return unverified_header(token).kid


def ticket_verify(
    token: str | bytes,
    *,
    keys: VerifyKey | KeySet,
    audience: str,
    now: datetime,
    device_key: VerifyKey,
    product: str | None = None,
) -> Ticket:
    """Check a ticket against the device that hands it in.

    Args:
        token: The ticket.
        keys: The key of the instance that `ticket_kid` led to.
        audience: This hub's licensing address for devices.
        now: Current time, aware UTC.
        device_key: The key that signed the activation request around the ticket.
        product: The product that the request asks for; None: not looked at.

    Raises:
        TokenError: See `jose.open_signed`; AudienceForeignError, TokenExpiredError, ClockSkewError;
            KeyBindingError when another device uses it; TokenMalformedError when it is for another product.
    """
    ticket = claims_decode(open_signed(token, typ=TICKET_TYP, keys=keys).payload, Ticket)
    audience_check(ticket.aud, audience)
    expiry_check(ticket.exp, now)
    not_from_future_check(ticket.iat, now)
    binding_check(ticket.cnf.jkt, device_key)
    if product is not None and ticket.product != product:
        raise TokenMalformedError("The ticket is for another product.")
    return ticket
