"""Pure decisions about the company tree and access to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from seatkeep_hub.companies.enums import CompanyKind, CompanyStatus

MAX_DEPTH = 12
"""Levels of the tree, the root included."""

MAX_NAME_LENGTH = 200

CHILD_KINDS: Mapping[CompanyKind, frozenset[CompanyKind]] = {
    CompanyKind.VENDOR: frozenset(
        {CompanyKind.DISTRIBUTOR, CompanyKind.MSP_MANAGER, CompanyKind.MSP, CompanyKind.BUSINESS}
    ),
    CompanyKind.DISTRIBUTOR: frozenset(
        {CompanyKind.DIVISION, CompanyKind.MSP_MANAGER, CompanyKind.MSP, CompanyKind.BUSINESS}
    ),
    CompanyKind.DIVISION: frozenset({CompanyKind.MSP_MANAGER, CompanyKind.MSP, CompanyKind.BUSINESS}),
    CompanyKind.MSP_MANAGER: frozenset({CompanyKind.MANAGED_MSP, CompanyKind.CUSTOMER}),
    CompanyKind.MSP: frozenset({CompanyKind.CUSTOMER}),
    CompanyKind.MANAGED_MSP: frozenset({CompanyKind.CUSTOMER}),
    CompanyKind.CUSTOMER: frozenset(),
    CompanyKind.BUSINESS: frozenset(),
}
"""Who may create whom. The vendor may hold an MSP directly: in one-MSP use it is the hidden root.

Source:
    domain/licensing.md, section 2.1.
"""


def can_create(parent: CompanyKind | str, child: CompanyKind | str) -> bool:
    """Whether a company of kind `child` may stand directly below one of kind `parent`."""
    return CompanyKind(child) in CHILD_KINDS[CompanyKind(parent)]


def child_kinds(parent: CompanyKind | str) -> list[CompanyKind]:
    """Kinds that may be created below `parent`, in the order of the enum."""
    return [kind for kind in CompanyKind if kind in CHILD_KINDS[CompanyKind(parent)]]


def move_fault(
    *, path: Sequence[int], kind: str, height: int, parent_path: Sequence[int], parent_kind: str
) -> str | None:
    """Say why a company cannot move below a parent, or None.

    Args:
        path: Path of the company that moves.
        kind: Its kind.
        height: Levels of its own subtree, itself included (at least 1).
        parent_path: Path of the new parent.
        parent_kind: Kind of the new parent.

    Returns:
        `cycle`, `kind`, `depth` or None.
    """
    if path[-1] in parent_path:
        return "cycle"
    if not can_create(parent_kind, kind):
        return "kind"
    return "depth" if len(parent_path) + height > MAX_DEPTH else None


def name_fault(name: str) -> str | None:
    """Say what is wrong with a company's name, or None."""
    if not name.strip():
        return "A name is needed."
    if len(name) > MAX_NAME_LENGTH:
        return f"At most {MAX_NAME_LENGTH} characters."
    return None if name.isprintable() else "The name holds characters that cannot be shown."


MAX_TAGS = 50
MAX_TAG_LENGTH = 60
MAX_BUNDLES = 200
MAX_NOTE_LENGTH = 4_000
MAX_LENGTHS: Mapping[str, int] = {
    "email": 254,
    "contact_name": 120,
    "phone": 40,
    "street": 200,
    "postal_code": 20,
    "city": 100,
    "region": 100,
    "custom_identifier": 100,
    "vat_id": 40,
    "description": 2000,
}
"""Longest text of each field of a company, in characters."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def field_faults(values: Mapping[str, Any]) -> dict[str, str]:
    """Say by field what is wrong with values of a company; empty when all are right. An empty text is right."""
    found = {name: _field_fault(name, value) for name, value in values.items()}
    return {name: fault for name, fault in found.items() if fault}


def email_fault(email: str) -> str | None:
    """Say what is wrong with an e-mail address, or None."""
    return None if _EMAIL.fullmatch(email) and email.isprintable() else "This is no e-mail address."


def note_fault(text: str) -> str | None:
    """Say what is wrong with a note, or None."""
    if not text.strip():
        return "A text is needed."
    if len(text) > MAX_NOTE_LENGTH:
        return f"At most {MAX_NOTE_LENGTH} characters."
    return _signs_fault(text)


def _field_fault(name: str, value: Any) -> str | None:
    if name == "name":
        return name_fault(value)
    if name == "tags":
        return tags_fault(value)
    if name == "allowed_bundles":
        return "At most 200." if value is not None and len(value) > MAX_BUNDLES else None
    if name == "time_zone":
        return time_zone_fault(value)
    return _text_fault(name, value) if name in MAX_LENGTHS or name == "country" else None


def _text_fault(name: str, value: str) -> str | None:
    if not value:
        return None
    if name == "country":
        return None if re.fullmatch("[A-Z]{2}", value) else "Two letters are needed, such as DE."
    if len(value) > MAX_LENGTHS[name]:
        return f"At most {MAX_LENGTHS[name]} characters."
    if name == "description":
        return _signs_fault(value)
    if not value.isprintable():
        return "It holds characters that cannot be shown."
    return email_fault(value) if name == "email" else None


def _signs_fault(text: str) -> str | None:
    is_shown = all(sign.isprintable() or sign in "\r\n\t" for sign in text)
    return None if is_shown else "It holds characters that cannot be shown."


def tags_fault(tags: Sequence[str]) -> str | None:
    """Say what is wrong with normalized tags, or None."""
    if len(tags) > MAX_TAGS:
        return f"At most {MAX_TAGS} tags."
    if any(len(tag) > MAX_TAG_LENGTH or not tag.isprintable() for tag in tags):
        return f"A tag has at most {MAX_TAG_LENGTH} characters that can be shown."
    return None


def allowed_codes(limits: Iterable[Collection[str] | None]) -> frozenset[str] | None:
    """What may be ordered where the companies from the root down set these limits; None is anything.

    Each level can only narrow what the levels above allow.
    """
    allowed: frozenset[str] | None = None
    for limit in limits:
        if limit is not None:
            allowed = frozenset(limit) if allowed is None else allowed & frozenset(limit)
    return allowed


def time_zone_fault(name: str) -> str | None:
    """Say what is wrong with an IANA time zone name, or None."""
    return None if name in _time_zones() else "This time zone is not known."


@cache
def _time_zones() -> frozenset[str]:
    # The standard library looks through the file system each time, which an import of thousands would feel.
    return frozenset(available_timezones())


def tags_normalize(tags: Iterable[str]) -> list[str]:
    """Trim tags, drop empty and repeated ones, keep their order."""
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def can_suspend(status: str) -> bool:
    """Active and waiting companies can be suspended."""
    return status in {CompanyStatus.ACTIVE, CompanyStatus.WAITING}


def can_remove(kind: str, status: str) -> bool:
    """Everything but the root and what is removed already: this is for off-boarding, which asks for its own dates."""
    return kind != CompanyKind.VENDOR and status != CompanyStatus.REMOVED
