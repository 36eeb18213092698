"""What counts on a computer where no policy speaks: as its product reported it, else as the product is by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from seatkeep_manager.console.effective import ProductRows, Row
from seatkeep_manager.console.words import CHOICES
from seatkeep_manager.directory.models import Device

OWN_BY_SYSTEM = {("WINDOWS", "scan.targets"): [r"C:\Users"]}
"""Where a product's own value differs by system from the schema's."""
_DEFENDER = "defender."


def with_reported(device: Device, shown: ProductRows) -> ProductRows:
    """The endpoint's rows with the values that count on this computer; Defender's only where there can be one.

    A setting of Defender that nobody set has no value of ours: Defender decides it.
    """
    return replace(shown, own=tuple(_rows(device, shown.own)))


def _rows(device: Device, rows: tuple[Row, ...]) -> Iterator[Row]:
    reported = device.endpoint_status.get("settings") or {}
    for row in rows:
        value = reported.get(row.name, OWN_BY_SYSTEM.get((device.os_family, row.name), row.value))
        is_defenders = row.name.startswith(_DEFENDER)
        if is_defenders and (device.os_family != "WINDOWS" or row.name not in {*reported, f"{_DEFENDER}mode"}):
            continue
        yield replace(row, value=CHOICES.get(value, value) if isinstance(value, str) else value)
