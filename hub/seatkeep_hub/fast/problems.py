"""Refusals of the fast path: stable codes, their HTTP status and a sentence (docs/reference/wire.md, section 4)."""

from __future__ import annotations

from collections.abc import Mapping

PROBLEMS: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "The request is not a signed request of the expected shape."),
    "proof_invalid": (401, "The proof of the device's key does not hold."),
    "clock_skew": (401, "The device's clock is more than two minutes away from the server's."),
    "call_refused": (401, "The instance's signed call is not in order."),
    "ticket_invalid": (403, "The activation ticket is not valid for this device, product and customer."),
    "ticket_expired": (403, "The activation ticket has expired; the task must be run again."),
    "license_suspended": (403, "The license is suspended."),
    "license_expired": (403, "The license has expired."),
    "company_suspended": (403, "The customer is suspended or removed."),
    "license_unknown": (404, "There is no such license."),
    "seat_unknown": (404, "There is no such seat."),
    "not_found": (404, "There is nothing here."),
    "method_not_allowed": (405, "This method is not possible here."),
    "product_not_in_license": (409, "The license does not hold this product, or the customer has no share of it."),
    "no_seat_left": (409, "Every seat is taken, and the license does not allow more."),
    "seat_released": (409, "The seat was given back or protection was stopped; activate again."),
    "device_replaced": (409, "The same device was activated with another key since."),
    "replayed": (409, "This request is older than what was decided about the seat since; make a new one."),
    "too_large": (413, "The request is larger than 16 kB."),
    "rate_limited": (429, "Too many requests."),
    "busy": (503, "The service cannot answer at this moment; try again."),
}
"""Status and detail by code."""

RETRY_AFTER_SECONDS = 5


class Refused(Exception):  # noqa: N818  # A refusal is an answer, not a failure of the program.
    """A request that is answered with a problem document.

    Attributes:
        code: One of `PROBLEMS`.
        extra: Further members of the document.
    """

    def __init__(self, code: str, **extra: object) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    @property
    def status(self) -> int:
        """The HTTP status."""
        return PROBLEMS[self.code][0]

    def document(self) -> dict[str, object]:
        """The problem document (RFC 9457)."""
        status, detail = PROBLEMS[self.code]
        return {
            "type": "about:blank",
            "title": self.code,
            "status": status,
            "code": self.code,
            "detail": detail,
        } | self.extra
