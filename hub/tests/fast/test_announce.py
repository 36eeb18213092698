"""The long poll of managers."""

from __future__ import annotations

import asyncio
import time

import pytest
from asgiref.sync import sync_to_async
from seatkeep_hub.agreements.feed import feed_read
from seatkeep_hub.companies.feed import feed_reset
from seatkeep_hub.companies.services import company_rename
from seatkeep_hub.fast import announce
from seatkeep_webkit import clock
from seatkeep_webkit.actors import Actor

ACTOR = Actor.system("tests")

later = sync_to_async


@pytest.fixture
def cursor(world) -> str:
    return feed_read(scope=world.msp, cursor=None, limit=1000, now=clock.now()).cursor


async def test_nothing_new_answers_after_the_wait(fast, world, cursor):
    answer = await fast.announce(world.instance, cursor, wait=1)
    assert answer.json() == {"changed": False}


async def test_a_change_is_announced_at_once(fast, world, cursor):
    waiting = asyncio.create_task(fast.announce(world.instance, cursor, wait=10))
    await asyncio.sleep(0.5)
    start = time.monotonic()
    await later(company_rename)(actor=ACTOR, company=world.contoso, name="Contoso 2", now=clock.now())
    assert (await waiting).json() == {"changed": True}
    assert time.monotonic() - start < 5  # Half of what it would have waited.


async def test_a_change_that_comes_while_the_feed_is_looked_at_is_not_missed(fast, world, cursor, monkeypatch):
    look, looks = announce._look, []

    async def look_and_then_the_news(*arguments):
        seen = await look(*arguments)
        looks.append(seen)
        if len(looks) == 1:
            await later(company_rename)(actor=ACTOR, company=world.contoso, name="Contoso 2", now=clock.now())
            await asyncio.sleep(0.5)
        return seen

    monkeypatch.setattr(announce, "_look", look_and_then_the_news)
    start = time.monotonic()
    assert (await fast.announce(world.instance, cursor, wait=10)).json() == {"changed": True}
    assert time.monotonic() - start < announce.SAFETY_SECONDS - 1


async def test_a_change_elsewhere_is_not_announced(fast, world, cursor):
    await later(company_rename)(actor=ACTOR, company=world.stranger, name="Charlie 2", now=clock.now())
    assert (await fast.announce(world.instance, cursor, wait=1)).json() == {"changed": False}


async def test_a_restored_hub_announces_to_everybody(fast, world, cursor):
    await later(feed_reset)()
    assert (await fast.announce(world.instance, cursor, wait=1)).json() == {"changed": True}


async def test_attack_a_call_without_a_signature(fast, world):
    answer = await fast.http.get("/api/v1/announce?cursor=&wait_seconds=1")
    assert (answer.status_code, answer.json()["code"]) == (401, "call_refused")


async def test_attack_a_call_signed_for_another_path(fast, world, cursor):
    answer = await fast.announce(world.instance, cursor, wait=1, path="/api/v1/announce?cursor=other")
    assert answer.status_code == 401


async def test_attack_a_call_of_a_revoked_instance(fast, world, cursor):
    world.instance.row.is_revoked = True
    await later(world.instance.row.save)()
    assert (await fast.announce(world.instance, cursor, wait=1)).status_code == 401


async def test_a_cursor_that_is_not_ours_is_malformed(fast, world):
    assert (await fast.announce(world.instance, "nonsense", wait=1)).status_code == 400
