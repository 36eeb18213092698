"""Opens and closes problems by the facts, set-based: a fixed number of statements however many devices there are."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from seatkeep_manager.deployment.kits import agent_version_newest
from seatkeep_manager.problems.enums import ProblemKind, ProblemSeverity
from seatkeep_manager.problems.thresholds import THRESHOLDS

AGENT_MINIMUM = (0, 1)
"""The oldest agent of which this console understands everything that it says."""
_SQL = files(__package__).joinpath("sql")
_ROOM = "SET LOCAL work_mem = '64MB'"
_SOME = "d.id = ANY (%(ids)s)"
_ALL = "(d.state = 'ACTIVE' OR d.online_until > %(now)s)"
_OF_DEVICES = "p.device_id = ANY (%(ids)s)"
_OF_KINDS = "p.device_id IS NULL AND p.kind = ANY (%(kinds)s)"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a customer or the whole instance.

    Attributes:
        subject: Tells two of one kind apart, such as "request:<uid>".
        company_hub_id: The customer; None: of the whole instance.
    """

    kind: ProblemKind
    severity: ProblemSeverity
    subject: str
    company_hub_id: UUID | None = None
    details: dict[str, object] = field(default_factory=dict)


def devices_settle(ids: Sequence[int], *, now: datetime) -> None:
    """Make the problems of these devices what they should be. The caller holds the devices' row locks."""
    statement = _text("settle").format(findings=_device_findings(_SOME), known=_OF_DEVICES)
    _run(statement, ids=list(ids), **_versions(), now=now)


def devices_unsettled(*, now: datetime) -> list[int]:
    """Ids of the devices whose problems are not what they should be; locks nothing."""
    statement = _text("devices_unsettled").format(findings=_device_findings(_ALL))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ROOM)  # Without it every step over 100,000 devices goes by way of the disk.
        cursor.execute(statement, {**_versions(), "now": now})
        return [row[0] for row in cursor.fetchall()]


def findings_settle(found: Collection[Finding], *, kinds: Collection[ProblemKind], now: datetime) -> None:
    """Make the problems of these kinds, of no device, equal to the findings."""
    statement = _text("settle").format(findings=_text("given_findings"), known=_OF_KINDS)
    _run(statement, found=json.dumps([asdict(one) for one in found], default=str), kinds=list(kinds), now=now)


def _device_findings(scope: str) -> str:
    return _text("device_findings").format(scope=scope, limits=_limits())


@cache
def _text(name: str) -> str:
    return _SQL.joinpath(f"{name}.sql").read_text()


@cache
def _limits() -> str:
    """A column per threshold; names and numbers are this program's own."""
    return ", ".join(
        f"coalesce((o.limits ->> '{one.name}')::int, {one.default}) AS {one.name}" for one in THRESHOLDS.values()
    )


def _versions() -> dict[str, Any]:
    newest = agent_version_newest()
    return {
        "newest": list(newest) if newest else None,
        "newest_text": ".".join(map(str, newest or AGENT_MINIMUM)),
        "minimum": list(AGENT_MINIMUM),
    }


def _run(statement: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
