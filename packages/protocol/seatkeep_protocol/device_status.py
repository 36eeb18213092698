"""What is known of a device, as a table that rules can be asked about: one implementation for agent and manager.

A table has rows (a network card each, a program each), a row has fields. A symbol names one field of one table:
`software.name`. What is unknown stands in no row, so no rule about it holds, not even a negated one.

Source:
    domain/management.md §4.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from seatkeep_protocol.messages import EndpointStatus, Hardware, Inventory
from seatkeep_protocol.vocabulary import DeviceKind, LicenseState, OsFamily, ProtectionReason, ProtectionStatus

GIB = 1024**3
MICROS_PER_DAY = 86_400 * 1_000_000

Value = str | int | bool
Row = Mapping[str, Value]
DeviceStatus = Mapping[str, tuple[Row, ...]]


class ValueType(StrEnum):
    """What a symbol's values are, and so which operators make sense for it."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    VERSION = "VERSION"
    ADDRESS = "ADDRESS"
    CHOICE = "CHOICE"
    BOOLEAN = "BOOLEAN"


class Symbol(NamedTuple):
    """One thing that a rule can ask about.

    Attributes:
        table: The table of the device's status.
        field: The field of its rows.
        choices: What a CHOICE can be.
        unit: Of a NUMBER: `GiB`, `days` or `%`; empty for a plain count.
    """

    table: str
    field: str
    type: ValueType
    choices: tuple[str, ...] = ()
    unit: str = ""

    @property
    def name(self) -> str:
        """Such as `software.name`."""
        return f"{self.table}.{self.field}"


def _choice(table: str, field: str, choices: type[StrEnum]) -> Symbol:
    return Symbol(table, field, ValueType.CHOICE, tuple(choices))


