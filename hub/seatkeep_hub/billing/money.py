"""Amounts of money: whole minor units of a currency, rounded once and exactly."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction


class NotAPriceError(ValueError):
    """The text is not a number, or finer than a ten-thousandth of a minor unit."""


DIGITS = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0, "KRW": 0,
    "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0,
    "XPF": 0,
}  # fmt: skip
"""Decimal places of the currencies that have other than two (ISO 4217)."""

MAX_MINOR = 10**12
"""Largest amount of one price, minimum or correction, in minor units."""

RATE_PLACES = 4
"""Decimal places of a price in minor units: a seat's day may cost a part of a cent."""


def is_currency(code: str) -> bool:
    """Whether it looks like an ISO 4217 code: three capital letters."""
    return re.fullmatch("[A-Z]{3}", code) is not None


def digits_of(currency: str) -> int:
    """Decimal places of a currency: 2 for EUR, 0 for JPY."""
    return DIGITS.get(currency, 2)


def rounded(amount: Fraction) -> int:
    """Whole minor units; a half goes away from zero, so that a correction mirrors what it corrects."""
    whole = (abs(amount) * 2 + 1) // 2
    return int(whole) if amount >= 0 else -int(whole)


def money_text(minor: int, currency: str) -> str:
    """Such as `1,234.50 EUR`, for people and files."""
    places = digits_of(currency)
    return f"{Decimal(minor).scaleb(-places):,.{places}f} {currency}"


def price_text(price_minor: Decimal, currency: str) -> str:
    """Such as `3.50`, in the main unit: the places of the currency, or as many more as the price has."""
    value = decimal_of(price_minor, currency).normalize()
    usual = decimal_of(1, currency)
    exponent = value.as_tuple().exponent
    is_finer = isinstance(exponent, int) and exponent < -digits_of(currency)
    return f"{value:f}" if is_finer else f"{value.quantize(usual):f}"


def decimal_of(minor: Decimal | int, currency: str) -> Decimal:
    """Minor units in the currency's main unit: 350 cents are 3.50."""
    return Decimal(minor).scaleb(-digits_of(currency))


def minor_of(text: str, currency: str) -> Decimal:
    """Minor units, with up to four decimal places, of a price such as `3.50` in the currency's main unit.

    Raises:
        NotAPriceError: It is not a number, or finer than a ten-thousandth of a minor unit.
    """
    try:
        value = Decimal(text.strip().replace(",", ".")).scaleb(digits_of(currency))
    except InvalidOperation:
        raise NotAPriceError(text) from None
    if not value.is_finite() or value != round(value, RATE_PLACES):
        raise NotAPriceError(text)
    return value.quantize(Decimal(1).scaleb(-RATE_PLACES))
