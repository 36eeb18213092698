"""Which machine is this? Components hashed with a salt, and a score that forgives one changed part.

Component values never leave the machine: only salted digests do. Use a salt that stays the same for whoever compares
(the licensing or console address), so two systems cannot join their data.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum

MATCH_AT_LEAST = 0.6
_DIGEST_BYTES = 16


class Component(StrEnum):
    """A part of a machine that can identify it."""

    MACHINE_ID = "machine_id"
    BOARD_SERIAL = "board_serial"
    SYSTEM_UUID = "system_uuid"
    DISK_SERIAL = "disk_serial"
    MAC = "mac"
    CPU = "cpu"


_WEIGHTS: dict[str, int] = {
    Component.MACHINE_ID: 3,
    Component.SYSTEM_UUID: 3,
    Component.BOARD_SERIAL: 3,
    Component.DISK_SERIAL: 2,
    Component.MAC: 2,
    Component.CPU: 1,
}
_LEAST_COMMON_WEIGHT = 3
# What makers leave in when they do not fill a field; equal on thousands of machines, so it must not identify one.
_PLACEHOLDERS = frozenset(
    {"", "0", "none", "default string", "to be filled by o.e.m.", "not specified", "system serial number", "unknown"}
)


def fingerprint_components(values: Mapping[str, str], salt: str) -> dict[str, str]:
    """Hash what a machine says about its parts.

    Args:
        values: Component name → value as read; case and surrounding blanks do not matter. Unknown names, empty values
            and makers' placeholders are left out.
        salt: Who compares; another salt gives unrelated digests.

    Returns:
        Component name → 32 hex digits.
    """
    cleaned = {name: value.strip().lower() for name, value in values.items() if name in _WEIGHTS}
    return {
        name: _digest(f"{name}\0{value}", salt)
        for name, value in sorted(cleaned.items())
        if value not in _PLACEHOLDERS and set(value) - set("0f-: ")
    }


def fingerprint_digest(components: Mapping[str, str]) -> str:
    """Return one digest over all hashed components: 32 hex digits.

    A device computes it once, at its first start, and keeps it: it is the device's stable identity at the hub, and a
    later change of hardware does not change it.
    """
    joined = "\n".join(f"{name}={digest}" for name, digest in sorted(components.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[: 2 * _DIGEST_BYTES]


def fingerprint_score(known: Mapping[str, str], seen: Mapping[str, str]) -> float:
    """Return how much two fingerprints agree, 0.0 to 1.0: the weight of equal parts among those that both have.

    Below a common weight of 3 (a network card alone, say) nothing can be said: 0.0. It is symmetric.
    """
    common = [name for name in known if name in seen and name in _WEIGHTS]
    total = sum(_WEIGHTS[name] for name in common)
    if total < _LEAST_COMMON_WEIGHT:
        return 0.0
    return sum(_WEIGHTS[name] for name in common if known[name] == seen[name]) / total


def is_same_machine(known: Mapping[str, str], seen: Mapping[str, str]) -> bool:
    """Tell whether two fingerprints are the same machine: a score of at least 0.6, so one changed part is forgiven."""
    return fingerprint_score(known, seen) >= MATCH_AT_LEAST


def _digest(text: str, salt: str) -> str:
    return hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()[: 2 * _DIGEST_BYTES]
