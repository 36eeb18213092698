"""Group tasks on a device: each fire at most once, offline and over restarts, in the device's own time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from seatkeep_protocol.triggers import fire_us, run_id
from seatkeep_protocol.vocabulary import TaskRunState
from trigger_scene import DEVICE, DYNAMIC, START, TASK, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.store.close()


def test_at_once_fires_once_also_after_a_restart(scene: Scene) -> None:
    scene.order({"type": "ASAP"})
    scene.look()
    scene.restart()
    scene.look(days=1)

    (event,) = scene.runs()
    assert event.run == run_id(task=TASK, device=DEVICE, fired_at_us=fire_us(START))


def test_at_once_does_not_fire_after_its_end(scene: Scene) -> None:
    scene.order({"type": "ASAP"}, ends_at_us=fire_us(START + timedelta(hours=1)))
    scene.look(hours=1)

    assert scene.runs() == []


def test_each_day_has_its_run_without_any_connection(scene: Scene) -> None:
    scene.order({"type": "DAILY", "at": "03:00"})
    for _ in range(72 * 6):
        scene.look(minutes=10)

    assert [(fire.day, fire.hour) for fire in scene.fires()] == [(23, 3), (24, 3), (25, 3)]


def test_a_missed_time_is_made_up_for_once_while_it_is_young(scene: Scene) -> None:
    scene.order({"type": "DAILY", "at": "03:00"})
    scene.look()
    scene.look(days=3, hours=-9, minutes=-30)  # half past three in Berlin, three nights later

    assert [(fire.day, fire.hour) for fire in scene.fires()] == [(25, 3)]


def test_a_time_missed_by_more_than_its_life_is_passed_over(scene: Scene) -> None:
    scene.order({"type": "DAILY", "at": "03:00"})
    scene.look()
    scene.look(hours=20)

    assert scene.runs() == []


def test_who_comes_late_makes_up_for_a_date_but_for_no_schedule(scene: Scene) -> None:
    scene.now = START + timedelta(minutes=30)
    scene.order({"type": "ONCE", "at": "2026-11-22T13:15"})
    scene.look()
    assert len(scene.runs()) == 1

    scene.order({"type": "DAILY", "at": "13:15"}, task=uuid.UUID(int=6))
    scene.look()
    assert len(scene.runs()) == 1


def test_a_clock_that_was_ahead_stops_nothing_and_repeats_nothing(scene: Scene) -> None:
    scene.order({"type": "DAILY", "at": "03:00"})
    scene.look(hours=14, minutes=30)  # half past three in Berlin
    scene.look(days=365)
    before = len(scene.runs())
    assert before == 2
    scene.now = START + timedelta(hours=13)  # back to before the first fire
    scene.look()
    scene.look(hours=1, minutes=30)
    assert len(scene.runs()) == before

    scene.look(hours=24)
    assert len(scene.runs()) == before + 1


def test_joining_a_group_fires_and_standing_in_it_does_not(scene: Scene) -> None:
    scene.groups = [DYNAMIC]
    scene.order({"type": "JOINED"}, group=DYNAMIC)
    scene.look()
    assert scene.runs() == []

    for groups in ([], [DYNAMIC], [DYNAMIC], [], [DYNAMIC]):
        scene.groups = groups
        scene.restart()
        scene.look(minutes=1)
    assert len(scene.runs()) == 2


def test_the_first_group_of_a_new_device_counts_as_joined(scene: Scene) -> None:
    scene.groups = None
    scene.order({"type": "JOINED"}, group=DYNAMIC)
    scene.look()
    scene.groups = [DYNAMIC]
    scene.look()

    assert len(scene.runs()) == 1


def test_a_schedule_of_a_dynamic_group_counts_while_the_device_is_in_it(scene: Scene) -> None:
    scene.order({"type": "DAILY", "at": "03:00"}, group=DYNAMIC)
    scene.look(hours=15)
    scene.groups = [DYNAMIC]
    scene.look()  # joins at four; three o'clock is over for it
    assert scene.runs() == []

    scene.look(hours=23)
    assert [(fire.day, fire.hour) for fire in scene.fires()] == [(24, 3)]


async def test_a_fire_too_soon_after_a_run_is_suppressed_and_told(scene: Scene) -> None:
    scene.order({"type": "CRON", "expression": "0 * * * *"}, pause_seconds=2 * 3600)
    for _ in range(4):
        scene.look(hours=1)
        await scene.runner.work()

    done, suppressed = TaskRunState.FINISHED, TaskRunState.SUPPRESSED
    assert scene.states() == [done, suppressed, done, suppressed]
    assert scene.people.said == ["hello"] * 2
    assert scene.journal.untold() == []


@pytest.mark.parametrize(("kind", "params"), [("OF_TOMORROW", {}), ("MESSAGE", {}), ("MESSAGE", {"text": "x" * 1001})])
async def test_what_the_agent_does_not_know_fails_and_says_why(scene: Scene, kind: str, params: dict[str, Any]) -> None:
    scene.order({"type": "ASAP"}, kind=kind, params=params)
    scene.look()
    await scene.runner.work()

    (event,) = scene.runs()
    assert (event.state, bool(event.detail)) == (TaskRunState.FAILED, True)


def test_a_trigger_of_tomorrow_fires_nothing(scene: Scene) -> None:
    scene.order({"type": "FULL_MOON"})
    scene.look()

    assert scene.runs() == []


async def test_killed_between_hand_out_and_answer_nothing_is_done_twice(scene: Scene) -> None:
    scene.order({"type": "ASAP"}, kind="RESTART", params={"delay_minutes": 5})
    scene.look()
    (event,) = scene.runs()
    assert scene.journal.begin(event.run, now=scene.now)
    scene.restart()
    scene.look()
    await scene.runner.work()

    assert scene.people.restarts == []
    assert scene.states() == [TaskRunState.FAILED]


async def test_a_restart_tells_people_first(scene: Scene) -> None:
    scene.order({"type": "ASAP"}, kind="RESTART", params={"text": "Please save.", "delay_minutes": 5})
    scene.look()
    await scene.runner.work()

    assert (scene.people.said, scene.people.restarts) == (["Please save."], [5])
    assert scene.runs()[0].result == {"is_told": True, "delay_minutes": 5}


@pytest.mark.parametrize("kind", ["MESSAGE", "RESTART"])
async def test_what_the_machine_refuses_fails(scene: Scene, kind: str) -> None:
    scene.people.is_there = False
    scene.order({"type": "ASAP"}, kind=kind, params={"text": "hello"})
    scene.look()
    await scene.runner.work()

    assert scene.states() == [TaskRunState.FAILED]


async def test_the_configuration_comes_as_the_result(scene: Scene) -> None:
    scene.order({"type": "ASAP"}, kind="EXPORT_CONFIGURATION", params={})
    scene.look()
    await scene.runner.work()

    assert scene.runs()[0].result == {"agent": {"heartbeat.interval_seconds": 60}}