_ALL = (
    Symbol("device", "name", ValueType.TEXT),
    _choice("device", "kind", DeviceKind),
    Symbol("device", "domain", ValueType.TEXT),
    Symbol("device", "last_user", ValueType.TEXT),
    Symbol("agent", "version", ValueType.VERSION),
    _choice("os", "family", OsFamily),
    Symbol("os", "name", ValueType.TEXT),
    Symbol("os", "version", ValueType.VERSION),
    Symbol("os", "edition", ValueType.TEXT),
    Symbol("os", "build", ValueType.VERSION),
    Symbol("os", "architecture", ValueType.TEXT),
    Symbol("hardware", "manufacturer", ValueType.TEXT),
    Symbol("hardware", "model", ValueType.TEXT),
    Symbol("hardware", "serial", ValueType.TEXT),
    Symbol("hardware", "cpu", ValueType.TEXT),
    Symbol("hardware", "cpu_cores", ValueType.NUMBER),
    Symbol("hardware", "memory", ValueType.NUMBER, unit="GiB"),
    Symbol("disk", "mount", ValueType.TEXT),
    Symbol("disk", "size", ValueType.NUMBER, unit="GiB"),
    Symbol("disk", "free", ValueType.NUMBER, unit="GiB"),
    Symbol("disk", "free_percent", ValueType.NUMBER, unit="%"),
    Symbol("network", "name", ValueType.TEXT),
    Symbol("network", "mac", ValueType.TEXT),
    Symbol("network", "address", ValueType.ADDRESS),
    Symbol("software", "name", ValueType.TEXT),
    Symbol("software", "version", ValueType.VERSION),
    Symbol("software", "vendor", ValueType.TEXT),
    _choice("protection", "status", ProtectionStatus),
    Symbol("protection", "open_threats", ValueType.NUMBER),
    _choice("reason", "code", ProtectionReason),
    Symbol("engine", "name", ValueType.TEXT),
    Symbol("engine", "version", ValueType.VERSION),
    Symbol("engine", "is_running", ValueType.BOOLEAN),
    Symbol("engine", "is_on_access_running", ValueType.BOOLEAN),
    Symbol("engine", "signature_age", ValueType.NUMBER, unit="days"),
    Symbol("endpoint", "version", ValueType.VERSION),
    _choice("license", "state", LicenseState),
    Symbol("license", "public_id", ValueType.TEXT),
    Symbol("license", "error", ValueType.TEXT),
    Symbol("setting_error", "name", ValueType.TEXT),
)
SYMBOLS: Mapping[str, Symbol] = {symbol.name: symbol for symbol in _ALL}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Everything last known of a device; what was never told is None or empty."""

    name: str = ""
    agent_version: str = ""
    inventory: Inventory | None = None
    endpoint: EndpointStatus | None = None


def device_status(known: Known, *, now: datetime) -> DeviceStatus:
    """Return the tables of a device.

    Args:
        known: What its messages said.
        now: Current time, aware UTC; ages are counted from it in whole days.
    """
    tables: dict[str, tuple[Row, ...]] = {"agent": _rows([{"version": known.agent_version}])}
    tables |= _inventory_tables(known) if known.inventory else {"device": _rows([{"name": known.name}])}
    if known.endpoint:
        tables |= _endpoint_tables(known.endpoint, now)
    return tables


def _rows(rows: Iterable[Mapping[str, Value | None]]) -> tuple[Row, ...]:
    """The rows without what is unknown, and without rows of which nothing is known."""
    known = ({field: value for field, value in row.items() if value not in (None, "")} for row in rows)
    return tuple(row for row in known if row)


def _inventory_tables(known: Known) -> dict[str, tuple[Row, ...]]:
    inventory = known.inventory
    assert inventory is not None  # noqa: S101 - the caller asked
    system = inventory.os
    device = {
        "name": known.name or inventory.hostname, "kind": inventory.kind.value,
        "domain": inventory.domain, "last_user": inventory.last_user,
    }  # fmt: skip
    operating_system = {
        "family": system.family.value, "name": system.name, "version": system.version,
        "edition": system.edition, "build": system.build, "architecture": system.arch,
    }  # fmt: skip
    software = ({"name": one.name, "version": one.version, "vendor": one.vendor} for one in inventory.software)
    return {
        "device": _rows([device]),
        "os": _rows([operating_system]),
        "software": _rows(software),
        **_hardware_tables(inventory.hardware),
    }


def _hardware_tables(hardware: Hardware) -> dict[str, tuple[Row, ...]]:
    machine = {
        "manufacturer": hardware.manufacturer, "model": hardware.model, "serial": hardware.serial,
        "cpu": hardware.cpu, "cpu_cores": hardware.cpu_cores or None, "memory": hardware.ram_bytes // GIB or None,
    }  # fmt: skip
    disks = (
        {
            "mount": disk.mount, "size": disk.size_bytes // GIB, "free": disk.free_bytes // GIB,
            "free_percent": disk.free_bytes * 100 // disk.size_bytes if disk.size_bytes else None,
        }
        for disk in hardware.disks
    )  # fmt: skip
    cards = (
        {"name": card.name, "mac": card.mac, "address": address}
        for card in hardware.network
        for address in card.addresses or [""]
    )
    return {"hardware": _rows([machine]), "disk": _rows(disks), "network": _rows(cards)}


def _endpoint_tables(endpoint: EndpointStatus, now: datetime) -> dict[str, tuple[Row, ...]]:
    declared = endpoint.capabilities
    engine: dict[str, Value | None] = {
        "name": endpoint.engine, "version": endpoint.engine_version,
        "is_running": declared.is_running, "is_on_access_running": declared.is_on_access_running,
        "signature_age": _age_days(declared.signatures_at_us, now),
    }  # fmt: skip
    license_ = {
        "state": endpoint.license.state.value, "public_id": endpoint.license.public_id, "error": endpoint.license.error,
    }  # fmt: skip
    return {
        "endpoint": _rows([{"version": endpoint.version}]),
        "engine": _rows([engine]),
        "license": _rows([license_]),
        "protection": _rows([{"status": endpoint.protection.value, "open_threats": endpoint.open_threats}]),
        "reason": _rows({"code": reason.value} for reason in endpoint.reasons),
        "setting_error": _rows({"name": name} for name in sorted(endpoint.settings_errors)),
    }


def _age_days(at_us: int | None, now: datetime) -> int | None:
    """Whole days since then; 0 for what a wrong clock puts into the future."""
    return None if at_us is None else max(0, int(now.timestamp() * 1_000_000) - at_us) // MICROS_PER_DAY
