"""How an agent comes back to a console that forgot it, and what such a console cannot do with it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from seatkeep_agent.identity import Identity
from seatkeep_agent.keys import agent_keys_load
from seatkeep_agent.passes import PassKeeper
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms import platform
from seatkeep_license.keys import SigningKey
from world import World


@dataclass
class Keeping:
    """A pass keeper of the world's device, and the identities that it made."""

    keeper: PassKeeper
    made: list[Identity] = field(default_factory=list)


@pytest.fixture
def keeping(world: World, tmp_path: Path) -> Keeping:
    layout = Layout(tmp_path / "machine")
    layout.prepare()
    layout.ca_file.write_text(world.ca_file.read_text())
    world.jwt = "the last one"
    identity = Identity(
        device=world.device, company=world.company, instance=world.instance, root_key=world.root_key.verify_key.jwk,
        min_version=7, jwt=world.jwt, console=[world.url], licensing=[world.url], nats=[],
    )  # fmt: skip
    made: list[Identity] = []

    async def take(new: Identity) -> None:
        made.append(new)

    keys = agent_keys_load(layout.keys)
    keeper = PassKeeper(layout=layout, keys=keys, platform=platform(), identity=lambda: identity, on_new=take)
    return Keeping(keeper, made)


async def test_a_console_that_knows_us_gives_the_next_jwt(world: World, keeping: Keeping) -> None:
    world.jwt = "the next one"
    await keeping.keeper.renew()
    assert [one.jwt for one in keeping.made] == ["the next one"]
    assert "/agent/v1/return" not in world.requests


async def test_a_console_that_forgot_us_takes_us_back_by_the_last_jwt(world: World, keeping: Keeping) -> None:
    world.is_forgetful = True
    await keeping.keeper.renew()
    (back,) = keeping.made
    assert (back.device, back.min_version, back.jwt) == (world.device, 7, world.jwt)


@pytest.mark.parametrize(
    "changes",
    [{"device": uuid.uuid4().hex}, {"instance": uuid.uuid4().hex}, {"root_key": SigningKey.generate()}],
    ids=["device", "instance", "root_key"],
)
async def test_a_stolen_console_cannot_turn_us_to_another_instance_by_forgetting_us(
    world: World, keeping: Keeping, changes: dict[str, Any]
) -> None:
    world.is_forgetful = True
    for name, value in changes.items():
        setattr(world, name, value)
    await keeping.keeper.renew()
    assert "/agent/v1/return" in world.requests
    assert keeping.made == []


async def test_a_document_that_is_missing_for_a_moment_asks_nobody(world: World, keeping: Keeping) -> None:
    await keeping.keeper.document_is(missing=True)
    await keeping.keeper.document_is(missing=False)
    assert world.requests == []


async def test_a_document_that_stays_away_asks_the_console_once_and_then_with_more_patience(
    world: World, keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("seatkeep_agent.passes.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("seatkeep_agent.passes.random.random", lambda: 0.5)
    asked = []
    for clock[0] in (0.0, 25.0, 26.0, 50.0):
        await keeping.keeper.document_is(missing=True)
        asked.append(len(world.requests))
    assert asked == [0, 1, 1, 1]
