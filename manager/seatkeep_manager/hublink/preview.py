"""What a synchronization would change, found without changing anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from seatkeep_manager.hublink.adapters.messages import CompanyItem, Item, LicenseItem, NodeItem
from seatkeep_manager.hublink.bulk import Prepared
from seatkeep_manager.hublink.enums import ChangeKind, HubCompanyState
from seatkeep_manager.hublink.models import (
    MirroredCompany,
    MirroredLicense,
    MirroredNode,
    MirroredSeat,
    SyncChange,
    SyncRun,
)

MODELS: dict[str, type[Any]] = {
    "company": MirroredCompany, "license": MirroredLicense, "node": MirroredNode, "seat": MirroredSeat,
}  # fmt: skip


def kind_of(item: Item) -> str:
    """The feed's word for what an item is."""
    if isinstance(item, CompanyItem):
        return "company"
    return "license" if isinstance(item, LicenseItem) else "node" if isinstance(item, NodeItem) else "seat"


def page_changes(run: SyncRun, page: Sequence[Prepared]) -> list[SyncChange]:
    """What taking a page over would change; one statement per kind of thing and one for names."""
    found: list[SyncChange] = []
    for kind, model in MODELS.items():
        mine = [(item, values) for item, values in page if kind_of(item) == kind]
        rows = {row.hub_id: row for row in model.objects.filter(hub_id__in=[item.id for item, _values in mine])}
        names = _parent_names(rows.values(), mine) if kind == "company" else {}
        for item, values in mine:
            found.extend(_changes(run, kind, item, values, rows.get(item.id), names))
    return found


def _parent_names(rows: Iterable[Any], page: Sequence[Prepared]) -> dict[UUID, str]:
    ids = {row.parent_hub_id for row in rows} | {values.get("parent_hub_id") for _item, values in page}
    names = dict(
        MirroredCompany.objects.filter(hub_id__in={one for one in ids if isinstance(one, UUID)}).values_list(
            "hub_id", "name"
        )
    )
    return names | {item.id: item.name for item, _values in page if isinstance(item, CompanyItem) and item.name}


def _changes(
    run: SyncRun, kind: str, item: Item, values: dict[str, Any], row: Any, names: dict[UUID, str]
) -> Iterator[SyncChange]:
    if item.deleted:
        if row is not None and not _is_gone(row):
            yield _line(run, ChangeKind.REMOVED, kind, item.id, str(row))
        return
    name = _name(values)
    if row is None:
        yield _line(run, ChangeKind.ADDED, kind, item.id, name)
        return
    differing = {field for field, value in values.items() if getattr(row, field) != value}
    if "name" in differing:
        yield _line(run, ChangeKind.RENAMED, kind, item.id, name, row.name)
    if "parent_hub_id" in differing:
        yield _line(run, ChangeKind.MOVED, kind, item.id, name, names.get(row.parent_hub_id, ""))
    if differing - {"name", "parent_hub_id"}:
        yield _line(run, ChangeKind.CHANGED, kind, item.id, name)


def _name(values: dict[str, Any]) -> str:
    return str(values.get("name") or values.get("public_id") or values.get("product") or "")


def _is_gone(row: Any) -> bool:
    return row.hub_state == HubCompanyState.REMOVED if isinstance(row, MirroredCompany) else row.is_deleted


def _line(run: SyncRun, change: ChangeKind, kind: str, hub_id: UUID, name: str, former: str = "") -> SyncChange:
    return SyncChange(run=run, change=change, kind=kind, hub_id=hub_id, name=name, former=former)


def removals(run: SyncRun, rows: Iterable[MirroredCompany]) -> list[SyncChange]:
    """Lines of companies that a full read did not show."""
    return [_line(run, ChangeKind.REMOVED, "company", row.hub_id, row.name) for row in rows]
