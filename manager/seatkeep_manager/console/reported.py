"""What counts on a computer where no policy speaks: as its product reported it, else as the product is by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from seatkeep_protocol.settings_schema import ENDPOINT, product_schema

from seatkeep_manager.console.effective import ProductRows, Row, value_shown
from seatkeep_manager.directory.models import Device

OWN_BY_SYSTEM: dict[str, dict[str, Any]] = {"WINDOWS": {"scan.targets": [r"C:\Users"]}}
"""Where the endpoint's own value differs by system from the schema's."""
_DEFENDER = "defender."


def with_reported(device: Device, shown: ProductRows) -> ProductRows:
    """The endpoint's rows with the values that count on this computer; Defender's only where there can be one.

    A setting of Defender that nobody set has no value of ours: Defender decides it.
    """
    return replace(shown, own=tuple(_rows(device, shown.own)))


def _rows(device: Device, rows: tuple[Row, ...]) -> Iterator[Row]:
    settings = product_schema(ENDPOINT).properties
    told = OWN_BY_SYSTEM.get(device.os_family, {}) | (device.endpoint_status.get("settings") or {})
    for row in rows:
        is_defenders = row.name.startswith(_DEFENDER)
        if is_defenders and (device.os_family != "WINDOWS" or row.name not in {*told, f"{_DEFENDER}mode"}):
            continue
        value = value_shown(told[row.name], settings[row.name]) if row.name in told else row.value
        yield replace(row, value=value, is_list=isinstance(value, list))
