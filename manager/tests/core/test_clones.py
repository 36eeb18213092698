"""Machines that look like one that is known: decided by rule where it is plain, asked where it is not, remembered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cast import ACTOR, NOW, FakeAgent
from seatkeep_manager.directory.models import Device
from seatkeep_manager.enrollment.deciding import request_approve
from seatkeep_manager.enrollment.enums import Answer, RequestState
from seatkeep_manager.enrollment.errors import KeyRevokedError
from seatkeep_manager.enrollment.models import EnrollmentRequest, EnrollmentToken
from seatkeep_manager.enrollment.services import Waiting, device_enroll, token_revoke
from seatkeep_manager.enrollment.token_services import token_lift

pytestmark = pytest.mark.django_db


def double_of(agent: FakeAgent) -> FakeAgent:
    """A machine that has the same parts and another key."""
    return FakeAgent(fingerprint=agent.fingerprint)


def enter(agent: FakeAgent, token: EnrollmentToken, at: datetime) -> Device | Waiting:
    return device_enroll(secret=token.secret, request=agent.request(at), ip=None, now=at)


@pytest.fixture
def original(token: EnrollmentToken, now: datetime) -> tuple[FakeAgent, Device]:
    agent = FakeAgent()
    device = enter(agent, token, now)
    assert isinstance(device, Device)
    return agent, device


def test_a_copy_of_a_machine_that_lives_on_is_another_computer_without_a_question(
    original: tuple[FakeAgent, Device], token: EnrollmentToken, now: datetime
) -> None:
    agent, device = original
    copy, states = double_of(agent), []
    for minutes in (0, 2, 3):
        Device.objects.filter(pk=device.pk).update(last_seen_at=now + timedelta(minutes=minutes))
        states.append(enter(copy, token, now + timedelta(minutes=minutes)))
    assert [isinstance(one, Waiting) for one in states] == [True, True, False]
    assert isinstance(states[2], Device)
    assert states[2].pk != device.pk
    assert not EnrollmentRequest.objects.filter(state=RequestState.WAITING).exists()


def test_a_machine_that_fell_silent_is_asked_about(
    original: tuple[FakeAgent, Device], token: EnrollmentToken, now: datetime
) -> None:
    agent, device = original
    Device.objects.filter(pk=device.pk).update(last_seen_at=now)
    again = double_of(agent)
    enter(again, token, now + timedelta(hours=1))
    assert isinstance(enter(again, token, now + timedelta(hours=2)), Waiting)


@pytest.mark.parametrize(("answer", "is_same"), [("SAME", True), ("NEW", False), ("MASTER", False)])
def test_the_answer_says_which_computer_it_is_and_is_remembered(
    original: tuple[FakeAgent, Device], token: EnrollmentToken, now: datetime, answer: str, is_same: bool
) -> None:
    agent, device = original
    first = enter(double_of(agent), token, now)
    assert isinstance(first, Waiting)
    made = request_approve(actor=ACTOR, user=None, request=first.request, answer=Answer(answer), now=now)
    assert (made.pk == device.pk) is is_same
    second = enter(double_of(agent), token, now + timedelta(minutes=1))
    device.refresh_from_db()
    assert device.is_master is (answer == "MASTER")
    assert isinstance(second, Waiting) is (answer != "MASTER")


def test_attack_a_copy_of_a_master_does_not_get_the_masters_place(
    original: tuple[FakeAgent, Device], token: EnrollmentToken, now: datetime
) -> None:
    agent, device = original
    Device.objects.filter(pk=device.pk).update(is_master=True)
    made = enter(double_of(agent), token, now)
    assert isinstance(made, Device)
    device.refresh_from_db()
    assert (made.pk != device.pk, device.agent_thumbprint) == (True, agent.key.kid)


@pytest.mark.parametrize("limit", [{"max_uses": 0}, {"expires_at": NOW}])
def test_a_lifted_key_lets_everybody_in_until_it_is_revoked(
    token: EnrollmentToken, now: datetime, limit: dict[str, object]
) -> None:
    EnrollmentToken.objects.filter(pk=token.pk).update(**limit)
    assert isinstance(enter(FakeAgent(), token, now), Waiting)
    token_lift(actor=ACTOR, token=token, now=now)
    assert isinstance(enter(FakeAgent(), token, now), Device)
    token_revoke(actor=ACTOR, token=token, now=now)
    assert isinstance(enter(FakeAgent(), token, now), Waiting)
    with pytest.raises(KeyRevokedError):
        token_lift(actor=ACTOR, token=token, now=now)
