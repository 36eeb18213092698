"""Computers are moved, renamed and let go, one or many, and all of it can be taken back for ten minutes."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from cast import ACTOR, Tree, person
from django.db import connection
from django.test.utils import CaptureQueriesContext
from seatkeep_manager.directory import acts
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, DeviceState, DeviceVerb
from seatkeep_manager.directory.errors import (
    ActNotFoundError,
    DeviceRetiredError,
    GroupHoldsNoDevicesError,
    MuteInvalidError,
    NameInvalidError,
    TooManyDevicesError,
)
from seatkeep_manager.directory.group_services import group_create
from seatkeep_manager.directory.models import Device, DeviceAct, StaticGroup, User
from seatkeep_manager.directory.services import device_create, device_rename, device_retire, devices_mute
from seatkeep_manager.directory.topics import DEVICE_CHANGED, DEVICE_LEFT_COMPANY
from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.models import HubLink, MirroredLicense, MirroredNode
from seatkeep_manager.statedocs.licenses import license_assign_enrolled, licenses_follow, tickets_issue
from seatkeep_manager.statedocs.models import LicenseAssignment
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.outbox.models import OutboxEvent

MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(tree: Tree) -> User:
    levels = {f"c{group.hub_id.hex}": AccessLevel.WRITE for group in (tree.alpha, tree.beta) if group.hub_id}
    return person("bob@alpha.example", **levels)


@pytest.fixture
def office(tree: Tree, now: datetime) -> list[Device]:
    return [
        device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname=f"pc-{n}", kind=DeviceKind.WORKSTATION, now=now)
        for n in range(3)
    ]


def ids(devices: list[Device]) -> list[int]:
    return [device.pk for device in devices]


def move(devices: list[Device], group: StaticGroup, user: User, now: datetime) -> DeviceAct | None:
    return acts.devices_move(actor=ACTOR, user=user, device_ids=ids(devices), group_id=group.pk, now=now)


def groups_of(devices: list[Device]) -> set[int]:
    return set(Device.objects.filter(pk__in=ids(devices)).values_list("group_id", flat=True))


def undo(act: DeviceAct | None, user: User, at: datetime) -> int:
    assert act is not None
    return acts.act_undo(actor=ACTOR, user=user, uid=act.uid, now=at)


def test_many_are_moved_at_once_and_back(office: list[Device], tree: Tree, bob: User, now: datetime) -> None:
    act = move(office, tree.beta, bob, now)
    assert groups_of(office) == {tree.beta.pk}
    assert OutboxEvent.objects.filter(topic=DEVICE_LEFT_COMPANY).count() == 3
    assert AuditEntry.objects.filter(action="device:move").count() == 3
    assert undo(act, bob, now + MINUTE) == 3
    assert groups_of(office) == {tree.alpha.pk}


def test_the_number_of_statements_does_not_grow_with_the_computers(
    office: list[Device], tree: Tree, bob: User, now: datetime
) -> None:
    counts = []
    for some, group in ((office[:1], tree.beta), (office[1:], tree.beta)):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            move(some, group, bob, now)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_move_to_where_they_stand_is_no_act(office: list[Device], tree: Tree, bob: User, now: datetime) -> None:
    assert move(office, tree.alpha, bob, now) is None
    assert not DeviceAct.objects.exists()


def test_one_retired_computer_refuses_the_whole_move(
    office: list[Device], tree: Tree, bob: User, now: datetime
) -> None:
    device_retire(actor=ACTOR, device_id=office[0].pk, now=now)
    with pytest.raises(DeviceRetiredError):
        move(office, tree.beta, bob, now)
    assert groups_of(office) == {tree.alpha.pk}


@pytest.mark.parametrize("kind", ["ROOT", "COMPANIES"])
def test_no_computer_stands_in_all_or_companies(office: list[Device], bob: User, now: datetime, kind: str) -> None:
    with pytest.raises(GroupHoldsNoDevicesError):
        move(office, StaticGroup.objects.get(kind=kind), bob, now)


def test_too_many_at_once_are_refused(tree: Tree, bob: User, now: datetime) -> None:
    with pytest.raises(TooManyDevicesError):
        acts.devices_move(actor=ACTOR, user=bob, device_ids=range(10_001), group_id=tree.beta.pk, now=now)


def test_what_somebody_changed_since_is_not_taken_back(
    office: list[Device], tree: Tree, bob: User, now: datetime
) -> None:
    inside = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Servers", now=now)
    act = move(office, tree.beta, bob, now)
    move(office[:1], inside, bob, now)
    assert undo(act, bob, now + MINUTE) == 2
    assert groups_of(office[:1]) == {inside.pk}


@pytest.mark.parametrize("why", ["late", "twice", "somebody else"])
def test_an_act_is_taken_back_once_in_time_by_whom_it_was(
    office: list[Device], tree: Tree, bob: User, now: datetime, why: str
) -> None:
    act = move(office, tree.beta, bob, now)
    assert act is not None
    if why == "twice":
        undo(act, bob, now + MINUTE)
    late = now + (acts.UNDO_FOR if why == "late" else MINUTE)
    who = person("eve@alpha.example") if why == "somebody else" else bob
    with pytest.raises(ActNotFoundError):
        acts.act_undo(actor=ACTOR, user=who, uid=act.uid, now=late)
    assert (acts.act_last(bob, now=late) == act) is (why == "somebody else")


def test_attack_an_act_does_not_give_rights_back(office: list[Device], tree: Tree, bob: User, now: datetime) -> None:
    act = move(office, tree.beta, bob, now)
    bob.accesses.filter(company_hub_id=tree.alpha.hub_id).delete()
    fresh = User.objects.get(pk=bob.pk)
    assert undo(act, fresh, now + MINUTE) == 0
    assert groups_of(office) == {tree.beta.pk}


def test_names_are_given_and_taken_back(office: list[Device], bob: User, now: datetime) -> None:
    before = device_rename(actor=ACTOR, device_id=office[0].pk, name="Desk", now=now)
    act = acts.devices_rename(actor=ACTOR, user=bob, names={one.pk: f"Room {one.pk}" for one in office}, now=now)
    assert set(Device.objects.values_list("display_name", flat=True)) == {f"Room {one.pk}" for one in office}
    assert OutboxEvent.objects.filter(topic=DEVICE_CHANGED, payload={"device": before.pk}).count() >= 2
    assert undo(act, bob, now + MINUTE) == 3
    assert sorted(Device.objects.values_list("display_name", flat=True)) == ["", "", "Desk"]


def test_one_wrong_name_refuses_all(office: list[Device], bob: User, now: datetime) -> None:
    with pytest.raises(NameInvalidError):
        acts.devices_rename(actor=ACTOR, user=bob, names={office[0].pk: "ok", office[1].pk: "a\x00b"}, now=now)
    assert not Device.objects.exclude(display_name="").exists()


def test_letting_go_is_taken_back(office: list[Device], bob: User, now: datetime) -> None:
    act = acts.devices_manage(actor=ACTOR, user=bob, device_ids=ids(office), is_managed=False, now=now)
    assert act is not None
    assert (act.verb, act.count) == (DeviceVerb.RETIRE, 3)
    assert undo(act, bob, now + MINUTE) == 3
    assert set(Device.objects.values_list("state", "retired_at")) == {(DeviceState.ACTIVE, None)}


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_mute_ends_and_is_not_for_ever(office: list[Device], now: datetime, days: int) -> None:
    with pytest.raises(MuteInvalidError):
        devices_mute(actor=ACTOR, device_ids=ids(office), until=now + timedelta(days=days), now=now)


# What becomes of the license of a computer that moves to another customer.


def seats(license_: MirroredLicense, company: StaticGroup, now: datetime) -> None:
    MirroredNode.objects.create(
        hub_id=uuid.uuid4(), license_hub_id=license_.hub_id, company_hub_id=company.hub_id,
        product="endpoint-workstation", changed_at=now,
    )  # fmt: skip


def license_(tree: Tree, public_id: str, *companies: StaticGroup, now: datetime) -> MirroredLicense:
    made = MirroredLicense.objects.create(
        hub_id=uuid.uuid4(), public_id=public_id, owner_hub_id=tree.msp.hub_id, quantity=5, changed_at=now
    )
    for company in companies:
        seats(made, company, now)
    return made


@pytest.fixture
def held(office: list[Device], tree: Tree, now: datetime) -> Device:
    """A device that holds a seat of Alpha's."""
    assert tree.alpha.hub_id
    HubLink.objects.create(
        state=LinkState.LINKED, instance_id=uuid.uuid4(), company_id=tree.msp.hub_id, licensing_device_url="https://l"
    )
    license_(tree, "AAA-AAA-AAA", tree.alpha, now=now)
    device = office[0]
    license_assign_enrolled(device_id=device.pk, token_id=None, now=now)
    lease = {"state": "ACTIVE", "public_id": "AAA-AAA-AAA", "company": str(tree.alpha.hub_id)}
    Device.objects.filter(pk=device.pk).update(endpoint_thumbprint="k", lease=lease)
    tickets_issue(device_ids=[device.pk], now=now)
    return device


