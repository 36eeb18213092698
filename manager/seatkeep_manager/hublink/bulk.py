"""Take many feed items over at once: a number of statements per page that does not grow with its items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from seatkeep_webkit.outbox.services import outbox_append_many

from seatkeep_manager.directory.mirror_services import MirrorWish, groups_mirror, groups_move, groups_unlink
from seatkeep_manager.hublink.adapters.messages import CompanyItem, Item, LicenseItem, NodeItem
from seatkeep_manager.hublink.enums import HubCompanyState
from seatkeep_manager.hublink.mirror import COMPANY_TOPIC, LICENSE_TOPIC, SEAT_TOPIC
from seatkeep_manager.hublink.models import MirroredCompany, MirroredLicense, MirroredNode, MirroredSeat
from seatkeep_manager.hublink.rules import (
    Outcome,
    company_values,
    customer_state,
    license_values,
    node_values,
    seat_values,
)

M = TypeVar("M", MirroredCompany, MirroredLicense, MirroredNode, MirroredSeat)
Values = dict[str, object]
Prepared = tuple[Item, Values]
"""An item and the columns it means; none for a tombstone."""


def item_prepare(item: Item) -> Prepared:
    """What an item means for its row, without looking at the row.

    Raises:
        ItemInvalidError: A value cannot be right.
    """
    if item.deleted:
        return item, {}
    if isinstance(item, CompanyItem):
        return item, company_values(item)
    if isinstance(item, LicenseItem):
        return item, license_values(item)
    return item, node_values(item) if isinstance(item, NodeItem) else seat_values(item)


@transaction.atomic
def page_apply(page: Sequence[Prepared], *, marker: int, now: datetime) -> Counter[Outcome]:
    """Take a page over, or nothing of it. The same page again changes nothing; of one thing the last item counts.

    Args:
        page: Items in the order of the feed.
        marker: Written into `seen_run` of every row that the page shows.
        now: Current time, aware UTC.

    Raises:
        AppError, DatabaseError: One item spoils the page; taking them one by one (`mirror.item_apply`) finds it.
    """
    latest = {item.id: (item, values) for item, values in page}
    companies = [one for one in latest.values() if isinstance(one[0], CompanyItem)]
    counts = _companies_apply(companies, marker=marker, now=now)
    for kind, model, topic in (
        (LicenseItem, MirroredLicense, LICENSE_TOPIC),
        (NodeItem, MirroredNode, LICENSE_TOPIC),
    ):
        counts += _shares_apply(model, [o for o in latest.values() if isinstance(o[0], kind)], topic, marker, now)
    seats = [o for o in latest.values() if not isinstance(o[0], CompanyItem | LicenseItem | NodeItem)]
    return counts + _shares_apply(MirroredSeat, seats, SEAT_TOPIC, marker, now)


def _companies_apply(page: Sequence[Prepared], *, marker: int, now: datetime) -> Counter[Outcome]:
    rows = _existing(MirroredCompany, page)
    counts: Counter[Outcome] = Counter()
    removed = [rows[item.id] for item, _values in page if item.deleted and item.id in rows]
    counts += companies_gone(removed, now=now)
    shown = [(item, values) for item, values in page if not item.deleted]
    former = {item.id: rows[item.id].parent_hub_id for item, _values in shown if item.id in rows}
    new, changed, same = _sort(MirroredCompany, shown, rows, marker, now)
    for row in (*new, *changed):
        row.state = customer_state(hub_state=row.hub_state, set_up_at=row.set_up_at)
    _place([*new, *changed], former, now)
    _write(MirroredCompany, new, changed, same, [*_fields(shown), "state", "group"], marker)
    _tell(COMPANY_TOPIC, [*new, *changed], now)
    return counts + _count(new, changed, same)


def _place(rows: Sequence[MirroredCompany], former: Mapping[UUID, UUID | None], now: datetime) -> None:
    """Make or rename the groups of companies, and move those whose company above changed."""
    if not rows:
        return
    groups = groups_mirror([MirrorWish(row.hub_id, row.parent_hub_id, row.name) for row in rows], now=now)
    for row in rows:
        row.group = groups[row.hub_id]
    moves = {
        row.hub_id: row.parent_hub_id
        for row in rows
        if row.hub_id in former and former[row.hub_id] != row.parent_hub_id
    }
    if moves:
        groups_move(moves, now=now)
    gone = [row.hub_id for row in rows if row.hub_state == HubCompanyState.REMOVED]
    if gone:
        groups_unlink(gone, now=now)


def companies_gone(rows: Sequence[MirroredCompany], *, now: datetime) -> Counter[Outcome]:
    """Mark companies as gone from the hub; their groups, devices and history stay until they are off-boarded here."""
    going = [row for row in rows if row.hub_state != HubCompanyState.REMOVED]
    for row in going:
        row.hub_state = HubCompanyState.REMOVED
        row.state = customer_state(hub_state=row.hub_state, set_up_at=row.set_up_at)
        row.changed_at = now
    MirroredCompany.objects.bulk_update(going, ["hub_state", "state", "changed_at"], batch_size=500)
    if going:
        groups_unlink([row.hub_id for row in going], now=now)
    _tell(COMPANY_TOPIC, going, now)
    return +Counter({Outcome.REMOVED: len(going), Outcome.SAME: len(rows) - len(going)})


def _shares_apply(
    model: type[Any], page: Sequence[Prepared], topic: str, marker: int, now: datetime
) -> Counter[Outcome]:
    rows = _existing(model, page)
    counts = shares_gone(model, [rows[i.id] for i, _v in page if i.deleted and i.id in rows], topic, now=now)
    shown = [(item, values) for item, values in page if not item.deleted]
    new, changed, same = _sort(model, shown, rows, marker, now)
    _write(model, new, changed, same, _fields(shown), marker)
    _tell(topic, [*new, *changed], now)
    return counts + _count(new, changed, same)


def shares_gone(model: type[Any], rows: Sequence[Any], topic: str, *, now: datetime) -> Counter[Outcome]:
    """Mark licenses, customers' seats or stopped seats as gone from the hub."""
    going = [row for row in rows if not row.is_deleted]
    model.objects.filter(pk__in=[row.pk for row in going]).update(is_deleted=True, changed_at=now)
    _tell(topic, going, now)
    return +Counter({Outcome.REMOVED: len(going), Outcome.SAME: len(rows) - len(going)})


