"""A person stops a computer in Licensing: nothing here takes the seat again, until they resume or assign anew."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cast import ACTOR, Tree
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.topics import DEVICE_CHANGED
from seatkeep_manager.hublink.adapters.messages import SeatItem
from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.mirror import item_apply, share_remove
from seatkeep_manager.hublink.models import HubLink, MirroredSeat
from seatkeep_manager.statedocs.licenses import (
    license_assign,
    license_assign_enrolled,
    license_unassign,
    tickets_issue,
)
from seatkeep_manager.statedocs.models import LicenseAssignment
from seatkeep_manager.statedocs.selectors import license_assignment_get
from seatkeep_manager.statedocs.stops import assignments_renew, stops_follow
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.outbox.models import OutboxEvent

LICENSE, PRODUCT, KEY = "ABC-DEF-GHJ", "endpoint-workstation", "thumbprint-of-the-endpoint"
SEAT = uuid.UUID(int=7)
MINUTE = timedelta(minutes=1)
Say = Callable[..., int]


def assign(device: Device, now: datetime) -> LicenseAssignment:
    return license_assign(actor=ACTOR, device=device, license_public_id=LICENSE, product=PRODUCT, now=now)


@pytest.fixture
def holder(device: Device, tree: Tree, now: datetime) -> Device:
    """A computer that holds its seat."""
    HubLink.objects.create(
        state=LinkState.LINKED, instance_id=uuid.uuid4(), company_id=tree.msp.hub_id, licensing_device_url="https://l"
    )
    device.endpoint_thumbprint = KEY
    device.lease = {"state": "ACTIVE", "public_id": LICENSE}
    device.protection_at = now
    device.save()
    assign(device, now)
    return device


@pytest.fixture
def say(holder: Device) -> Say:
    """Let the hub's feed tell of the seat; returns how many devices hear of it."""

    def tell(state: str, at: datetime, key: str = KEY, company: uuid.UUID | None = None) -> int:
        ended = None if state == "ACTIVE" else int(at.timestamp() * 1_000_000)
        item = SeatItem(
            id=SEAT, license_public_id=LICENSE, company_id=company or holder.company_hub_id, product=PRODUCT,
            key_thumbprint=key, state=state, ended_at_us=ended,
        )  # fmt: skip
        item_apply(item, run_id=0, now=at)
        return stops_follow(seat_ids=[SEAT], now=at)

    return tell


def told_by_device(device: Device, at: datetime, state: str, error: str | None = None) -> None:
    lease = {"state": state, "public_id": LICENSE, "error": error}
    Device.objects.filter(pk=device.pk).update(lease=lease, protection_at=at)


def present() -> LicenseAssignment:
    return LicenseAssignment.objects.get()


def test_a_stop_reaches_the_device_document_once(holder: Device, say: Say, now: datetime) -> None:
    OutboxEvent.objects.all().delete()
    assert [say("DEACTIVATED", now + MINUTE), say("DEACTIVATED", now + MINUTE)] == [1, 0]
    assert present().is_stopped
    assert OutboxEvent.objects.filter(topic=DEVICE_CHANGED, payload={"device": holder.pk}).count() == 1
    assert AuditEntry.objects.filter(action="license:stop", subject_id=str(holder.uid)).count() == 1


def test_attack_a_stopped_device_gets_no_ticket_to_take_its_seat_again(holder: Device, say: Say, now: datetime) -> None:
    say("DEACTIVATED", now + MINUTE)
    told_by_device(holder, now + 2 * MINUTE, "NONE", "seat_released")
    tickets_issue(device_ids=[holder.pk], now=now + 2 * MINUTE)
    assert present().ticket == ""


def test_attack_a_device_that_hears_of_the_stop_before_the_console_gets_no_ticket(
    holder: Device, now: datetime
) -> None:
    told_by_device(holder, now + MINUTE, "NONE", "seat_released")
    tickets_issue(device_ids=[holder.pk], now=now + MINUTE)
    assert present().ticket == ""


def test_a_ticket_that_was_not_used_yet_is_taken_back(holder: Device, say: Say, now: datetime) -> None:
    told_by_device(holder, now, "NONE")
    tickets_issue(device_ids=[holder.pk], now=now)
    before = present().ticket
    say("DEACTIVATED", now + MINUTE)
    assert (bool(before), present().ticket) == (True, "")


def test_a_resumed_device_is_let_go_and_gets_a_ticket_in_case_it_heard_of_the_stop(
    holder: Device, say: Say, now: datetime
) -> None:
    say("DEACTIVATED", now + MINUTE)
    told_by_device(holder, now + 2 * MINUTE, "STOPPED", "seat_released")
    assert say("ACTIVE", now + 3 * MINUTE) == 1
    assert (present().is_stopped, bool(present().ticket)) == (False, True)


def test_a_stop_and_undo_between_two_synchronizations_still_helps_a_device_that_was_refused(
    holder: Device, say: Say, now: datetime
) -> None:
    told_by_device(holder, now + MINUTE, "NONE", "seat_released")
    assert say("ACTIVE", now + 2 * MINUTE) == 1
    assert present().ticket


def test_a_seat_that_the_hub_no_longer_shows_stops_nothing(holder: Device, say: Say, now: datetime) -> None:
    say("DEACTIVATED", now + MINUTE)
    share_remove(MirroredSeat.objects.get(), now=now + 2 * MINUTE)
    stops_follow(seat_ids=[SEAT], now=now + 2 * MINUTE)
    assert not present().is_stopped


@pytest.mark.parametrize("foreign", ["key", "company"])
def test_attack_a_seat_of_another_key_or_customer_stops_nothing(
    holder: Device, say: Say, tree: Tree, now: datetime, foreign: str
) -> None:
    key, company = ("other", None) if foreign == "key" else (KEY, tree.beta.hub_id)
    assert say("DEACTIVATED", now + MINUTE, key, company) == 0
    assert not present().is_stopped


def test_assigning_the_license_anew_takes_a_seat_again(holder: Device, say: Say, now: datetime) -> None:
    say("DEACTIVATED", now + MINUTE)
    told_by_device(holder, now + 2 * MINUTE, "STOPPED", "seat_released")
    holder.refresh_from_db()
    assign(holder, now + 3 * MINUTE)
    assert (present().is_stopped, bool(present().ticket)) == (False, True)
    assert say("DEACTIVATED", now + MINUTE) == 0  # A full read shows the old stop again.


def test_assigning_what_is_assigned_changes_nothing(holder: Device, now: datetime) -> None:
    before = present().pk
    assign(holder, now + MINUTE)
    assert present().pk == before


def test_a_license_taken_away_by_a_person_does_not_come_back_by_itself(holder: Device, now: datetime) -> None:
    license_unassign(actor=ACTOR, device=holder, now=now)
    assert license_assign_enrolled(device_id=holder.pk, token_id=None, now=now) is None
    assert license_assignment_get(holder) is None


def test_a_returned_customers_device_takes_its_seat_anew(holder: Device, say: Say, now: datetime) -> None:
    say("DEACTIVATED", now + MINUTE)
    told_by_device(holder, now + 2 * MINUTE, "NONE", "seat_released")
    assignments_renew(device_ids=[holder.pk], now=now + 3 * MINUTE)
    assert (present().is_stopped, bool(present().ticket)) == (False, True)