def follow(device: Device, group: StaticGroup, user: User, now: datetime) -> list[LicenseAssignment]:
    move([device], group, user, now)
    licenses_follow(device_ids=[device.pk], now=now)
    return list(LicenseAssignment.objects.filter(device=device, is_withdrawn=False))


def test_the_new_customers_license_takes_the_formers_place(held: Device, tree: Tree, bob: User, now: datetime) -> None:
    license_(tree, "BBB-BBB-BBB", tree.beta, now=now)
    [row] = follow(held, tree.beta, bob, now)
    assert (row.license_public_id, bool(row.ticket)) == ("BBB-BBB-BBB", True)
    assert licenses_follow(device_ids=[held.pk], now=now) == 0


def test_a_license_that_both_customers_share_is_taken_anew_for_the_new_one(
    held: Device, tree: Tree, bob: User, now: datetime
) -> None:
    seats(MirroredLicense.objects.get(), tree.beta, now)
    [row] = follow(held, tree.beta, bob, now)
    assert (row.license_public_id, bool(row.ticket)) == ("AAA-AAA-AAA", True)
    assert tree.beta.hub_id
    held.refresh_from_db()
    Device.objects.filter(pk=held.pk).update(lease=held.lease | {"company": str(tree.beta.hub_id)})
    tickets_issue(device_ids=[held.pk], now=now)
    assert LicenseAssignment.objects.get().ticket == ""


def test_a_customer_without_a_license_gets_no_seat_of_the_former_one(
    held: Device, tree: Tree, bob: User, now: datetime
) -> None:
    assert follow(held, tree.beta, bob, now) == []


def test_a_move_inside_a_customer_changes_no_license(held: Device, tree: Tree, bob: User, now: datetime) -> None:
    inside = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Servers", now=now)
    before = LicenseAssignment.objects.get().uid
    [row] = follow(held, inside, bob, now)
    assert row.uid == before


@pytest.mark.parametrize("mark", ["is_withdrawn", "is_stopped"])
def test_what_a_person_took_away_stays_away(held: Device, tree: Tree, bob: User, now: datetime, mark: str) -> None:
    license_(tree, "BBB-BBB-BBB", tree.beta, now=now)
    LicenseAssignment.objects.update(**{mark: True})
    assert follow(held, tree.beta, bob, now) == []
    assert LicenseAssignment.objects.filter(is_withdrawn=True).count() == 1
