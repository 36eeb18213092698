"""Where somebody may what: roles of Licensing, where the nearest wins, and grants of the console, which add up."""

from __future__ import annotations

import pytest
from cast import ACTOR, NOW, Tree, person
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_manager.directory import access
from seatkeep_manager.directory.access import may, may_at, may_everywhere
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, Functionality, GroupKind
from seatkeep_manager.directory.group_services import group_create, group_move
from seatkeep_manager.directory.models import Device, PermissionGrant, PermissionSet, StaticGroup, User, UserAccess
from seatkeep_manager.directory.rights import (
    ROLE_LEVELS,
    Holding,
    levels_at,
    role_levels,
    scope_of,
    set_levels,
    suffices,
)
from seatkeep_manager.directory.selectors import devices_visible, group_system, groups_visible
from seatkeep_manager.directory.services import device_create
from seatkeep_webkit.roles import Role

F, READ, USE, WRITE = Functionality, AccessLevel.READ, AccessLevel.USE, AccessLevel.WRITE
PATHS = [(1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), (1, 2, 5), (1, 6)]
"""A tree: 1 > 2 > 3 > 4, 2 > 5, 1 > 6."""


def holding(path: tuple[int, ...], level: AccessLevel, *, is_from_hub: bool) -> Holding:
    return Holding(path, {F.GROUPS: level}, is_from_hub)


holdings = st.lists(
    st.builds(
        holding, st.sampled_from(PATHS), st.sampled_from(AccessLevel), is_from_hub=st.booleans()
    ),
    max_size=6, unique_by=lambda one: (one.path, one.is_from_hub),
)  # fmt: skip


@given(holdings, st.sampled_from(PATHS), st.sampled_from([READ, USE, WRITE]))
def test_the_condition_decides_as_the_nearest_setting_and_the_sum_of_grants(
    held: list[Holding], path: tuple[int, ...], level: AccessLevel
) -> None:
    here = [one for one in held if one.group_id in path]
    told = max((one for one in here if one.is_from_hub), key=lambda one: len(one.path), default=None)
    expected = any(one.permits(F.GROUPS, level) for one in here if not one.is_from_hub)
    expected = expected or (told is not None and told.permits(F.GROUPS, level))

    assert scope_of(held, F.GROUPS, level).includes(path) == expected
    assert suffices(levels_at(held, path).get(F.GROUPS, AccessLevel.NONE), level) == expected


@pytest.mark.parametrize("role", Role)
def test_a_higher_level_includes_the_lower_ones(role: Role) -> None:
    held = [Holding((1,), ROLE_LEVELS[role], is_from_hub=True)]
    for about in Functionality:
        found = [scope_of(held, about, level).is_everything for level in (READ, USE, WRITE)]
        assert found == sorted(found, reverse=True)


def test_only_owners_and_administrators_look_at_users_programs_and_settings() -> None:
    private = {F.USERS, F.API_CLIENTS, F.SETTINGS}
    seeing = {role for role, levels in ROLE_LEVELS.items() if private & set(levels)}
    assert seeing == {Role.OWNER, Role.ADMINISTRATOR}


def test_a_level_that_licensing_lowered_leaves_looking() -> None:
    assert set(role_levels(Role.TECHNICIAN, "READ").values()) == {READ}
    assert role_levels(Role.HELP_DESK, "READ")[F.CLIENT_TASKS] == USE
    assert role_levels(Role.OWNER, "NONE") == {}


def test_what_this_version_does_not_know_permits_nothing() -> None:
    assert set_levels({"TELEPORT": "WRITE", "GROUPS": "EVERYTHING", "POLICIES": "READ"}) == {F.POLICIES: READ}


def grant(user: User, group: StaticGroup, role: str = "", **levels: str) -> None:
    own = (
        PermissionSet.objects.create(name=f"set {group.pk} {user.pk}", levels=levels, created_at=NOW)
        if levels
        else None
    )
    PermissionGrant.objects.create(user=user, group=group, role=role, permission_set=own, created_at=NOW)
    vars(user).pop("holdings", None)


