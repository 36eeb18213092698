"""A customer leaves by one job that survives failures, and comes back with its history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import msgspec
import pytest
from fake_hub import FakeHub
from seatkeep_manager.customers import offboarding, rules
from seatkeep_manager.customers.enums import OffboardState, OffboardStep
from seatkeep_manager.customers.errors import (
    OffboardDatesError,
    OffboardRunningError,
    OffboardStartedError,
    OffboardStuckError,
    PackNotFoundError,
)
from seatkeep_manager.customers.models import HandOverPack, OffboardJob
from seatkeep_manager.customers.offboarding import offboard_cancel, offboard_retry, offboard_start, offboard_work
from seatkeep_manager.customers.returning import customer_restore
from seatkeep_manager.customers.selectors import offboard_due_ids, offboard_forecast, pack_get, products_kept
from seatkeep_manager.detections.models import Detection
from seatkeep_manager.directory.enums import DeviceState
from seatkeep_manager.hublink.enums import CustomerState
from seatkeep_manager.hublink.services import hub_client
from seatkeep_manager.policies.models import PolicyAssignment
from seatkeep_manager.publisher.gather import render
from seatkeep_manager.statedocs.models import StateDocument
from seatkeep_protocol.subjects import device_key
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry
from standing_cast import NOW, Cast

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")
TODAY = NOW.date()

Work = Callable[..., OffboardJob]


def start(cast: Cast, days: int = 0, *, keeps_product: bool = False) -> OffboardJob:
    day = TODAY + timedelta(days=days)
    return offboard_start(
        actor=ACTOR, company=cast.alpha, last_day=TODAY, protect_until=day, bill_until=day, now=NOW,
        keeps_product=keeps_product,
    )  # fmt: skip


@pytest.fixture
def work(hub: FakeHub) -> Work:
    def run(job: OffboardJob, at: datetime = NOW) -> OffboardJob:
        return offboard_work(job_id=job.pk, client=lambda _company: hub_client(now=at), clock=lambda: at)

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


class KilledError(BaseException):
    """The process is gone: nothing of ours catches it."""


@pytest.mark.parametrize("step", [step for step in OffboardStep if step != OffboardStep.END])
def test_a_kill_right_after_a_steps_work_does_nothing_twice(
    cast: Cast, work: Work, hub: FakeHub, step: OffboardStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = offboarding._STEPS[step]

    def killed(*given: Any) -> Any:
        real(*given)
        raise KilledError

    job = start(cast)
    with monkeypatch.context() as patch:
        patch.setitem(offboarding._STEPS, step, killed)
        with pytest.raises(KilledError):
            work(job)

    job = work(job)

    assert job.state == OffboardState.DONE
    assert (job.done, job.total) == (1, 1)
    assert len(hub.offboards) == 1
    actions = AuditEntry.objects.filter(company_uid=cast.alpha.hub_id).values_list("action", flat=True)
    assert [list(actions).count(one) for one in ("token:revoke", "device:retire", "customer:archive")] == [1, 1, 1]
    assert len(job.undo["policies"]) == 1
    assert HandOverPack.objects.count() == 1


def test_each_step_tells_when_it_began_and_ended(cast: Cast, work: Work) -> None:
    job = work(start(cast))

    assert {step for step, times in job.steps.items() if times["began_at"]} == set(OffboardStep) - {OffboardStep.END}
    assert all(times["ended_at"] for times in job.steps.values())


def test_a_failed_step_is_tried_again_at_once_when_a_person_says_so(cast: Cast, work: Work, hub: FakeHub) -> None:
    hub.mood = "error"
    job = work(start(cast))
    assert offboard_due_ids(now=NOW) == []

    job = offboard_retry(actor=ACTOR, job_id=job.pk, now=NOW)

    assert offboard_due_ids(now=NOW) == [job.pk]


def test_nothing_failed_so_nothing_is_tried_again(cast: Cast) -> None:
    with pytest.raises(OffboardStuckError):
        offboard_retry(actor=ACTOR, job_id=start(cast, days=3).pk, now=NOW)


def test_a_leave_can_be_called_off_until_licensing_is_told_and_its_policies_come_back(
    cast: Cast, work: Work, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waiting(*given: Any) -> rules.StepEnd:
        real(*given)
        return rules.StepEnd.WAIT

    real = offboarding._STEPS[OffboardStep.POLICIES]
    monkeypatch.setitem(offboarding._STEPS, OffboardStep.POLICIES, waiting)
    job = work(start(cast))
    assert not PolicyAssignment.objects.exists()

    offboard_cancel(actor=ACTOR, job_id=job.pk, now=NOW)

    assert PolicyAssignment.objects.filter(policy=cast.policy, group=cast.group).exists()
    assert work(job).state == OffboardState.CANCELED
    assert hub.offboards == {}


def test_a_leave_of_which_licensing_may_know_cannot_be_called_off(cast: Cast, work: Work, hub: FakeHub) -> None:
    hub.mood = "error"
    job = work(start(cast))
    assert job.step == OffboardStep.LICENSING

    with pytest.raises(OffboardStartedError):
        offboard_cancel(actor=ACTOR, job_id=job.pk, now=NOW)


def test_the_pack_holds_what_was_here_and_no_secret(cast: Cast, work: Work) -> None:
    cast.device.display_name = "=cmd|' /C calc'!A0"
    cast.device.save()

    work(start(cast))

    pack = pack_get(cast.alpha)
    with ZipFile(BytesIO(pack.data)) as archive:
        files = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    assert set(files) == {
        "README.txt", "devices.csv", "software.csv", "groups.csv", "detections.csv", "quarantine.csv", "policies.json",
        "audit.csv",
    }  # fmt: skip
    assert "reception-01" in files["devices.csv"]
    assert "'=cmd" in files["devices.csv"]
    assert "openssl" in files["software.csv"]
    assert "Nightly scan" in files["policies.json"]
    assert "EICAR" in files["detections.csv"]
    everything = "".join(files.values())
    assert cast.token.secret not in everything
    assert "oven-pc" not in everything


def test_without_a_leave_there_is_no_pack(cast: Cast) -> None:
    with pytest.raises(PackNotFoundError):
        pack_get(cast.alpha)


def test_a_forecast_counts(cast: Cast) -> None:
    found = offboard_forecast(cast.alpha, now=NOW)

    assert (found.devices, found.online, found.offline, found.seats) == (1, 1, 0, 7)
    assert (found.policies, found.keys, found.held_files) == (1, 1, 1)


def test_a_kept_product_is_not_removed_by_the_order(cast: Cast, work: Work) -> None:
    work(start(cast, keeps_product=True))

    assert products_kept([cast.alpha.hub_id, cast.beta.hub_id]) == {cast.alpha.hub_id: NOW}
    render(groups=[], devices=[cast.device.pk], now=NOW)
    stored = StateDocument.objects.get(key=device_key(cast.device.hex_id)).stored
    order = msgspec.msgpack.decode(msgspec.msgpack.decode(bytes(stored))[2])["retire"]
    assert order["is_removing_endpoint"] is False


def test_a_second_leave_after_a_return_is_a_new_job_of_the_hub(cast: Cast, work: Work, hub: FakeHub) -> None:
    first = work(start(cast))
    customer_restore(actor=ACTOR, company=cast.alpha, client=lambda _company: hub_client(now=NOW), now=NOW)

    second = work(start(cast))

    assert second.hub_job != first.hub_job


def test_a_return_twice_is_one_return(cast: Cast, work: Work, hub: FakeHub) -> None:
    work(start(cast))
    for _ in range(2):
        customer_restore(actor=ACTOR, company=cast.alpha, client=lambda _company: hub_client(now=NOW), now=NOW)

    assert len([path for _method, path, _headers, _body in hub.asked if path.endswith("/restore")]) == 1


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

    company = customer_restore(actor=ACTOR, company=cast.alpha, client=lambda _company: hub_client(now=NOW), now=NOW)

    cast.device.refresh_from_db()
    assert cast.device.state == DeviceState.ACTIVE
    assert PolicyAssignment.objects.filter(policy=cast.policy, group=cast.group).exists()
    assert Detection.objects.filter(device=cast.device).exists()
    assert company.state == CustomerState.NOT_SET_UP  # As it was before.


def test_a_return_that_the_hub_refuses_changes_nothing(cast: Cast, work: Work, hub: FakeHub) -> None:
    work(start(cast))
    hub.mood = "error"

    with pytest.raises(Exception, match="hub_unreachable"):
        customer_restore(actor=ACTOR, company=cast.alpha, client=lambda _company: hub_client(now=NOW), now=NOW)

    cast.device.refresh_from_db()
    assert cast.device.state == DeviceState.RETIRED
