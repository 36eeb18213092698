"""License keys that people type, and public ids that people read out.

Both are Crockford base32 (no I, L, O, U) with a check character over GF(32). With weights that are distinct powers of
a primitive element, any single wrong character and any swap of two different characters changes the check, not only
adjacent swaps. Reading is forgiving: lower case, O for 0, I and L for 1, missing or odd dashes and spaces.

Source:
    Crockford, "Base 32"; the check is a one-symbol Reed-Solomon code over GF(32), x^5 + x^2 + 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from seatkeep_license.errors import LicenseKeyTypoError, PublicIdTypoError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KEY_DATA_CHARACTERS = 25
KEY_RANDOM_BYTES = 16
PUBLIC_ID_DATA_CHARACTERS = 8
PUBLIC_ID_RANDOM_BYTES = 5

_VALUES = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_SEPARATORS = str.maketrans("", "", "-\u2010\u2011\u2012\u2013\u2014\u2212_ \t\r\n\u00a0")
_POLYNOMIAL = 0b100101
_DOUBLED = tuple(value << 1 ^ (_POLYNOMIAL if value & 16 else 0) for value in range(32))


def generate(random_bytes: bytes) -> str:
    """Make a license key of 125 random bits, shown as XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-C.

    Args:
        random_bytes: At least 16 bytes from a cryptographic source.
    """
    values = _draw(random_bytes, KEY_DATA_CHARACTERS, KEY_RANDOM_BYTES)
    return _grouped(_text([*values, _check(values)]), 5)


def normalize(text: str) -> str:
    """Return a typed license key as its 26 characters without dashes: what is compared and hashed.

    Raises:
        LicenseKeyTypoError: A character is wrong, missing, too many, or in the wrong place.
    """
    values = _read(text, KEY_DATA_CHARACTERS + 1)
    if values is None:
        raise LicenseKeyTypoError
    return _text(values)


def parse(text: str) -> str:
    """Return a typed license key in the form in which it is shown.

    Raises:
        LicenseKeyTypoError: See `normalize`.
    """
    return _grouped(normalize(text), 5)


def public_id_generate(random_bytes: bytes) -> str:
    """Make a shareable id of 40 random bits, shown as XXX-XXX-XXX; the last character is the check.

    It is no secret and not unique by itself: the caller keeps it under a unique constraint and draws again.

    Args:
        random_bytes: At least 5 bytes.
    """
    values = _draw(random_bytes, PUBLIC_ID_DATA_CHARACTERS, PUBLIC_ID_RANDOM_BYTES)
    return _grouped(_text([*values, _check(values)]), 3)


def public_id_parse(text: str) -> str:
    """Return a typed public id in the form in which it is shown and stored.

    Raises:
        PublicIdTypoError: A character is wrong, missing, too many, or in the wrong place.
    """
    values = _read(text, PUBLIC_ID_DATA_CHARACTERS + 1)
    if values is None:
        raise PublicIdTypoError
    return _grouped(_text(values), 3)


def _draw(random_bytes: bytes, count: int, least_bytes: int) -> list[int]:
    if len(random_bytes) < least_bytes:
        raise ValueError(f"At least {least_bytes} random bytes are needed.")
    number = int.from_bytes(random_bytes[:least_bytes], "big")
    return [number >> (5 * place) & 31 for place in reversed(range(count))]


def _read(text: str, count: int) -> list[int] | None:
    values = [_VALUES.get(character) for character in text.translate(_SEPARATORS).upper()]
    known = [value for value in values if value is not None]
    if len(values) != count or len(known) != count or _check(known[:-1]) != known[-1]:
        return None
    return known


def _check(values: Sequence[int]) -> int:
    # Horner's scheme: each character is weighted by a power of the primitive element 2; the check itself has weight 1.
    total = 0
    for value in values:
        total = _DOUBLED[total ^ value]
    return total


def _text(values: Sequence[int]) -> str:
    return "".join(ALPHABET[value] for value in values)


def _grouped(text: str, size: int) -> str:
    return "-".join(text[start : start + size] for start in range(0, len(text), size))
