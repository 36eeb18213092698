"""Who may see and do what: Alice works for all, Bob for Alpha only, Charlie for nobody here."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest
from cast import ACTOR, Tree, person
from django.contrib.auth.models import AnonymousUser
from seatkeep_manager.directory.access import may_everywhere
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, Functionality
from seatkeep_manager.directory.errors import DeviceNotFoundError, GroupLockedError, PersonWithoutAccessError
from seatkeep_manager.directory.group_services import (
    group_create,
    group_delete,
    group_mirror,
    group_move,
    group_rename,
)
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.directory.people import person_from_claims
from seatkeep_manager.directory.selectors import device_get, devices_visible
from seatkeep_manager.directory.services import device_create, device_move
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.selectors import tokens_visible
from seatkeep_manager.problems.selectors import problems_visible
from seatkeep_manager.problems.services import devices_evaluate


@pytest.fixture
def beta_device(tree: Tree, now: datetime) -> Device:
    return device_create(actor=ACTOR, group_id=tree.beta.pk, hostname="b", kind=DeviceKind.SERVER, now=now)


def company(group: StaticGroup) -> str:
    assert group.hub_id is not None
    return "c" + group.hub_id.hex


def test_access_to_one_customer_shows_its_devices_only(device: Device, beta_device: Device, tree: Tree) -> None:
    bob = person("bob@example.com", **{company(tree.alpha): AccessLevel.READ})
    assert list(devices_visible(bob)) == [device]
    with pytest.raises(DeviceNotFoundError):
        device_get(bob, uid=beta_device.uid)


def test_access_is_inherited_downward_and_the_nearest_wins(device: Device, beta_device: Device, tree: Tree) -> None:
    levels = {company(tree.msp): AccessLevel.WRITE, company(tree.beta): AccessLevel.NONE}
    alice = person("alice@example.com", **levels)
    assert list(devices_visible(alice)) == [device]


def test_reading_does_not_allow_changing(device: Device, tree: Tree) -> None:
    bob = person("bob@example.com", **{company(tree.alpha): AccessLevel.READ})
    with pytest.raises(DeviceNotFoundError):
        device_get(bob, uid=device.uid, level=AccessLevel.WRITE)


def test_who_may_only_read_sees_no_enrollment_key(token: EnrollmentToken, tree: Tree) -> None:
    bob = person("bob@example.com", **{company(tree.alpha): AccessLevel.READ})
    assert not tokens_visible(bob).exists()


def test_an_empty_permission_set_and_anonymous_see_nothing(device: Device, now: datetime) -> None:
    devices_evaluate(device_ids=[device.pk], now=now.replace(year=2027))
    for nobody in (person("charlie@example.com"), AnonymousUser()):
        assert not devices_visible(nobody).exists()
        assert not problems_visible(nobody).exists()


def test_a_person_who_was_locked_sees_nothing(device: Device, tree: Tree) -> None:
    bob = person("bob@example.com", **{company(tree.alpha): AccessLevel.WRITE})
    bob.is_active = False
    bob.save()
    assert not devices_visible(bob).exists()


def claims(tree: Tree, group: StaticGroup | None = None, level: str = "WRITE", **changes: object) -> dict[str, object]:
    target = (group or tree.msp).hub_id
    access = [{"company_id": str(target), "level": level}]
    return {"sub": "u1", "email": "Alice@Example.com", "name": "Alice", "seatkeep_access": access, **changes}


def test_access_to_the_linked_company_opens_the_whole_instance(device: Device, tree: Tree, now: datetime) -> None:
    alice = person_from_claims(claims=claims(tree), linked_company=tree.msp.hub_id, now=now)
    assert alice.email == "alice@example.com"
    assert may_everywhere(alice, Functionality.SETTINGS)
    assert list(devices_visible(alice, level=AccessLevel.WRITE)) == [device]


@pytest.mark.parametrize("access", [None, "WRITE", [], [{"company_id": "x", "level": "WRITE"}], [{"level": "WRITE"}]])
def test_without_access_nobody_gets_in(tree: Tree, now: datetime, access: object) -> None:
    wrong = claims(tree, seatkeep_access=access)
    with pytest.raises(PersonWithoutAccessError):
        person_from_claims(claims=wrong, linked_company=tree.msp.hub_id, now=now)


def test_access_to_a_foreign_company_does_not_let_in(tree: Tree, now: datetime) -> None:
    wrong = claims(tree, seatkeep_access=[{"company_id": str(uuid.uuid4()), "level": "WRITE"}])
    with pytest.raises(PersonWithoutAccessError):
        person_from_claims(claims=wrong, linked_company=tree.msp.hub_id, now=now)


def test_nobody_gets_in_before_linking(tree: Tree, now: datetime) -> None:
    with pytest.raises(PersonWithoutAccessError):
        person_from_claims(claims=claims(tree), linked_company=None, now=now)


def test_access_that_was_taken_away_is_gone_at_the_next_sign_in(device: Device, tree: Tree, now: datetime) -> None:
    person_from_claims(claims=claims(tree), linked_company=tree.msp.hub_id, now=now)
    bob = person_from_claims(claims=claims(tree, tree.beta, "READ"), linked_company=tree.msp.hub_id, now=now)
    assert User.objects.count() == 1
    assert not devices_visible(bob).exists()


def test_an_account_cannot_be_taken_over_by_its_email(tree: Tree, now: datetime) -> None:
    person_from_claims(claims=claims(tree), linked_company=tree.msp.hub_id, now=now)
    with pytest.raises(PersonWithoutAccessError):
        person_from_claims(claims=claims(tree, sub="thief"), linked_company=tree.msp.hub_id, now=now)


def test_a_mirrored_group_is_locked(tree: Tree, now: datetime) -> None:
    for change in (
        lambda: group_rename(actor=ACTOR, group_id=tree.alpha.pk, name="X", now=now),
        lambda: group_move(actor=ACTOR, group_id=tree.alpha.pk, parent_id=tree.beta.pk, now=now),
        lambda: group_delete(actor=ACTOR, group_id=tree.alpha.pk, now=now),
    ):
        with pytest.raises(GroupLockedError):
            change()


def test_a_company_that_moves_takes_its_groups_and_devices_along(tree: Tree, now: datetime) -> None:
    office = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Office", now=now)
    device = device_create(actor=ACTOR, group_id=office.pk, hostname="x", kind=DeviceKind.SERVER, now=now)
    assert tree.alpha.hub_id is not None
    group_mirror(hub_id=tree.alpha.hub_id, parent_hub_id=tree.beta.hub_id, name="Alpha", now=now)
    office.refresh_from_db()
    device.refresh_from_db()
    assert office.path[-3:] == [tree.beta.pk, tree.alpha.pk, office.pk]
    assert device.company_hub_id == tree.alpha.hub_id


def test_a_device_that_moves_to_another_customer_is_seen_there_only(device: Device, tree: Tree, now: datetime) -> None:
    bob = person("bob@example.com", **{company(tree.alpha): AccessLevel.READ})
    moved = device_move(actor=ACTOR, device_id=device.pk, group_id=tree.beta.pk, now=now)
    assert moved.company_hub_id == tree.beta.hub_id
    assert not devices_visible(bob).exists()
