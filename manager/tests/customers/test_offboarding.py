"""A customer leaves by one job that survives failures, and comes back with its history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from fake_hub import FakeHub
from seatkeep_manager.customers.enums import OffboardState, OffboardStep
from seatkeep_manager.customers.errors import OffboardDatesError, OffboardRunningError, OffboardStartedError
from seatkeep_manager.customers.models import OffboardJob
from seatkeep_manager.customers.offboarding import customer_restore, offboard_cancel, offboard_start, offboard_work
from seatkeep_manager.customers.selectors import offboard_due_ids
from seatkeep_manager.detections.models import Detection
from seatkeep_manager.directory.enums import DeviceState
from seatkeep_manager.hublink.enums import CustomerState
from seatkeep_manager.hublink.services import hub_client
from seatkeep_manager.policies.models import PolicyAssignment
from seatkeep_webkit.actors import Actor
from standing_cast import NOW, Cast

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")
TODAY = NOW.date()

Work = Callable[..., OffboardJob]


def start(cast: Cast, days: int = 0) -> OffboardJob:
    day = TODAY + timedelta(days=days)
    return offboard_start(actor=ACTOR, company=cast.alpha, last_day=TODAY, protect_until=day, bill_until=day, now=NOW)


@pytest.fixture
def work(hub: FakeHub) -> Work:
    def run(job: OffboardJob, at: datetime = NOW) -> OffboardJob:
        return offboard_work(job_id=job.pk, client=lambda: hub_client(now=at), clock=lambda: at)

    return run


def test_the_whole_leave(cast: Cast, work: Work) -> None:
    job = work(start(cast))

    assert (job.state, job.step) == (OffboardState.DONE, OffboardStep.END)
    cast.device.refresh_from_db()
    assert cast.device.state == DeviceState.RETIRED
    cast.token.refresh_from_db()
    assert cast.token.revoked_at
    assert not PolicyAssignment.objects.exists()
    cast.alpha.refresh_from_db()
    assert cast.alpha.state == CustomerState.UNLINKED


def test_a_neighbor_is_not_touched(cast: Cast, work: Work) -> None:
    work(start(cast))

    cast.foreign.refresh_from_db()
    assert cast.foreign.state == DeviceState.ACTIVE
    cast.beta.refresh_from_db()
    assert cast.beta.state == CustomerState.NOT_SET_UP


def test_a_hub_that_is_away_stops_the_job_which_then_goes_on(cast: Cast, work: Work, hub: FakeHub) -> None:
    hub.mood = "error"
    job = work(start(cast))
    assert (job.state, job.step) == (OffboardState.RUNNING, OffboardStep.LICENSING)
    assert job.error

    hub.mood = "right"
    job = work(job, at=NOW + timedelta(minutes=1))

    assert job.state == OffboardState.DONE
    assert job.error == ""


def test_a_job_waits_for_the_hubs_own_job(cast: Cast, work: Work, hub: FakeHub) -> None:
    hub.job_state = "RUNNING"
    job = work(start(cast))
    assert job.step == OffboardStep.LICENSING_WAIT

    hub.job_state = "FINISHED"

    assert work(job).state == OffboardState.DONE


def test_a_step_done_twice_asks_the_hub_for_the_same_job(cast: Cast, work: Work, hub: FakeHub) -> None:
    job = work(start(cast))
    OffboardJob.objects.update(state=OffboardState.RUNNING, step=OffboardStep.KEYS)

    again = work(job)

    assert again.hub_job == job.hub_job
    assert len(hub.offboards) == 1


def test_protection_goes_on_until_its_day(cast: Cast) -> None:
    start(cast, days=30)

    assert offboard_due_ids(now=NOW) == []
    assert offboard_due_ids(now=NOW + timedelta(days=30)) != []


def test_a_planned_leave_can_be_called_off(cast: Cast) -> None:
    job = offboard_cancel(actor=ACTOR, job_id=start(cast, days=30).pk, now=NOW)

    assert job.state == OffboardState.CANCELED
    assert offboard_due_ids(now=NOW + timedelta(days=60)) == []


def test_a_leave_that_began_cannot_be_called_off(cast: Cast, work: Work) -> None:
    job = work(start(cast))

    with pytest.raises(OffboardStartedError):
        offboard_cancel(actor=ACTOR, job_id=job.pk, now=NOW)


def test_two_leaves_at_once_are_refused(cast: Cast) -> None:
    start(cast, days=30)

    with pytest.raises(OffboardRunningError):
        start(cast)


def test_days_out_of_order_name_the_field(cast: Cast) -> None:
    with pytest.raises(OffboardDatesError) as caught:
        start(cast, days=-1)

    assert set(caught.value.fields) == {"protect_until", "bill_until"}


def test_a_customer_returns_with_computers_policies_and_history(cast: Cast, work: Work) -> None:
    work(start(cast))

    company = customer_restore(actor=ACTOR, company=cast.alpha, client=lambda: hub_client(now=NOW), now=NOW)

    cast.device.refresh_from_db()
    assert cast.device.state == DeviceState.ACTIVE
    assert PolicyAssignment.objects.filter(policy=cast.policy, group=cast.group).exists()
    assert Detection.objects.filter(device=cast.device).exists()
    assert company.state == CustomerState.NOT_SET_UP  # As it was before.


def test_a_return_that_the_hub_refuses_changes_nothing(cast: Cast, work: Work, hub: FakeHub) -> None:
    work(start(cast))
    hub.mood = "error"

    with pytest.raises(Exception, match="hub_unreachable"):
        customer_restore(actor=ACTOR, company=cast.alpha, client=lambda: hub_client(now=NOW), now=NOW)

    cast.device.refresh_from_db()
    assert cast.device.state == DeviceState.RETIRED
