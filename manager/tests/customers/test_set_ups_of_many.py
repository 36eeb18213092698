"""Many customers are set up by one order that survives kills, can be done again, and exported for an RMM."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import uuid4

import pytest
from seatkeep_manager.customers import set_up_jobs
from seatkeep_manager.customers.enums import ItemOutcome, SetupState
from seatkeep_manager.customers.errors import (
    CustomerReadOnlyError,
    NoCustomersError,
    SetupJobNotFoundError,
    TooManyCustomersError,
)
from seatkeep_manager.customers.models import SetupItem, SetupJob
from seatkeep_manager.customers.plans import plan_of
from seatkeep_manager.customers.rmm import rmm_customers, rmm_lines, rmm_record
from seatkeep_manager.customers.selectors import setup_get, setup_items, setup_open_ids
from seatkeep_manager.customers.set_up_jobs import setup_cancel, setup_counts, setup_order, setup_retry, setup_work
from seatkeep_manager.customers.templates import template_default, template_update
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.hublink.errors import CompanyNotFoundError
from seatkeep_manager.hublink.mirror import company_remove
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry
from standing_cast import NOW, Cast

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")


def order(user: User, *companies: MirroredCompany) -> SetupJob:
    plan = plan_of(template_default(now=NOW))
    return setup_order(actor=ACTOR, user=user, plan=plan, company_uids=[one.uid for one in companies], now=NOW)


def work(job: SetupJob) -> SetupJob:
    return setup_work(job_id=job.pk, clock=lambda: NOW)


def outcomes(job: SetupJob) -> dict[str, str]:
    return dict(job.items.values_list("company__name", "outcome"))


def test_every_customer_gets_groups_and_key(cast: Cast) -> None:
    job = work(order(cast.alice, cast.alpha, cast.beta))

    assert job.state == SetupState.DONE
    assert outcomes(job) == {"Alpha Dental": ItemOutcome.CHANGED, "Beta Bakery": ItemOutcome.CHANGED}
    assert StaticGroup.objects.filter(name="Workstations").count() == 2
    assert EnrollmentToken.objects.filter(kind="DEPLOYMENT_KEY").count() == 2


def test_doing_it_again_changes_nothing_and_says_so(cast: Cast) -> None:
    work(order(cast.alice, cast.alpha))

    job = work(order(cast.alice, cast.alpha))

    assert outcomes(job) == {"Alpha Dental": ItemOutcome.SAME}


def test_one_that_fails_does_not_stop_the_rest_and_can_be_tried_again(cast: Cast) -> None:
    job = order(cast.alice, cast.alpha, cast.beta)
    company_remove(cast.alpha, now=NOW)

    job = work(job)

    assert outcomes(job) == {"Alpha Dental": ItemOutcome.ERROR, "Beta Bakery": ItemOutcome.CHANGED}
    assert job.items.get(outcome=ItemOutcome.ERROR).error_code == "customer_removed"
    MirroredCompany.objects.filter(pk=cast.alpha.pk).update(hub_state="ACTIVE", state="NOT_SET_UP")
    job = work(setup_retry(actor=ACTOR, job_id=job.pk, now=NOW))
    assert setup_counts(job) == {"WAITING": 0, "CHANGED": 2, "SAME": 0, "ERROR": 0}


class KilledError(BaseException):
    """The process is gone: nothing of ours catches it."""


def test_after_a_kill_it_goes_on_and_makes_nothing_twice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    job = order(cast.alice, cast.alpha, cast.beta)
    real = set_up_jobs._item_set_up

    def killed(job: SetupJob, item: SetupItem, now: Any) -> None:
        real(job, item, now)
        if item.company_id == cast.beta.pk:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(set_up_jobs, "_item_set_up", killed)
        with pytest.raises(KilledError):
            work(job)
    assert outcomes(job) == {"Alpha Dental": ItemOutcome.CHANGED, "Beta Bakery": ItemOutcome.WAITING}
    assert setup_open_ids() == [job.pk]

    job = work(job)

    assert outcomes(job)["Beta Bakery"] == ItemOutcome.CHANGED
    assert EnrollmentToken.objects.filter(kind="DEPLOYMENT_KEY").count() == 2


def test_a_job_keeps_what_the_template_said_when_it_was_ordered(cast: Cast) -> None:
    job = order(cast.alice, cast.alpha)
    template_update(
        actor=ACTOR, template_id=template_default(now=NOW).pk, name="Standard", groups=["Later"], policy_ids=[],
        daily_cap=1, now=NOW,
    )  # fmt: skip

    work(job)

    assert not StaticGroup.objects.filter(name="Later").exists()


def test_who_lost_access_meanwhile_sets_nobody_up(cast: Cast) -> None:
    job = order(cast.bob, cast.alpha)
    cast.bob.accesses.all().delete()

    job = work(job)

    assert outcomes(job) == {"Alpha Dental": ItemOutcome.ERROR}
    assert job.items.get().error_code == "customer_not_found"


def test_a_stopped_job_leaves_the_rest(cast: Cast) -> None:
    job = setup_cancel(actor=ACTOR, job_id=order(cast.alice, cast.alpha).pk, now=NOW)

    assert outcomes(work(job)) == {"Alpha Dental": ItemOutcome.WAITING}
    assert setup_open_ids() == []


def test_foreign_customers_and_empty_orders_are_refused(cast: Cast) -> None:
    with pytest.raises(CompanyNotFoundError):
        order(cast.bob, cast.alpha, cast.beta)
    with pytest.raises(CustomerReadOnlyError):
        order(cast.rita, cast.alpha)
    with pytest.raises(NoCustomersError):
        order(cast.alice)
    with pytest.raises(TooManyCustomersError):
        setup_order(
            actor=ACTOR, user=cast.alice, plan=plan_of(template_default(now=NOW)), now=NOW,
            company_uids=[uuid4() for _ in range(10_001)],
        )  # fmt: skip
    assert not SetupJob.objects.filter(state=SetupState.RUNNING).exists()


def test_an_order_is_its_owners_to_see_and_shows_only_visible_customers(cast: Cast) -> None:
    job = order(cast.alice, cast.alpha, cast.beta)

    with pytest.raises(SetupJobNotFoundError):
        setup_get(cast.bob, uid=job.uid)
    assert setup_get(cast.alice, uid=job.uid) == job
    assert [item.company for item in setup_items(cast.bob, job)] == [cast.alpha]


def test_the_export_has_a_line_per_place_and_the_key_of_its_own_customer(cast: Cast) -> None:
    job = work(order(cast.alice, cast.alpha, cast.beta))

    lines = [asdict(line) for line in rmm_lines(rmm_customers(cast.alice, job=job))]

    keys = {token.company_hub_id: token.secret for token in EnrollmentToken.objects.filter(kind="DEPLOYMENT_KEY")}
    places = [(line["number"], line["customer"], line["group"]) for line in lines]
    assert places == [
        ("C-1001", "Alpha Dental", ""), ("C-1001", "Alpha Dental", "Servers"),
        ("C-1001", "Alpha Dental", "Workstations"),
        ("", "Beta Bakery", ""), ("", "Beta Bakery", "Servers"), ("", "Beta Bakery", "Workstations"),
    ]  # fmt: skip
    assert {line["key"] for line in lines if line["customer"] == "Alpha Dental"} == {keys[cast.alpha.hub_id]}
    assert all(line["key"] in line["windows"] and line["key"] in line["linux"] for line in lines)
    assert not any(line["key"] in line["key_reference"] for line in lines)


def test_the_export_shows_no_keys_to_who_may_only_look_or_of_others(cast: Cast) -> None:
    work(order(cast.alice, cast.alpha, cast.beta))

    assert list(rmm_lines(rmm_customers(cast.rita))) == []
    assert {line.customer for line in rmm_lines(rmm_customers(cast.bob))} == {"Alpha Dental"}


def test_each_customers_journal_notes_who_took_its_key(cast: Cast) -> None:
    rmm_record(actor=ACTOR, companies=[cast.alpha, cast.beta], now=NOW)

    noted = AuditEntry.objects.filter(action="customer:key_show")
    assert {entry.company_uid for entry in noted} == {cast.alpha.hub_id, cast.beta.hub_id}
    assert {entry.severity for entry in noted} == {"WARNING"}


def test_a_group_whose_name_is_no_way_is_left_out(cast: Cast) -> None:
    work(order(cast.alice, cast.alpha))
    StaticGroup.objects.filter(name="Servers").update(name="a/b")

    assert [line.group for line in rmm_lines([cast.alpha])] == ["", "Workstations"]
