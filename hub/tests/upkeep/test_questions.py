"""Changed hardware and copied computers raise a question; a person answers it once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.upkeep.errors import AnswerError, QuestionAnsweredError, QuestionNotFoundError
from seatkeep_hub.upkeep.models import SeatQuestion
from seatkeep_hub.upkeep.questions import question_answer, question_get, question_list, questions_find

pytestmark = pytest.mark.django_db


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def changed(cast: Cast, activate: Any) -> SeatQuestion:
    """One agent took a second seat under another fingerprint."""
    activate(cast.msp_a, "old", agent="a" * 32)
    activate(cast.msp_a, "new", agent="a" * 32, at=later(1))
    questions_find(now=later(2))
    return SeatQuestion.objects.get()


def states() -> dict[str, str]:
    return dict(Seat.objects.values_list("fingerprint", "state"))


@pytest.mark.parametrize(
    ("answer", "stopped"), [("REPLACED", {"old"}), ("KEPT", {"new"}), ("BOTH", set())], ids=["replace", "keep", "both"]
)
def test_changed_hardware_is_answered(changed: SeatQuestion, answer: str, stopped: set[str]) -> None:
    assert (changed.kind, changed.detail) == ("HARDWARE", "agent")
    for _ in range(2):
        question_answer(actor=ACTOR, question=changed, answer=answer, now=later(3))
    assert {name for name, state in states().items() if state == "DEACTIVATED"} == stopped
    with pytest.raises(QuestionAnsweredError):
        question_answer(actor=ACTOR, question=changed, answer="BOTH" if answer != "BOTH" else "KEPT", now=later(4))


def test_it_is_asked_once(changed: SeatQuestion) -> None:
    assert (questions_find(now=later(3)), SeatQuestion.objects.count()) == (0, 1)


def test_the_same_serial_number_asks_and_one_that_says_nothing_does_not(cast: Cast, activate: Any) -> None:
    for number, serial in enumerate(["PF3ABC12", "PF3ABC12", "Default string", "Default string", "", ""]):
        activate(cast.msp_a, f"pc-{number}", serial=serial, at=later(number))
    questions_find(now=later(9))
    assert [(one.seat.device_name, one.detail) for one in SeatQuestion.objects.all()] == [("pc-0", "serial")]


def test_a_serial_number_that_many_share_says_nothing(cast: Cast, activate: Any) -> None:
    for number in range(3):
        activate(cast.msp_a, f"vm-{number}", serial="VMWARE-1", at=later(number))
    assert questions_find(now=later(9)) == 0


def test_a_new_key_is_a_new_set_up_and_no_question(cast: Cast, activate: Any) -> None:
    activate(cast.msp_a, "pc", key="one")
    activate(cast.msp_a, "pc", key="two", at=later(1))
    assert (questions_find(now=later(2)), Seat.objects.count()) == (0, 1)


def test_a_key_that_comes_back_is_a_copy(cast: Cast, activate: Any) -> None:
    for minute, key in enumerate(["one", "two", "one"]):
        activate(cast.msp_a, "pc", key=key, at=later(minute))
    assert (questions_find(now=later(5)), questions_find(now=later(6))) == (1, 0)
    asked = SeatQuestion.objects.get()
    assert (asked.kind, asked.other) == ("CLONE", None)
    with pytest.raises(AnswerError):
        question_answer(actor=ACTOR, question=asked, answer="BOTH", now=later(7))
    question_answer(actor=ACTOR, question=asked, answer="REPLACED", now=later(7))
    assert states() == {"pc": "DEACTIVATED"}


def test_a_question_goes_with_its_computer(changed: SeatQuestion) -> None:
    from seatkeep_hub.licensing.seats import seats_deactivate

    seats_deactivate(actor=ACTOR, seat_uids=[changed.seat.uid], now=later(3))
    questions_find(now=later(4))
    changed.refresh_from_db()
    assert changed.state == "GONE"


def test_a_sibling_sees_no_question(cast: Cast, changed: SeatQuestion) -> None:
    assert list(question_list(cast.alice)) == [changed]
    for who in (cast.charlie, cast.erin):
        with pytest.raises(QuestionNotFoundError):
            question_get(who, changed.uid)
