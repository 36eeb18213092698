"""How an agent comes back to a console that forgot it, and what such a console cannot do with it."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from seatkeep_agent.identity import Identity
from seatkeep_agent.keys import agent_keys_load
from seatkeep_agent.passes import PassKeeper
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms import platform
from seatkeep_license.keys import SigningKey
from seatkeep_protocol.subjects import device_key, group_key
from world import World


@dataclass
class Keeping:
    """A pass keeper of the world's device, and the identities that it made; the newest counts."""

    keeper: PassKeeper
    made: list[Identity] = field(default_factory=list)
    is_made: asyncio.Event = field(default_factory=asyncio.Event)


def jwt_for(company: str) -> str:
    """A broker JWT that names a company; nobody checks its signature here."""
    claims = {"iat": 1, "nats": {"tags": [f"device:{'ab' * 16}", f"company:{company}"]}}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


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
    is_made = asyncio.Event()

    async def take(new: Identity) -> None:
        made.append(new)
        is_made.set()

    keeper = PassKeeper(
        layout=layout, keys=agent_keys_load(layout.keys), platform=platform(),
        identity=lambda: made[-1] if made else identity, on_new=take,
    )  # fmt: skip
    return Keeping(keeper, made, is_made)


@asynccontextmanager
async def at_work(keeper: PassKeeper) -> AsyncIterator[None]:
    """The keeper's own loop, for as long as the test needs it."""
    job = asyncio.create_task(keeper.run())
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


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


def moved(world: World, keeping: Keeping) -> None:
    """The device document named another company than the JWT does; the console has a JWT for it."""
    old, world.company = world.company, uuid.uuid4().hex
    keeping.made.append(msgspec.structs.replace(keeping.keeper._identity(), jwt=jwt_for(old), company=world.company))
    world.jwt = jwt_for(world.company)


async def test_another_company_asks_for_its_jwt_at_once_and_again_until_the_console_answers(
    world: World, keeping: Keeping
) -> None:
    async with at_work(keeping.keeper):
        world.busy = 1
        moved(world, keeping)
        keeping.keeper.look()
        await keeping.is_made.wait()
    assert keeping.made[-1].jwt == world.jwt
    assert world.requests == ["/agent/v1/jwt"] * 2


async def test_only_a_jwt_that_is_no_good_is_replaced(
    world: World, keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def renew() -> None:
        asked.append(True)

    async def look() -> int:
        keeping.keeper.look()
        for _ in range(20):  # Turns of the loop: enough for the keeper to wake and look.
            await asyncio.sleep(0)
        return len(asked)

    monkeypatch.setattr(keeping.keeper, "renew", renew)
    keeping.made.append(msgspec.structs.replace(keeping.keeper._identity(), jwt=jwt_for(world.company)))
    async with at_work(keeping.keeper):
        keeping.keeper.refused("another one")
        counts = [await look(), await look()]
        keeping.keeper.refused(jwt_for(world.company))
        counts.append(await look())
    assert (counts[:2], counts[2] > 0) == ([0, 0], True)


async def test_a_jwt_that_the_broker_refuses_is_replaced_at_once(world: World, keeping: Keeping) -> None:
    refused, world.jwt = world.jwt, "the next one"
    async with at_work(keeping.keeper):
        keeping.keeper.refused(refused)
        await keeping.is_made.wait()
    assert keeping.made[-1].jwt == "the next one"


async def test_an_answer_that_comes_after_a_move_does_not_undo_it(world: World, keeping: Keeping) -> None:
    async def answer_late(device: str, keys: object) -> str:
        moved(world, keeping)
        return "for the former company"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seatkeep_agent.passes.Manager.jwt", lambda self, device, keys: answer_late(device, keys))
        await keeping.keeper.renew()
    assert (keeping.made[-1].company, keeping.made[-1].jwt) == (world.company, "for the former company")


def test_only_groups_of_the_company_that_the_jwt_names_are_followed(world: World, keeping: Keeping) -> None:
    own, device, foreign = "keys", device_key(world.device), group_key(uuid.uuid4().hex, world.group)
    right = group_key(world.company, world.group)
    keeping.made.append(msgspec.structs.replace(keeping.keeper._identity(), jwt=jwt_for(world.company)))
    assert keeping.keeper.opened([own, device, right, foreign]) == [own, device, right]
