"""Backup, wipe, restore, with real programs: 20 simulated computers and two real ones must not notice for long.

One story in order: what was there at the backup goes on, and what came after it is found again.
"""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .conftest import stack_make
from .prepared import Prepared, RealDevice, Simulation, prepare, simulation
from .waiting import wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(480)]

SIMULATED = 20
OBEY_SECONDS = 60
EXCLUDED = "/restored/**"
"""What the policy of after the restore says."""
LATE_SEAT, LATE_DEVICE = SIMULATED, SIMULATED + 1
"""Numbers of the two that came later: one took its seat after the backup, one joined after it."""


@dataclass
class Story:
    """What the tests of this file share, in order.

    Attributes:
        prepared: The stack.
        fleet: 20 computers of before the backup, then the two that came later.
        real: A real computer of before the backup.
        late_real: Another one, installed after it: the restored console has never heard of it.
        restored_at: `time.monotonic()` when the restore was done and nothing ran yet.
        seats: Seat uid of each simulated computer before the wipe.
        newcomer: Device id of the simulated one that joined after the backup.
        late_real_was: Device id and seat of the real one that was installed after it.
    """

    prepared: Prepared
    fleet: Simulation
    real: RealDevice
    late_real: RealDevice
    kit: Path
    backup: Path
    restored_at: float = 0.0
    seats: dict[int, str | None] = field(default_factory=dict)
    newcomer: str | None = None
    late_real_was: tuple[str, str] = ("", "")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A stack with computers, backed up; then two more computers; then all of it wiped and restored."""
    folder = tmp_path_factory.mktemp("restore")
    stack = stack_make()
    real, late_real = RealDevice(folder / "device"), RealDevice(folder / "late-device")
    try:
        stack.up()
        prepared = prepare(stack)
        with simulation(prepared.plan(folder / "fleet", SIMULATED)) as fleet:
            kit = prepared.kit_download(folder)
            one = Story(prepared, fleet, real, late_real, kit, folder / "evening.backup")
            _before(one)
            _back_up(one)
            _after(one)
            one.restored_at = prepared.wipe_and_restore(one.backup, one.kit)
            yield one
        prepared.browser.close()
    finally:
        real.stop()
        late_real.stop()
        stack.down()
        shutil.rmtree(stack.data, ignore_errors=True)


def _before(story: Story) -> None:
    _install(story, story.real)
    story.fleet.start(SIMULATED)
    late = story.fleet.enrolled_only(LATE_SEAT)
    assert late.device is not None
    assert not late.has_seat
    wait_until("20 seats", lambda: all(device.has_seat for device in story.fleet.devices[:SIMULATED]), 30)
    wait_until("22 computers", lambda: len(story.prepared.rows("/computers/")) == SIMULATED + 2, 15)


def _install(story: Story, device: RealDevice) -> None:
    done = device.install(story.prepared)
    assert done.returncode == 0, done.stdout + done.stderr


def _back_up(story: Story) -> None:
    story.prepared.stack.seatkeep("backup", str(story.backup))


def _after(story: Story) -> None:
    story.fleet.start(2)
    _install(story, story.late_real)
    story.late_real_was = story.late_real.device(), story.late_real.lease()["sub"]
    wait_until("the late seats", lambda: all(device.has_seat for device in story.fleet.devices), 30)
    story.seats = {number: device.seat for number, device in enumerate(story.fleet.devices)}
    story.newcomer = story.fleet.devices[LATE_DEVICE].device


def seats(story: Story) -> dict[str, str]:
    """Seat id to device name, as the hub lists the seats in use."""
    items = story.prepared.browser.api("GET", f"{story.prepared.stack.licensing}/api/v1/seats?limit=100")["items"]
    return {item["id"]: item["device_name"] for item in items}


def seat_page(story: Story, seat: str | None) -> str:
    """The hub's page of a seat, with its history; empty while the hub has no such seat."""
    if seat not in seats(story):
        return ""
    return story.prepared.browser.open(f"{story.prepared.stack.licensing}/seats/{seat}/").text


def returned(story: Story) -> set[str]:
    """The computers that the console took back, as its journal names them."""
    return {row["On"] for row in story.prepared.rows("/audit/") if row["What"] == "Computer returned"}


def test_all_computers_obey_a_new_policy_within_a_minute_of_the_restore(story: Story) -> None:
    story.prepared.policy_change(EXCLUDED)

    def is_obeyed() -> bool:
        simulated = [device.settings().get("scan.exclusions", []) for device in story.fleet.devices[:SIMULATED]]
        return all(EXCLUDED in one for one in [*simulated, story.real.settings().get("scan.exclusions", [])])

    wait_until("obedience", is_obeyed, OBEY_SECONDS)
    seconds = time.monotonic() - story.restored_at
    print(f"{SIMULATED} simulated and one real computer obey {seconds:.1f} s after the restore")
    assert seconds < OBEY_SECONDS


def test_a_seat_taken_after_the_backup_is_kept_and_found_after_the_restore(story: Story) -> None:
    late = story.fleet.devices[LATE_SEAT]

    wait_until("the seat in the hub", lambda: "found after restore" in seat_page(story, late.seat), 60)

    assert late.has_seat


def test_a_real_computer_that_was_installed_after_the_backup_comes_back_with_its_identity_and_seat(
    story: Story,
) -> None:
    device, seat = story.late_real_was

    wait_until("the seat in the hub", lambda: "found after restore" in seat_page(story, seat), 60)
    wait_until("its obedience", lambda: EXCLUDED in story.late_real.settings().get("scan.exclusions", []), 60)

    assert (story.late_real.device(), story.late_real.lease()["sub"]) == (device, seat)
    assert f"Computer {socket.gethostname()}" in returned(story)


def test_no_seat_changes_hands_or_number_by_the_restore(story: Story) -> None:
    wait_until("22 seats and two real ones", lambda: len(seats(story)) == SIMULATED + 4, 60)

    assert {number: device.seat for number, device in enumerate(story.fleet.devices)} == story.seats


def test_a_computer_that_joined_after_the_backup_is_taken_back_as_itself(story: Story) -> None:
    newcomer = story.fleet.devices[LATE_DEVICE]

    def is_shown() -> bool:
        names = [row["Computer"] for row in story.prepared.rows("/computers/")]
        return newcomer.identity.hostname in names

    wait_until("the newcomer in the console", is_shown, 60)

    assert newcomer.device == story.newcomer
    wait_until("its obedience", lambda: EXCLUDED in newcomer.settings()["scan.exclusions"], 20)
    assert f"Computer {newcomer.identity.hostname}" in returned(story)
