"""The directory's pure decisions."""

from __future__ import annotations

import pytest
from seatkeep_manager.directory import rules
from seatkeep_manager.directory.errors import GroupCycleError, GroupTooDeepError, NameInvalidError


def test_a_group_cannot_move_below_itself() -> None:
    with pytest.raises(GroupCycleError):
        rules.group_check_move(path=[1, 5], new_parent_path=[1, 5, 7], subtree_height=2)


def test_a_subtree_cannot_end_deeper_than_twenty() -> None:
    with pytest.raises(GroupTooDeepError):
        rules.group_check_move(path=[1, 50], new_parent_path=list(range(1, 20)), subtree_height=2)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", "a\x00b"])
def test_a_bad_name_is_refused_with_its_field(name: str) -> None:
    with pytest.raises(NameInvalidError) as caught:
        rules.name_clean(name)
    assert "name" in caught.value.fields
