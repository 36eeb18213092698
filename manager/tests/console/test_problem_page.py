"""The problems page, the numbers of the dashboard and why a setting counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.console.effective import product_rows
from seatkeep_manager.console.forms import AssignForm
from seatkeep_manager.console.problem_groups import problem_page
from seatkeep_manager.console.tables.devices import DeviceTable
from seatkeep_manager.customers.across import dashboard
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.policies.services import policy_assign_group, policy_create
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.services import instance_evaluate
from seatkeep_webkit.clock import now
from standing_cast import ACTOR, Cast, device_make, finding_make, problem_make

URL = "console:problems"


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]  # the project's user
    return client


def test_a_line_says_what_was_found_and_where(cast: Cast) -> None:
    body = signed_in(cast.alice).get(reverse(URL)).content.decode()

    assert "EICAR-Test-File in /home/reception/Downloads/invoice.com" in body


def test_a_waiting_device_says_why_it_waits(cast: Cast) -> None:
    instance_evaluate(now=now())
    body = signed_in(cast.alice).get(reverse(URL)).content.decode()

    assert "The key is used up" in body


def test_a_severity_narrows_the_page_but_not_its_counts(cast: Cast) -> None:
    Problem.objects.create(kind="silent", severity="AMBER", subject="device:x", device=cast.device, since=now(),
                           company_hub_id=cast.alpha.hub_id)  # fmt: skip

    page = problem_page(cast.alice, severity="AMBER", now=now())

    assert [group.kind for group in page.groups] == ["silent"]
    assert (page.total, page.counts["AMBER"]) == (2, 1)


def test_a_poll_gets_nothing_while_nothing_changes(cast: Cast) -> None:
    client = signed_in(cast.alice)

    def poll() -> int:
        version = problem_page(cast.alice, now=now()).version
        headers = {"HX-Request": "true", "HX-Target": "problem-list", "X-Version": version}
        return int(client.get(reverse(URL), headers=headers).status_code)

    assert 204 in (poll(), poll())  # A minute may begin between the two reads of one poll, not of both.


def test_a_poll_gets_what_changed(cast: Cast) -> None:
    version = problem_page(cast.alice, now=now()).version
    Problem.objects.update(note="called the customer")
    headers = {"HX-Request": "true", "HX-Target": "problem-list", "X-Version": version}
    body = signed_in(cast.alice).get(reverse(URL), headers=headers).content.decode()
    assert "called the customer" in body


def test_several_problems_cost_no_more_queries_than_one(
    cast: Cast, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    for number in range(8):
        device = device_make(cast.alpha, f"desk-{number}", now())
        finding_make(device, now())
        problem_make(device, now())
    client = signed_in(cast.alice)
    with django_assert_max_num_queries(16):  # type: ignore[operator]  # the fixture is a context manager
        body = client.get(reverse(URL)).content.decode()
    assert "desk-7" in body


@pytest.mark.parametrize(
    ("name", "most"), [("computers", 18), ("dashboard", 26), ("customers", 14), ("detections", 14)]
)
def test_more_rows_cost_no_more_queries(
    cast: Cast, django_assert_max_num_queries: pytest.FixtureRequest, name: str, most: int
) -> None:
    for number in range(12):
        finding_make(device_make(cast.alpha, f"desk-{number}", now()), now())
    client = signed_in(cast.alice)
    with django_assert_max_num_queries(most):  # type: ignore[operator]  # the fixture is a context manager
        assert client.get(reverse(f"console:{name}")).status_code == 200


def test_all_of_a_kind_are_taken_over_at_once(cast: Cast) -> None:
    problem_make(device_make(cast.alpha, "desk-2", now()), now())
    kind = cast.problem.kind
    address = f"{reverse('console:problems-seen')}?kind={kind}&company={cast.alpha.hub_id}"

    asked = signed_in(cast.bob).get(address).content.decode()
    signed_in(cast.bob).post(address, {"confirmed": "1"})

    assert "<strong>2</strong>" in asked
    taken = Problem.objects.filter(kind=kind, company_hub_id=cast.alpha.hub_id)
    assert {(row.state, row.assignee) for row in taken} == {("ACKNOWLEDGED", cast.bob)}


def test_attack_a_reader_takes_over_problems(cast: Cast) -> None:
    address = f"{reverse('console:problems-seen')}?kind={cast.problem.kind}&company={cast.alpha.hub_id}"
    signed_in(cast.rita).post(address, {"confirmed": "1"})
    cast.problem.refresh_from_db()
    assert cast.problem.state == "OPEN"


def test_nothing_open_says_what_was_checked(cast: Cast) -> None:
    Problem.objects.all().delete()
    body = signed_in(cast.alice).get(reverse(URL)).content.decode()
    assert "All clear." in body
    assert "2 protected, 0 silent" in body


def test_attack_all_that_match_in_one_group_reaches_no_other(cast: Cast) -> None:
    posted = {"all_matching": "1", "table_query": f"group={cast.group.uid}", "confirmed": "1"}

    signed_in(cast.alice).post(reverse("console:devices-retire"), posted)

    cast.device.refresh_from_db()
    cast.foreign.refresh_from_db()
    assert (cast.device.state, cast.foreign.state) == ("RETIRED", "ACTIVE")


def test_attack_all_that_match_in_a_group_that_is_gone_means_nothing(cast: Cast) -> None:
    posted = {"all_matching": "1", "table_query": "group=01a20000-0000-7000-8000-000000000000", "confirmed": "1"}
    signed_in(cast.alice).post(reverse("console:devices-retire"), posted)
    cast.device.refresh_from_db()
    assert cast.device.state == "ACTIVE"


def test_a_silent_computer_is_found_by_its_tile(cast: Cast) -> None:
    cast.device.last_seen_at = now() - timedelta(days=20)
    cast.device.save()
    body = signed_in(cast.alice).get(reverse("console:computers") + "?contact=silent").content.decode()
    assert cast.device.hostname in body
    assert cast.foreign.hostname not in body


def test_every_choice_of_contact_is_a_condition(cast: Cast) -> None:
    contact = next(one for one in DeviceTable.filters if one.name == "contact")
    assert {value for value, _words in contact.options()} == {"online", "offline", "silent"}


def test_the_dashboard_counts_detections_by_day_and_severity(cast: Cast) -> None:
    days = dashboard(cast.alice, now=now()).detections_by_day
    assert len(days) == 14
    assert days[-1][1] == {"CRITICAL": 1}


def test_why_names_the_policy_that_was_overruled(cast: Cast) -> None:
    weaker = policy_create(actor=ACTOR, name="For all", product="endpoint", company_hub_id=None, now=now(),
                           settings={"scan.schedule": {"flag": "APPLY", "value": "0 5 * * *"}})  # fmt: skip
    above = StaticGroup.objects.get(kind="COMPANIES")
    policy_assign_group(actor=ACTOR, policy_id=weaker.pk, group_id=above.pk, now=now())

    rows = {row.name: row for row in product_rows(cast.device, "endpoint").decided}

    assert rows["scan.schedule"].value == "0 2 * * *"
    assert [(voice.policy, voice.counts) for voice in rows["scan.schedule"].voices] == [
        ("For all", False),
        ("Nightly scan", True),
    ]


def test_a_choice_of_groups_names_the_way_to_each(cast: Cast) -> None:
    below = StaticGroup.objects.create(parent=cast.group, name="Office", path=[], created_at=now(),
                                       company_hub_id=cast.alpha.hub_id)  # fmt: skip
    StaticGroup.objects.filter(pk=below.pk).update(path=[*cast.group.path, below.pk])
    form = AssignForm(groups=StaticGroup.objects.order_by("path"))
    assert "Alpha Dental / Office" in str(form["group"])


def test_licensing_is_the_first_way_in(cast: Cast) -> None:
    body = Client().get("/accounts/login/").content.decode()
    first, second = body.index("Sign in with Licensing"), body.index('<details class="native"')
    assert first < second
