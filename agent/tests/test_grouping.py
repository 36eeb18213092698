"""Which dynamic groups take this device, decided by the agent: over restarts, without an inventory, on a full disk."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from seatkeep_agent.grouping import GroupFollower
from seatkeep_agent.store import Store
from seatkeep_protocol.device_status import Known
from seatkeep_protocol.membership import DynamicNode, Operation, Operator, Rule, Template
from seatkeep_protocol.messages import Hardware, Inventory, OsInfo, Software
from seatkeep_protocol.policy import ChainNode, NodeKind
from seatkeep_protocol.vocabulary import DeviceKind, OsFamily
from world import World, now

BROWSERS, OLD_BROWSERS = "aa" * 16, "bb" * 16


def dynamic(node: str, symbol: str, operator: Operator, value: str, *children: DynamicNode) -> DynamicNode:
    chain_node = ChainNode(kind=NodeKind.DYNAMIC, node=node, name=node[:2])
    return DynamicNode(chain_node, Template(Operation.AND, (Rule(symbol, operator, value),)), children)


OLD = dynamic(OLD_BROWSERS, "software.version", Operator.LESS, "100")
GROUPS = (dynamic(BROWSERS, "software.name", Operator.CONTAINS, "browser", OLD),)


class Scene:
    """A follower with what it knows, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder / "world")
        document = self.world.group_document()
        self.book: Any = SimpleNamespace(group=msgspec.structs.replace(document, dynamic={self.world.group: GROUPS}))
        self.store = Store(folder / "agent.db")
        self.known = Known()
        self.changes: list[tuple[set[str], set[str]]] = []

    def installed(self, version: str) -> None:
        software = [Software(name="Browser", version=version)] if version else []
        system = OsInfo(family=OsFamily.LINUX, name="Debian")
        inventory = Inventory(
            hostname="till", kind=DeviceKind.WORKSTATION, os=system, hardware=Hardware(), software=software
        )
        self.known = Known(inventory=inventory)

    def follower(self) -> GroupFollower:
        """A new one, as after a restart."""
        return GroupFollower(
            store=self.store, book=self.book, known=lambda: self.known, clock=now, on_change=self.changed
        )

    async def changed(self, joined: set[str], left: set[str]) -> None:
        self.changes.append((joined, left))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_groups_are_joined_and_left_as_the_device_changes(scene: Scene) -> None:
    follower = scene.follower()
    for version in ("99.1", "100.0", ""):
        scene.installed(version)
        await follower.look()
    both, none = {BROWSERS, OLD_BROWSERS}, set[str]()
    assert scene.changes == [(both, none), (none, {OLD_BROWSERS}), (none, {BROWSERS})]
    assert follower.groups == []


async def test_nothing_is_decided_before_the_inventory_is_known(scene: Scene) -> None:
    follower = scene.follower()
    await follower.look()
    assert (follower.groups, follower.is_decided, scene.changes) == (None, False, [])


async def test_a_restart_joins_nothing_anew(scene: Scene) -> None:
    """Nor does it leave anything while the inventory is not there yet; it only says once that it has looked."""
    scene.installed("99.1")
    await scene.follower().look()
    scene.known, scene.changes = Known(), []
    again = scene.follower()
    await again.look()
    assert again.groups == [BROWSERS, OLD_BROWSERS]
    scene.installed("99.1")
    await again.look()
    await again.look()
    assert scene.changes == [(set(), set())]


async def test_a_full_disk_forgets_but_decides(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from seatkeep_agent.errors import SpoolFullError

    def full(name: str, value: object) -> None:
        raise SpoolFullError

    monkeypatch.setattr(scene.store, "fact_set", full)
    scene.installed("99.1")
    follower = scene.follower()
    await follower.look()
    assert follower.groups == [BROWSERS, OLD_BROWSERS]
    assert len(scene.changes) == 1