def _existing(model: type[Any], page: Sequence[Prepared]) -> dict[UUID, Any]:
    """The rows of a page, locked in id order so that two writers cannot deadlock."""
    if not page:
        return {}
    rows = model.objects.select_for_update(of=("self",)).filter(hub_id__in=[item.id for item, _values in page])
    return {row.hub_id: row for row in rows.order_by("id")}


def _sort(
    model: type[M], shown: Sequence[Prepared], rows: Mapping[UUID, M], marker: int, now: datetime
) -> tuple[list[M], list[M], list[M]]:
    """New, changed and unchanged rows, with their values set."""
    new: list[M] = []
    changed: list[M] = []
    same: list[M] = []
    for item, values in shown:
        row = rows.get(item.id)
        if row is None:
            new.append(model(hub_id=item.id, seen_run=marker, changed_at=now, **values))
            continue
        differing = [name for name, value in values.items() if getattr(row, name) != value]
        for name in differing:
            setattr(row, name, values[name])
        row.seen_run = marker
        if differing:
            row.changed_at = now
        (changed if differing else same).append(row)
    return new, changed, same


def _fields(shown: Sequence[Prepared]) -> list[str]:
    return list(shown[0][1]) if shown else []


def _write(
    model: type[Any], new: Sequence[Any], changed: Sequence[Any], same: Sequence[Any], fields: list[str], marker: int
) -> None:
    model.objects.bulk_create(new, batch_size=1000)
    if changed:
        model.objects.bulk_update(changed, [*fields, "seen_run", "changed_at"], batch_size=200)
    if same:
        model.objects.filter(pk__in=[row.pk for row in same]).update(seen_run=marker)


def _count(new: Sequence[Any], changed: Sequence[Any], same: Sequence[Any]) -> Counter[Outcome]:
    return +Counter({Outcome.ADDED: len(new), Outcome.CHANGED: len(changed), Outcome.SAME: len(same)})


def _tell(topic: str, rows: Sequence[Any], now: datetime) -> None:
    """Tell the systems above in the same transaction."""
    if rows:
        outbox_append_many(
            topic=topic,
            payloads=[{"hub_id": str(row.hub_id), "company": str(_company_of(row) or "")} for row in rows],
            now=now,
        )


def _company_of(row: Any) -> UUID | None:
    found: UUID | None = row.hub_id if isinstance(row, MirroredCompany) else getattr(row, "company_hub_id", None)
    return found
