"""Acts on several companies with a result each, and removing what is out of use."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.companies.errors import AccessDeniedError, CompanyInUseError, CompanyNotFoundError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.suspension import company_suspend
from seatkeep_hub.msp.bulk import Wanted, is_quick, results_of, run_begin, run_get, run_work
from seatkeep_hub.msp.enums import CompanyAct
from seatkeep_hub.msp.errors import RunNotFoundError
from seatkeep_hub.msp.models import CompanyRun
from seatkeep_hub.msp.removing import company_take_out
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.errors import InvalidError

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACTOR = Actor.system("tests")


def actor_of(user):
    return Actor(kind=ActorKind.USER, id=str(user.uid), label=user.email)


def codes(viewer, act, *companies, **wanted):
    run = run_begin(
        viewer=viewer,
        actor=actor_of(viewer),
        wanted=Wanted(CompanyAct(act), **wanted),
        company_uids=[getattr(one, "uid", one) for one in companies],
        now=NOW,
    )
    return [one.code for one in results_of(run_work(uid=run.uid, now=NOW))]


@pytest.fixture
def boss(chain, person):
    return person(chain.manager, "boss@example.com")


def test_each_company_gets_its_result(chain, boss, make):
    other = make("CUSTOMER", chain.b, "Other")
    assert codes(boss, "SUSPEND", chain.customer, other, uuid4()) == ["done", "done", "company_unknown"]
    assert codes(boss, "SUSPEND", chain.customer) == ["unchanged"]
    assert codes(boss, "UNSUSPEND", chain.customer, other) == ["done", "done"]


def test_tags_come_and_go(chain, boss):
    assert codes(boss, "TAG_ADD", chain.customer, tag=" gold ") == ["done"]
    assert codes(boss, "TAG_ADD", chain.customer, tag="gold") == ["unchanged"]
    assert codes(boss, "TAG_REMOVE", chain.customer, tag="gold") == ["done"]
    assert Company.objects.get(pk=chain.customer.pk).tags == []


def test_a_move_of_several_says_for_each_why_not(chain, boss, make, order, agree, activate):
    order(chain.b)
    agree(chain.license_a, chain.customer)
    activate(chain.license_a, chain.customer, "till")
    free = make("CUSTOMER", chain.a, "Free")
    found = codes(boss, "MOVE", chain.customer, free, chain.b, target=chain.b.uid)
    assert found == ["move_choose_license", "done", "company_move_cycle"]
    assert codes(boss, "MOVE", chain.customer, target=chain.b.uid, license=chain.license_b.uid) == ["done"]


def test_attack_moving_a_customer_away_needs_both_parents(chain, person, make):
    alice = person(chain.a, "alice@example.com")
    with pytest.raises(CompanyNotFoundError):
        codes(alice, "MOVE", chain.customer, target=chain.b.uid)
    thief = person(chain.b, "thief@example.com")
    with pytest.raises(CompanyNotFoundError):
        codes(thief, "MOVE", chain.customer, target=chain.b.uid)
    own = Company.objects.get(pk=make("CUSTOMER", chain.b, "Own").pk)
    assert codes(thief, "MOVE", chain.customer, own, target=chain.b.uid)[-1] == "company_unknown"


def test_attack_moving_into_what_one_only_views(chain, boss, person):
    from seatkeep_hub.companies.people import access_set

    access_set(actor=ACTOR, user=boss, company=chain.b, level="READ", now=NOW)
    with pytest.raises(AccessDeniedError):
        codes(boss, "MOVE", chain.customer, target=chain.b.uid)


def test_access_is_asked_for_again_when_the_job_runs(chain, boss):
    run = run_begin(
        viewer=boss,
        actor=actor_of(boss),
        wanted=Wanted(CompanyAct.SUSPEND),
        company_uids=[chain.customer.uid],
        now=NOW,
    )
    boss.accesses.all().delete()
    assert [one.code for one in results_of(run_work(uid=run.uid, now=NOW))] == ["company_unknown"]


def test_removal_needs_a_suspension_first(chain, boss):
    assert codes(boss, "REMOVE", chain.customer) == ["company_not_suspended"]
    codes(boss, "SUSPEND", chain.customer)
    assert codes(boss, "REMOVE", chain.customer) == ["done"]
    assert codes(boss, "REMOVE", chain.customer) == ["unchanged"]


@pytest.mark.parametrize(("what", "reason"), [("a", "companies"), ("customer", "seats"), ("b", "licenses")])
def test_nothing_is_removed_that_something_hangs_on(chain, agree, activate, what, reason):
    agree(chain.license_a, chain.customer)
    activate(chain.license_a, chain.customer, "till")
    company = getattr(chain, what)
    company_suspend(actor=ACTOR, company=company, now=NOW)
    with pytest.raises(CompanyInUseError) as caught:
        company_take_out(actor=ACTOR, company=company, now=NOW)
    assert caught.value.extra == {"reason": reason, "count": 1}


def test_what_was_never_confirmed_is_removed_directly(chain, make):
    waiting = make("MANAGED_MSP", chain.manager, "Never", status="WAITING")
    assert company_take_out(actor=ACTOR, company=waiting, now=NOW).status == "REMOVED"


def test_removal_closes_open_agreements(chain, agree):
    agree(chain.license_a, chain.customer)
    company_suspend(actor=ACTOR, company=chain.customer, now=NOW)
    company_take_out(actor=ACTOR, company=chain.customer, now=NOW)
    assert Agreement.objects.get().closed_at == NOW


@pytest.mark.parametrize(
    ("act", "uids", "wanted", "field"),
    [
        ("SUSPEND", [], {}, "companies"),
        ("SUSPEND", [uuid4() for _ in range(10_001)], {}, "companies"),
        ("TAG_ADD", [uuid4()], {}, "tag"),
        ("TAG_ADD", [uuid4()], {"tag": "x" * 61}, "tag"),
        ("MOVE", [uuid4()], {}, "target"),
    ],
)
def test_bad_input_names_its_field(boss, act, uids, wanted, field):
    with pytest.raises(InvalidError) as caught:
        codes(boss, act, *uids, **wanted)
    assert list(caught.value.fields) == [field]
    assert not CompanyRun.objects.exists()


def test_more_than_two_hundred_and_every_move_are_jobs(chain):
    assert is_quick(CompanyRun(act="SUSPEND", total=200))
    assert not is_quick(CompanyRun(act="SUSPEND", total=201))
    assert not is_quick(CompanyRun(act="MOVE", total=1))


def test_a_run_is_seen_by_whoever_began_it_only(chain, boss, person):
    codes(boss, "SUSPEND", chain.customer)
    run = CompanyRun.objects.get()
    assert run_get(actor_of(boss), run.uid) == run
    with pytest.raises(RunNotFoundError):
        run_get(actor_of(person(chain.manager, "other@example.com")), run.uid)
