""" "Stop protecting" in Licensing, and its undo, on a real computer: at once, and nothing takes the seat back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .conftest import stack_make
from .prepared import Prepared, RealDevice, prepare
from .waiting import wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(180)]

AT_ONCE_SECONDS = 10


@dataclass
class Story:
    """A protected computer."""

    prepared: Prepared
    real: RealDevice

    @property
    def device(self) -> dict[str, Any]:
        """The computer as the console knows it."""
        found: dict[str, Any] = self._ask("GET", f"{self.prepared.stack.console}/api/v1/devices")["items"][0]
        return found

    @property
    def seat(self) -> dict[str, Any]:
        """Its seat as the hub knows it."""
        found: dict[str, Any] = self._ask("GET", f"{self.prepared.stack.licensing}/api/v1/seats")["items"][0]
        return found

    def decide(self, verb: str) -> None:
        """Stop or resume the seat in Licensing."""
        self._ask("POST", f"{self.prepared.stack.licensing}/api/v1/seats/{verb}", {"seats": [self.seat["id"]]})

    def is_in(self, state: str) -> bool:
        """Whether the computer says that its license is in this state."""
        return bool(self.device["lease"].get("state") == state)

    def page(self, tab: str = "license") -> str:
        """The computer's page."""
        return self.prepared.browser.open(
            f"{self.prepared.stack.console}/computers/{self.device['uid']}/?tab={tab}"
        ).text

    def _ask(self, method: str, url: str, body: object | None = None) -> Any:
        return self.prepared.browser.api(method, url, body)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    stack = stack_make()
    stack.up()
    real = RealDevice(tmp_path_factory.mktemp("stop") / "device")
    prepared = prepare(stack)
    try:
        done = real.install(prepared)
        assert done.returncode == 0, done.stdout + done.stderr
        one = Story(prepared, real)
        wait_until("a license", lambda: one.is_in("ACTIVE"), 30)
        yield one
    finally:
        real.stop()
        prepared.browser.close()
        stack.down()
        shutil.rmtree(stack.data, ignore_errors=True)


def test_console_and_licensing_understand_each_other_from_the_first_call(story: Story) -> None:
    link = story.prepared.browser.api("GET", f"{story.prepared.stack.console}/api/v1/link")
    assert (link["state"], link["status"]) == ("LINKED", "SYNCHRONIZED")
    log = (story.prepared.stack.data / "logs" / "manager-hublink.log").read_text()
    assert "nonsense" not in log
    assert "refused" not in log


def test_stop_protecting_reaches_the_computer_at_once(story: Story) -> None:
    story.decide("stop")
    seconds = wait_until("the stop", lambda: story.is_in("STOPPED"), AT_ONCE_SECONDS)
    print(f"stopped after {seconds:.1f} s")
    assert "Stopped in Licensing" in story.page()


def test_a_stopped_computer_does_not_take_its_seat_again(story: Story) -> None:
    time.sleep(3)
    assert (story.seat["state"], story.device["lease"]["state"]) == ("DEACTIVATED", "STOPPED")


def test_undo_protects_the_computer_again_at_once(story: Story) -> None:
    story.decide("resume")
    seconds = wait_until("the undo", lambda: story.is_in("ACTIVE"), AT_ONCE_SECONDS)
    print(f"protected again after {seconds:.1f} s")
    assert story.seat["state"] == "ACTIVE"
    assert "Stopped in Licensing" not in story.page()
