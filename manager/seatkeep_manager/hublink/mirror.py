"""Take feed items over into the mirror tables, one item per savepoint."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_manager.directory.group_services import group_unlink
from seatkeep_manager.hublink.adapters.messages import CompanyItem, Item, LicenseItem, NodeItem, SeatItem
from seatkeep_manager.hublink.enums import HubCompanyState
from seatkeep_manager.hublink.models import MirroredCompany, MirroredLicense, MirroredNode, MirroredSeat
from seatkeep_manager.hublink.placement import company_place
from seatkeep_manager.hublink.rules import (
    Outcome,
    company_values,
    customer_state,
    license_values,
    node_values,
    seat_values,
)

Mirror = MirroredCompany | MirroredLicense | MirroredNode | MirroredSeat
M = TypeVar("M", MirroredCompany, MirroredLicense, MirroredNode, MirroredSeat)

COMPANY_TOPIC = "hublink.company"
LICENSE_TOPIC = "hublink.license"
SEAT_TOPIC = "hublink.seat"
"""Payload `{"hub_id": …, "company": …}`: a person stopped or resumed this seat in the hub."""


@transaction.atomic
def item_apply(item: Item, *, run_id: int, now: datetime) -> Outcome:
    """Take one item over; the same item again changes nothing.

    Raises:
        ItemInvalidError: A value cannot be right; nothing was written.
    """
    if isinstance(item, CompanyItem):
        return _company_apply(item, run_id=run_id, now=now)
    if isinstance(item, LicenseItem):
        return _license_apply(item, run_id=run_id, now=now)
    if isinstance(item, NodeItem):
        return _node_apply(item, run_id=run_id, now=now)
    return _seat_apply(item, run_id=run_id, now=now)


def _company_apply(item: CompanyItem, *, run_id: int, now: datetime) -> Outcome:
    row = MirroredCompany.objects.select_for_update(of=("self",)).filter(hub_id=item.id).first()
    if item.deleted:
        return company_remove(row, now=now) if row else Outcome.SAME
    outcome, row = _write(MirroredCompany, row, item.id, company_values(item), run_id=run_id, now=now)
    row.state = customer_state(hub_state=row.hub_state, set_up_at=row.set_up_at)
    row.save(update_fields=["state"])
    company_place(row, now=now)
    if outcome is not Outcome.SAME:
        _tell(COMPANY_TOPIC, row, now=now)
    return outcome


def company_remove(row: MirroredCompany, *, now: datetime) -> Outcome:
    """Mark a company as gone from the hub; its group, devices and history stay until it is off-boarded here."""
    if row.hub_state == HubCompanyState.REMOVED:
        return Outcome.SAME
    row.hub_state = HubCompanyState.REMOVED
    row.state = customer_state(hub_state=row.hub_state, set_up_at=row.set_up_at)
    row.changed_at = now
    row.save(update_fields=["hub_state", "state", "changed_at"])
    group_unlink(hub_id=row.hub_id, now=now)
    _tell(COMPANY_TOPIC, row, now=now)
    return Outcome.REMOVED


def company_return(row: MirroredCompany, *, now: datetime) -> Outcome:
    """Show a company again that the hub has restored, as it was before; its group follows Licensing again."""
    row.hub_state = HubCompanyState.ACTIVE
    row.state = customer_state(hub_state=row.hub_state, set_up_at=row.set_up_at)
    row.changed_at = now
    row.save(update_fields=["hub_state", "state", "changed_at"])
    company_place(row, now=now)
    _tell(COMPANY_TOPIC, row, now=now)
    return Outcome.CHANGED


def _license_apply(item: LicenseItem, *, run_id: int, now: datetime) -> Outcome:
    row = MirroredLicense.objects.select_for_update().filter(hub_id=item.id).first()
    if item.deleted:
        return share_remove(row, now=now) if row else Outcome.SAME
    outcome, row = _write(MirroredLicense, row, item.id, license_values(item), run_id=run_id, now=now)
    if outcome is not Outcome.SAME:
        _tell(LICENSE_TOPIC, row, now=now)
    return outcome


def _node_apply(item: NodeItem, *, run_id: int, now: datetime) -> Outcome:
    row = MirroredNode.objects.select_for_update().filter(hub_id=item.id).first()
    if item.deleted:
        return share_remove(row, now=now) if row else Outcome.SAME
    outcome, row = _write(MirroredNode, row, item.id, node_values(item), run_id=run_id, now=now)
    if outcome is not Outcome.SAME:
        _tell(LICENSE_TOPIC, row, now=now)
    return outcome


def _seat_apply(item: SeatItem, *, run_id: int, now: datetime) -> Outcome:
    row = MirroredSeat.objects.select_for_update().filter(hub_id=item.id).first()
    if item.deleted:
        return share_remove(row, now=now) if row else Outcome.SAME
    outcome, row = _write(MirroredSeat, row, item.id, seat_values(item), run_id=run_id, now=now)
    if outcome is not Outcome.SAME:
        _tell(SEAT_TOPIC, row, now=now)
    return outcome


def share_remove(row: MirroredLicense | MirroredNode | MirroredSeat, *, now: datetime) -> Outcome:
    """Mark a license, a customer's seats or one stopped seat as gone from the hub."""
    if row.is_deleted:
        return Outcome.SAME
    row.is_deleted = True
    row.changed_at = now
    row.save(update_fields=["is_deleted", "changed_at"])
    _tell(SEAT_TOPIC if isinstance(row, MirroredSeat) else LICENSE_TOPIC, row, now=now)
    return Outcome.REMOVED


def _write(
    model: type[M], row: M | None, hub_id: UUID, values: dict[str, object], *, run_id: int, now: datetime
) -> tuple[Outcome, M]:
    """Insert or update the row; `seen_run` moves always, `changed_at` only with a difference."""
    if row is None:
        return Outcome.ADDED, model.objects.create(hub_id=hub_id, seen_run=run_id, changed_at=now, **values)
    changed: list[str] = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    row.seen_run = run_id
    if changed:
        row.changed_at = now
    row.save(update_fields=[*changed, "seen_run", "changed_at"])
    return (Outcome.CHANGED if changed else Outcome.SAME), row


def _tell(topic: str, row: Mirror, *, now: datetime) -> None:
    """Tell the systems above in the same transaction."""
    company = row.hub_id if isinstance(row, MirroredCompany) else getattr(row, "company_hub_id", None)
    outbox_append(topic=topic, payload={"hub_id": str(row.hub_id), "company": str(company or "")}, now=now)
