"""An isolation holds over restarts, opens what must stay open, and ends in time, whatever the clock does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.isolation import IsolationKeeper
from seatkeep_agent.store import Store
from seatkeep_machine.errors import FirewallError
from seatkeep_machine.firewall.base import Openings, network
from seatkeep_protocol.tasks import IsolateParams

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


class FakeFirewall:
    """Notes what it is asked; `is_broken` refuses."""

    def __init__(self) -> None:
        self.openings: Openings | None = None
        self.cuts, self.is_broken = 0, False

    def cut(self, openings: Openings) -> None:
        self._check()
        self.openings, self.cuts = openings, self.cuts + 1

    def open(self) -> None:
        self._check()
        self.openings = None

    def is_cut(self) -> bool:
        return self.openings is not None

    def _check(self) -> None:
        if self.is_broken:
            raise FirewallError("no")


class Scene:
    """A keeper with its memory; `restart` is a new process on the same disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.seconds = folder, START, 0.0
        self.firewall, self.said = FakeFirewall(), list[str]()
        self.urls, self.allowed, self.is_server = (
            ["https://192.0.2.10:8443", "tls://192.0.2.10:2222"],
            list[str](),
            False,
        )
        self.restart()

    def restart(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        self.store = Store(self.folder / "agent.db")
        self.keeper = IsolationKeeper(
            store=self.store, firewall=self.firewall, urls=lambda: self.urls, allowed=lambda: self.allowed,
            is_server=lambda: self.is_server, say=self.said.append, on_change=lambda: None, clock=lambda: self.now,
            monotonic=lambda: self.seconds,
        )  # fmt: skip
        self.keeper.restore()

    async def isolate(self, **params: Any) -> None:
        await self.keeper.isolate(IsolateParams(by="Ana", reason="Trojan", **params))

    async def later(self, **span: float) -> None:
        """Time goes by, and the clock with it."""
        self.now, self.seconds = self.now + timedelta(**span), self.seconds + timedelta(**span).total_seconds()
        await self.keeper.look()

    def open_servers(self) -> set[str]:
        assert self.firewall.openings is not None
        return {f"{address}:{port}" for address, port in self.firewall.openings.servers}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.store.close()


async def test_it_tells_who_and_why_and_ends_by_itself(scene: Scene) -> None:
    await scene.isolate()
    state = scene.keeper.state
    assert state is not None
    assert (state.by, state.reason, state.until_us - state.since_us) == ("Ana", "Trojan", 24 * 3_600_000_000)
    assert "by Ana" in scene.said[0]
    assert "Trojan" in scene.said[0]

    await scene.later(hours=23, minutes=59)
    assert scene.firewall.is_cut()
    await scene.later(minutes=1)
    assert not scene.firewall.is_cut()
    assert scene.keeper.state is None


async def test_a_clock_set_back_does_not_make_it_longer(scene: Scene) -> None:
    await scene.isolate()
    await scene.later(hours=12)
    scene.now -= timedelta(days=30)
    scene.restart()
    await scene.later(hours=11, minutes=59)
    assert scene.firewall.is_cut()
    await scene.later(minutes=2)
    assert not scene.firewall.is_cut()


async def test_time_that_the_machine_was_off_counts(scene: Scene) -> None:
    await scene.isolate()
    scene.now += timedelta(hours=25)
    scene.restart()
    await scene.later(seconds=1)
    assert not scene.firewall.is_cut()


async def test_ordered_again_it_lasts_longer_and_says_nothing_twice(scene: Scene) -> None:
    await scene.isolate()
    await scene.later(hours=20)
    await scene.isolate()
    await scene.later(hours=20)
    assert scene.firewall.is_cut()
    assert len(scene.said) == 1


async def test_a_server_that_moves_is_reached_at_both_addresses(scene: Scene) -> None:
    await scene.isolate(allow=["198.51.100.7"])
    assert scene.open_servers() == {"192.0.2.10:8443", "192.0.2.10:2222"}
    scene.urls, scene.allowed = ["https://192.0.2.99"], ["203.0.113.0/24", "nonsense"]
    await scene.later(seconds=5)
    assert scene.open_servers() == {"192.0.2.10:8443", "192.0.2.10:2222", "192.0.2.99:443"}
    assert scene.firewall.openings is not None
    assert scene.firewall.openings.networks == {network("198.51.100.7"), network("203.0.113.0/24")}

    cuts = scene.firewall.cuts
    await scene.later(seconds=5)
    assert scene.firewall.cuts == cuts, "what is in force is not set again"
    scene.urls = []
    scene.restart()
    assert "192.0.2.99:443" in scene.open_servers(), "a start without name servers knows them still"


async def test_a_server_obeys_only_when_that_was_confirmed(scene: Scene) -> None:
    scene.is_server = True
    with pytest.raises(LocalFailureError, match="server"):
        await scene.isolate()
    assert scene.keeper.state is None
    await scene.isolate(is_for_servers=True)
    assert scene.firewall.is_cut()


async def test_a_firewall_that_says_no_leaves_no_half_isolation(scene: Scene) -> None:
    scene.firewall.is_broken = True
    with pytest.raises(LocalFailureError, match="no"):
        await scene.isolate()
    assert scene.keeper.state is None


async def test_an_end_that_was_cut_off_is_made_up_for(scene: Scene) -> None:
    await scene.isolate()
    scene.store.fact_set("isolated", None)  # As if killed after this and before the firewall was told.
    scene.restart()
    assert not scene.firewall.is_cut()


async def test_a_release_that_fails_leaves_it_in_force(scene: Scene) -> None:
    await scene.isolate()
    scene.firewall.is_broken = True
    with pytest.raises(LocalFailureError):
        await scene.keeper.release()
    assert scene.keeper.state is not None
    scene.firewall.is_broken = False
    await scene.keeper.release()
    await scene.keeper.release()
    assert not scene.firewall.is_cut()


if sys.platform != "win32":
    from netns import Cable, can_make_namespaces


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    if not can_make_namespaces():
        pytest.skip("network namespaces and nftables need root, ip and nft")
    made = Cable(tmp_path)
    yield made
    made.close()


def test_packets_pass_to_the_allowed_and_to_nobody_else(cable: Cable) -> None:
    """Established connections end too, a restart of the agent changes nothing, and removal lets everything through."""
    talking = cable.connect("other")
    assert cable.reaches("friend")

    cable.ask("isolate friend")
    assert cable.reaches("friend")
    assert not cable.reaches("other")
    with talking:
        assert not cable.is_answered(talking)
    assert not cable.can_be_called_from("other")
    assert cable.can_be_called_from("friend")

    cable.kill()
    assert not cable.reaches("other"), "the rules stand without the agent"
    cable.start()
    assert not cable.reaches("other")

    cable.ask("isolate other")  # Extended, and the openings are others now.
    assert cable.reaches("other")
    assert not cable.reaches("friend")

    cable.ask("pass 23")
    assert not cable.reaches("friend")
    cable.ask("pass 2")
    assert cable.reaches("friend"), "after its time it ends by itself"

    cable.ask("isolate other")
    cable.kill()
    cable.remove()
    assert cable.reaches("friend"), "the removal of the agent lets the machine go"
