"""Pure: what differs between two versions of a policy, setting by setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from seatkeep_protocol.settings_schema import ProductSchema


class ChangeKind(StrEnum):
    """What happened to a setting."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True)
class Change:
    """One setting that differs.

    Attributes:
        before: What the older version says, in the stored form; None when it says nothing.
        after: What the newer version says.
        added: Entries that a list has gained, in its order.
        removed: Entries that it has lost.
    """

    name: str
    title: str
    kind: ChangeKind
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def settings_changes(before: Mapping[str, Any], after: Mapping[str, Any], *, schema: ProductSchema) -> list[Change]:
    """Compare two stored forms; in the schema's order, settings that it no longer knows last."""
    names = [*schema.properties, *sorted((before.keys() | after.keys()) - schema.properties.keys())]
    return [
        _change(name, before.get(name), after.get(name), schema)
        for name in names
        if before.get(name) != after.get(name)
    ]


def _change(name: str, before: dict[str, Any] | None, after: dict[str, Any] | None, schema: ProductSchema) -> Change:
    kind = ChangeKind.CHANGED
    if before is None or after is None:
        kind = ChangeKind.ADDED if before is None else ChangeKind.REMOVED
    old, new = _entries(before), _entries(after)
    return Change(
        name=name,
        title=schema.properties[name].title if name in schema.properties else name,
        kind=kind,
        before=before,
        after=after,
        added=tuple(entry for entry in new if entry not in old),
        removed=tuple(entry for entry in old if entry not in new),
    )


def _entries(said: dict[str, Any] | None) -> list[str]:
    value = said.get("value") if said else None
    return value if isinstance(value, list) else []
