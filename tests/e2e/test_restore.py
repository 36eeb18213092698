"""Backup, wipe, restore, with real programs: 20 simulated computers and a real one must not notice for long.

One story in order: what was there at the backup goes on, and what came after it is found again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .conftest import Stack, stack_make
from .prepared import Prepared, RealDevice, Simulation, prepare, simulation, wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

SIMULATED = 20
OBEY_SECONDS = 60
LATE_SEAT, LATE_DEVICE = SIMULATED, SIMULATED + 1
"""Numbers of the two that came later: one took its seat after the backup, one joined after it."""


@dataclass
class Story:
    """What the tests of this file share, in order.

    Attributes:
        prepared: The stack.
        fleet: 20 computers of before the backup, then the two that came later.
        real: The real computer.
        restored_at: `time.monotonic()` when the restore was done and nothing ran yet.
        seats: Seat uid of each simulated computer before the wipe.
        newcomer: Device id of the one that joined after the backup.
    """

    prepared: Prepared
    fleet: Simulation
    real: RealDevice
    kit: Path
    backup: Path
    restored_at: float = 0.0
    seats: dict[int, str | None] = field(default_factory=dict)
    newcomer: str | None = None


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A stack with computers, backed up; then two more computers; then all of it wiped and restored."""
    folder = tmp_path_factory.mktemp("restore")
    stack = stack_make()
    real = RealDevice(folder / "device")
    try:
        stack.up()
        prepared = prepare(stack)
        with simulation(prepared.plan(folder / "fleet", SIMULATED)) as fleet:
            one = Story(prepared, fleet, real, kit_download(prepared, folder), folder / "evening.backup")
            _before(one)
            _back_up(one)
            _after(one)
            _wipe_and_restore(one)
            yield one
        prepared.browser.close()
    finally:
        real.stop()
        stack.down()
        shutil.rmtree(stack.data, ignore_errors=True)


def kit_download(prepared: Prepared, folder: Path) -> Path:
    """The recovery kit, as the owner downloads it."""
    page = prepared.browser.open(f"{prepared.stack.licensing}/welcome/kit/")
    form = next(form for form in page.forms if "download" in form.action)
    kit = folder / "kit.zip"
    kit.write_bytes(prepared.browser.submit(form).answer.content)
    return kit


def _before(story: Story) -> None:
    done = story.real.install(story.prepared)
    assert done.returncode == 0, done.stdout + done.stderr
    story.fleet.start(SIMULATED)
    late = story.fleet.enrolled_only(LATE_SEAT)
    assert late.device is not None
    assert not late.has_seat
    wait_until("20 seats", lambda: all(device.has_seat for device in story.fleet.devices[:SIMULATED]), 30)
    wait_until("22 computers", lambda: len(story.prepared.rows("/computers/")) == SIMULATED + 2, 15)


def _back_up(story: Story) -> None:
    story.prepared.stack.seatkeep("backup", str(story.backup))


def _after(story: Story) -> None:
    story.fleet.start(2)
    wait_until("the late seats", lambda: all(device.has_seat for device in story.fleet.devices), 30)
    story.seats = {number: device.seat for number, device in enumerate(story.fleet.devices)}
    story.newcomer = story.fleet.devices[LATE_DEVICE].device


def _wipe_and_restore(story: Story) -> None:
    stack = story.prepared.stack
    stack.down()
    wipe(stack)
    stack.seatkeep("restore", str(story.backup), "--recovery-kit", str(story.kit))
    story.restored_at = time.monotonic()
    stack.up()
    story.prepared.sign_in()


def wipe(stack: Stack) -> None:
    """Lose the whole data folder."""
    shutil.rmtree(stack.data)
    stack.data.mkdir(mode=0o755)


def seats(story: Story) -> dict[str, str]:
    """Device name to seat id, as the hub lists the seats in use."""
    items = story.prepared.browser.api("GET", f"{story.prepared.stack.licensing}/api/v1/seats?limit=100")["items"]
    return {item["device_name"]: item["id"] for item in items}


def seat_page(story: Story, name: str) -> str:
    """The hub's page of a seat, with its history; empty while the hub has no such seat."""
    found = seats(story).get(name)
    return story.prepared.browser.open(f"{story.prepared.stack.licensing}/seats/{found}/").text if found else ""


def test_all_computers_obey_a_new_policy_within_a_minute_of_the_restore(story: Story) -> None:
    excluded = "/restored/**"
    story.prepared.policy_change(excluded)

    def is_obeyed() -> bool:
        simulated = [device.settings().get("scan.exclusions", []) for device in story.fleet.devices[:SIMULATED]]
        return all(excluded in one for one in [*simulated, story.real.settings().get("scan.exclusions", [])])

    wait_until("obedience", is_obeyed, OBEY_SECONDS)
    seconds = time.monotonic() - story.restored_at
    print(f"{SIMULATED} simulated and one real computer obey {seconds:.1f} s after the restore")
    assert seconds < OBEY_SECONDS


def test_a_seat_taken_after_the_backup_is_kept_and_found_after_the_restore(story: Story) -> None:
    late = story.fleet.devices[LATE_SEAT]

    wait_until("the seat in the hub", lambda: "found after restore" in seat_page(story, late.identity.hostname), 60)

    assert late.has_seat


def test_no_seat_changes_hands_or_number_by_the_restore(story: Story) -> None:
    wait_until("22 seats and a real one", lambda: len(seats(story)) == SIMULATED + 3, 60)

    assert {number: device.seat for number, device in enumerate(story.fleet.devices)} == story.seats


def test_a_computer_that_joined_after_the_backup_is_taken_back_as_itself(story: Story) -> None:
    newcomer = story.fleet.devices[LATE_DEVICE]

    def is_shown() -> bool:
        names = [row["Computer"] for row in story.prepared.rows("/computers/")]
        return newcomer.identity.hostname in names

    wait_until("the newcomer in the console", is_shown, 60)

    assert newcomer.device == story.newcomer
    wait_until("its obedience", lambda: "/restored/**" in newcomer.settings()["scan.exclusions"], 20)
    assert any(row["What"] == "device:return" for row in story.prepared.rows("/audit/"))