def test_a_set_opens_its_group_and_everything_below_for_what_it_names(device: Device, tree: Tree) -> None:
    bob = person("bob@example.com")
    grant(bob, tree.alpha, CLIENT_TASKS="USE")
    assert not devices_visible(bob).exists()
    assert list(devices_visible(bob, functionality=F.CLIENT_TASKS, level=USE)) == [device]
    assert not devices_visible(bob, functionality=F.CLIENT_TASKS, level=WRITE).exists()
    assert may(bob, F.CLIENT_TASKS)
    assert not may(bob, F.POLICIES)


def test_grants_add_up_and_an_empty_set_sees_nothing(device: Device, tree: Tree) -> None:
    bob = person("bob@example.com")
    own = PermissionSet.objects.create(name="empty", levels={}, created_at=NOW)
    PermissionGrant.objects.create(user=bob, group=group_system(GroupKind.ROOT), permission_set=own, created_at=NOW)
    assert not groups_visible(bob).exists()
    assert not devices_visible(bob).exists()
    grant(bob, tree.alpha, GROUPS="READ")
    grant(bob, tree.beta, GROUPS="WRITE")
    assert set(groups_visible(bob)) == {tree.alpha, tree.beta}
    assert set(groups_visible(bob, level=WRITE)) == {tree.beta}


def test_what_licensing_closes_a_grant_of_the_console_may_open(device: Device, tree: Tree) -> None:
    bob = person("bob@example.com")
    UserAccess.objects.create(user=bob, level="WRITE", role="TECHNICIAN")
    UserAccess.objects.create(user=bob, company_hub_id=tree.alpha.hub_id, level="NONE")
    assert tree.alpha not in groups_visible(bob)
    assert tree.unassigned in groups_visible(bob)
    assert not may_everywhere(bob, F.GROUPS)
    grant(bob, tree.alpha, GROUPS="READ")
    assert may_at(bob, tree.alpha, F.GROUPS, READ)
    assert not may_at(bob, tree.alpha, F.GROUPS, WRITE)


def test_who_holds_the_whole_instance_pays_for_no_group(device: Device, tree: Tree) -> None:
    alice = person("alice@example.com")
    grant(alice, group_system(GroupKind.ROOT), "OWNER")
    assert "staticgroup" not in str(devices_visible(alice).select_related(None).query)
    alice.refresh_from_db()
    with CaptureQueriesContext(connection) as asked:
        for about in Functionality:
            may(alice, about, WRITE)
        list(devices_visible(alice))
    assert len(asked) == 2


def test_a_group_that_moves_under_the_customer_is_seen_there(tree: Tree) -> None:
    bob = person("bob@example.com")
    grant(bob, tree.beta, "READ_ONLY")
    office = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Office", now=NOW)
    device_create(actor=ACTOR, group_id=office.pk, hostname="x", kind=DeviceKind.SERVER, now=NOW)
    assert not devices_visible(bob).exists()
    group_move(actor=ACTOR, group_id=office.pk, parent_id=tree.beta.pk, now=NOW)
    assert devices_visible(bob).count() == 1


@pytest.mark.parametrize("few", [0, 12])
def test_a_long_list_of_groups_opens_and_closes_the_same(
    device: Device, tree: Tree, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "FEW_GROUPS", few)
    bob = person("bob@example.com")
    UserAccess.objects.create(user=bob, company_hub_id=tree.msp.hub_id, level="WRITE", role="TECHNICIAN")
    UserAccess.objects.create(user=bob, company_hub_id=tree.alpha.hub_id, level="NONE")
    assert set(groups_visible(bob)) == {tree.msp, tree.beta}
    assert not devices_visible(bob).exists()
    grant(bob, tree.alpha, "READ_ONLY")
    assert list(devices_visible(bob)) == [device]
