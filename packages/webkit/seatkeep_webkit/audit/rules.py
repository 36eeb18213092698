"""Pure decisions about the journal."""

from __future__ import annotations

from seatkeep_webkit.audit.enums import Result, Severity

GRAVE_VERBS = frozenset({
    *("remove", "offboard", "suspend", "cancel", "deactivate", "revoke", "erase", "leave"),
    *("key_show", "key_rotate", "credential_show", "impersonate", "password_change", "factor_remove", "take"),
})  # fmt: skip
"""Verbs that take something away, or show what is secret; also those whose last word is one of these."""


def severity_of(action: str, result: Result | str) -> Severity:
    """How much an act deserves to be looked at, unless its writer says otherwise.

    Args:
        action: `subject:verb`.
        result: Whether it was done. What failed is an ERROR, what was refused a WARNING.
    """
    if result == Result.FAILED:
        return Severity.ERROR
    if result == Result.REFUSED:
        return Severity.WARNING
    verb = action.partition(":")[2]
    return Severity.WARNING if verb in GRAVE_VERBS else Severity.INFO
