"""Keeps what devices report of themselves as far as problems are judged by it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from django.db import connection
from seatkeep_protocol.messages import Disk, EndpointStatus, Inventory

_SQL = files(__package__).joinpath("sql")
_STATUS = _SQL.joinpath("conditions_status.sql").read_text()
_INVENTORY = _SQL.joinpath("conditions_inventory.sql").read_text()
DISK_LEAST_BYTES = 2**30
"""Smaller disks, such as a boot partition, are always nearly full."""
IMAGES = "/snap/"
"""Where Ubuntu mounts images of programs, which are always full; agents of today leave them out."""
_LAST_MICROSECOND = 221_845_392_000_000_000


def statuses_keep(told: Mapping[int, EndpointStatus]) -> None:
    """Keep what the newest statuses say, by device id. The caller holds the devices' row locks."""
    _write(_STATUS, [{"device_id": pk, **_of_status(told[pk])} for pk in sorted(told)])


def inventories_keep(told: Mapping[int, Inventory], *, now: datetime) -> None:
    """Keep what the newest inventories say, by device id. The caller holds the devices' row locks."""
    _write(_INVENTORY, [{"device_id": pk, **_of_inventory(told[pk], now)} for pk in sorted(told)])


def _of_status(body: EndpointStatus) -> dict[str, Any]:
    engine = body.capabilities
    counts = engine.is_running and not engine.is_test_rules and engine.signatures_at_us is not None
    differences = sorted({name for report in body.engines for name in report.differences})
    return {
        "signatures_at": _instant(engine.signatures_at_us or 0) if counts else None,
        "settings_errors": dict(sorted(body.settings_errors.items())),
        "engine_differences": differences,
    }


def _of_inventory(body: Inventory, now: datetime) -> dict[str, Any]:
    fullest = disk_fullest(body.hardware.disks)
    return {
        "restart_since": now.isoformat() if body.needs_restart else None,
        "disk_mount": fullest.mount[:255] if fullest else "",
        "disk_free_percent": free_percent(fullest) if fullest else None,
    }


def disk_fullest(disks: Sequence[Disk]) -> Disk | None:
    """The disk with the smallest free share among those that people fill; None where no disk tells its free space."""
    tells_free = any(disk.free_bytes > 0 for disk in disks)
    filled = [
        disk
        for disk in disks
        if tells_free and disk.size_bytes >= DISK_LEAST_BYTES and not disk.mount.startswith(IMAGES)
    ]
    return min(filled, key=free_percent, default=None)


def free_percent(disk: Disk) -> int:
    """Free share in whole percent, rounded down."""
    return min(100, 100 * disk.free_bytes // disk.size_bytes)


def _instant(at_us: int) -> str:
    return datetime.fromtimestamp(min(at_us, _LAST_MICROSECOND) / 1_000_000, UTC).isoformat()


def _write(statement: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"told": json.dumps(rows)})
