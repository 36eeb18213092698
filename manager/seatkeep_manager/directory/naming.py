"""Names by pattern: `{customer}-{hostname}`, `PC-{n:03}`; one meaning for people, the API and daily rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from uuid import UUID

from seatkeep_manager.directory.errors import PatternInvalidError
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.rules import MAX_NAME_LENGTH

KNOWN = ("hostname", "serial", "user", "group", "os")
"""What is known of a computer by itself."""
FIELDS = (*KNOWN, "customer")
"""What a pattern may name beside the number, `{n}` or `{n:03}` (with zeros before it)."""
_PART = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"n(?::0([1-9]))?")


def pattern_check(pattern: str, *, fields: Iterable[str] = FIELDS, is_numbered: bool = True) -> str:
    """The pattern without outer blanks.

    Args:
        pattern: As written.
        fields: What it may name.
        is_numbered: Whether it may count.

    Raises:
        PatternInvalidError: It names nothing, something unknown, is longer than 200 characters or not printable.
    """
    cleaned, allowed = pattern.strip(), set(fields)
    parts = _PART.findall(cleaned)
    is_known = all(part in allowed or (is_numbered and _NUMBER.fullmatch(part)) for part in parts)
    bare = _PART.sub("", cleaned)
    if not parts or not is_known or "{" in bare or "}" in bare or len(cleaned) > 200 or not cleaned.isprintable():
        raise PatternInvalidError(fields={"pattern": [PatternInvalidError.message]})
    return cleaned


def name_of(pattern: str, device: Device, *, customer: str = "", number: int = 0) -> str:
    """The name that a checked pattern gives a device; "" when something it names is not known of the device."""
    known = {
        "hostname": device.hostname, "serial": device.serial, "user": device.last_user, "group": device.group.name,
        "os": device.os_name, "customer": customer,
    }  # fmt: skip

    def part(found: re.Match[str]) -> str:
        counted = _NUMBER.fullmatch(found.group(1))
        return f"{number:0{counted.group(1) or 1}}" if counted else known[found.group(1)]

    if not all(known[name] for name in _PART.findall(pattern) if not _NUMBER.fullmatch(name)):
        return ""
    return _PART.sub(part, pattern)[:MAX_NAME_LENGTH].strip()


def names_of(pattern: str, devices: Iterable[Device], *, start: int = 1) -> dict[int, str]:
    """The names that a pattern gives devices, by id, numbered in the order given.

    A device of which something is not known is left out and takes no number.

    Raises:
        PatternInvalidError: See `pattern_check`.
    """
    checked, chosen = pattern_check(pattern), list(devices)
    customers = _customers({device.company_hub_id for device in chosen if device.company_hub_id})
    names: dict[int, str] = {}
    for device in chosen:
        customer = customers.get(device.company_hub_id, "") if device.company_hub_id else ""
        if name := name_of(checked, device, customer=customer, number=start + len(names)):
            names[device.pk] = name
    return names


def _customers(hub_ids: set[UUID]) -> Mapping[UUID | None, str]:
    return dict(StaticGroup.objects.filter(hub_id__in=hub_ids).values_list("hub_id", "name"))
