"""The tree as rows: written out and read back, each row with its own result, and nothing locked is ever touched."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest
from cast import ACTOR, Tree, person
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.errors import GroupPathInvalidError
from seatkeep_manager.directory.group_files import (
    GroupRow,
    RowResult,
    groups_import,
    groups_rows,
    path_join,
    path_split,
)
from seatkeep_manager.directory.group_services import group_create
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_webkit.audit.models import AuditEntry

ALPHA = "Companies/MSP/Alpha"
NAMES = st.lists(st.text(min_size=1).map(str.strip).filter(bool), min_size=1, max_size=19)


@pytest.fixture
def bob(tree: Tree) -> User:
    assert tree.alpha.hub_id
    return person("bob@alpha.example", **{f"c{tree.alpha.hub_id.hex}": AccessLevel.WRITE})


def load(user: User, *rows: GroupRow, now: datetime, is_dry_run: bool = False) -> list[tuple[RowResult, str]]:
    outcomes = groups_import(actor=ACTOR, user=user, rows=rows, is_dry_run=is_dry_run, now=now)
    return [(one.result, one.code) for one in outcomes]


@given(NAMES)
def test_every_name_survives_a_path(names: list[str]) -> None:
    assert path_split(path_join(names)) == names


@pytest.mark.parametrize("path", ["", "/", " ", "a//b", "a\\", "/".join("abcdefghijklmnopqrst")])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(GroupPathInvalidError):
        path_split(path)


@pytest.mark.django_db
def test_rows_make_groups_in_their_order_and_again_change_nothing(bob: User, tree: Tree, now: datetime) -> None:
    rows = (GroupRow(f"{ALPHA}/Office"), GroupRow(f"{ALPHA}/Office/1st \\/ 2nd floor"))
    assert load(bob, *rows, now=now) == [(RowResult.CREATED, "")] * 2
    assert StaticGroup.objects.filter(name="1st / 2nd floor", parent__name="Office").exists()
    assert load(bob, *rows, now=now) == [(RowResult.UNCHANGED, "")] * 2
    written = {path for _, path in groups_rows(bob)}
    assert {row.path for row in rows} <= written


@pytest.mark.django_db
def test_a_dry_run_tells_and_changes_nothing(bob: User, tree: Tree, now: datetime) -> None:
    before = StaticGroup.objects.count(), AuditEntry.objects.count()
    rows = (GroupRow(f"{ALPHA}/Office"), GroupRow(f"{ALPHA}/Office/Reception"))
    assert load(bob, *rows, now=now, is_dry_run=True) == [(RowResult.CREATED, "")] * 2
    assert (StaticGroup.objects.count(), AuditEntry.objects.count()) == before


@pytest.mark.django_db
def test_an_id_renames_and_moves(bob: User, tree: Tree, now: datetime) -> None:
    office = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Office", now=now)
    hall = group_create(actor=ACTOR, parent_id=tree.alpha.pk, name="Hall", now=now)
    rows = (GroupRow(f"{ALPHA}/House", office.uid), GroupRow(f"{ALPHA}/House/Main hall", hall.uid))
    assert load(bob, *rows, now=now) == [(RowResult.RENAMED, ""), (RowResult.MOVED, "")]
    hall.refresh_from_db()
    assert (hall.name, hall.parent_id) == ("Main hall", office.pk)


@pytest.mark.django_db
def test_each_row_is_refused_by_itself(bob: User, tree: Tree, now: datetime) -> None:
    rows = (
        GroupRow("Companies/MSP/Gamma", tree.alpha.uid), GroupRow(f"{ALPHA}/No/Where"), GroupRow(f"{ALPHA}/Fine"),
        GroupRow(f"{ALPHA}/x", uuid.uuid4()), GroupRow(""),
    )  # fmt: skip
    assert load(bob, *rows, now=now) == [
        (RowResult.REFUSED, "group_not_found"), (RowResult.REFUSED, "group_not_found"), (RowResult.CREATED, ""),
        (RowResult.REFUSED, "group_not_found"), (RowResult.REFUSED, "group_path_invalid"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_attack_a_locked_group_is_not_touched_by_whoever_may_everything(tree: Tree, now: datetime) -> None:
    assert tree.msp.hub_id
    boss = person("boss@msp.example", **{f"c{tree.msp.hub_id.hex}": AccessLevel.WRITE})
    assert load(boss, GroupRow("Companies/MSP/Gamma", tree.alpha.uid), now=now) == [(RowResult.REFUSED, "group_locked")]
    tree.alpha.refresh_from_db()
    assert tree.alpha.name == "Alpha"


@pytest.mark.django_db
def test_attack_a_siblings_tree_is_neither_told_nor_changed(bob: User, tree: Tree, now: datetime) -> None:
    theirs = group_create(actor=ACTOR, parent_id=tree.beta.pk, name="Vault", now=now)
    rows = (
        GroupRow("Companies/MSP/Beta/Vault"), GroupRow("Companies/MSP/Beta/New"), GroupRow(f"{ALPHA}/Mine", theirs.uid),
    )  # fmt: skip
    assert {code for _, code in load(bob, *rows, now=now)} == {"group_not_found"}
    assert not any("Vault" in path for _, path in groups_rows(bob))
