"""The problems page, the numbers of the dashboard and why a setting counts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from seatkeep_manager.console.effective import product_rows
from seatkeep_manager.console.forms import AssignForm
from seatkeep_manager.console.problem_groups import problem_groups
from seatkeep_manager.console.tables.devices import DeviceTable
from seatkeep_manager.customers.across import dashboard
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.policies.services import policy_assign_group, policy_create
from seatkeep_manager.problems.acts import problems_assign, problems_note
from seatkeep_manager.problems.models import GroupThresholds, Problem, ProblemVisit
from seatkeep_manager.problems.selectors import problems_visible
from seatkeep_manager.problems.services import instance_evaluate
from seatkeep_manager.tasks.models import ClientTask
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
    amber_make(cast)

    body = signed_in(cast.alice).get(reverse(URL) + "?severity=AMBER").content.decode()

    assert "Clock is wrong" in body
    assert "Detection not handled</h2>" not in body
    assert re.findall(r"(All|Urgent|Soon) <span>(\d+)</span>", body) == [("All", "2"), ("Urgent", "1"), ("Soon", "1")]


def amber_make(cast: Cast) -> Problem:
    return Problem.objects.create(
        kind="clock_wrong", severity="AMBER", subject="device:x", device=cast.device, since=now(),
        company_hub_id=cast.alpha.hub_id, details={"minutes": -12},
    )  # fmt: skip


def poll(client: Client, version: str) -> HttpResponse:
    headers = {"HX-Request": "true", "HX-Target": "problem-list", "X-Version": version}
    return client.get(reverse(URL), headers=headers)


def version_of(body: str) -> str:
    found = re.search(r'"X-Version": "([^"]+)"', body)
    assert found
    return found[1]


def test_a_poll_gets_nothing_while_nothing_changes(cast: Cast) -> None:
    client = signed_in(cast.alice)

    def answer() -> int:
        return int(poll(client, version_of(client.get(reverse(URL)).content.decode())).status_code)

    assert 204 in (answer(), answer())  # A minute may begin between the two reads of one poll, not of both.


def test_a_poll_that_brings_nothing_costs_four_statements(
    cast: Cast, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    client = signed_in(cast.alice)
    version = version_of(client.get(reverse(URL)).content.decode())
    with django_assert_max_num_queries(4):  # type: ignore[operator]  # the fixture is a context manager
        poll(client, version)


def test_a_poll_gets_what_changed(cast: Cast) -> None:
    client = signed_in(cast.alice)
    version = version_of(client.get(reverse(URL)).content.decode())
    problems_note(actor=ACTOR, user=None, problem_ids=[cast.problem.pk], note="called the customer", now=now())
    assert "called the customer" in poll(client, version).content.decode()


def test_several_problems_cost_no_more_queries_than_one(
    cast: Cast, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    for number in range(8):
        device = device_make(cast.alpha, f"desk-{number}", now())
        finding_make(device, now())
        problem_make(device, now())
    client = signed_in(cast.alice)
    with django_assert_max_num_queries(23):  # type: ignore[operator]  # the fixture is a context manager
        body = client.get(reverse(URL)).content.decode()
    assert "Show all 9" in body


@pytest.mark.parametrize(
    ("name", "most"), [("computers", 19), ("dashboard", 26), ("customers", 14), ("detections", 14)]
)
def test_more_rows_cost_no_more_queries(
    cast: Cast, django_assert_max_num_queries: pytest.FixtureRequest, name: str, most: int
) -> None:
    for number in range(12):
        finding_make(device_make(cast.alpha, f"desk-{number}", now()), now())
    client = signed_in(cast.alice)
    with django_assert_max_num_queries(most):  # type: ignore[operator]  # the fixture is a context manager
        assert client.get(reverse(f"console:{name}")).status_code == 200


def of_group(cast: Cast, act: str = "seen") -> str:
    kind = cast.problem.kind
    return f"{reverse('console:problems-act', args=[act])}?kind={kind}&company={cast.alpha.hub_id}"


def test_all_of_a_kind_are_taken_over_at_once(cast: Cast) -> None:
    problem_make(device_make(cast.alpha, "desk-2", now()), now())

    asked = signed_in(cast.bob).get(of_group(cast)).content.decode()
    signed_in(cast.bob).post(of_group(cast), {"confirmed": "1"})

    assert "<strong>2</strong>" in asked
    taken = Problem.objects.filter(kind=cast.problem.kind, company_hub_id=cast.alpha.hub_id)
    assert {(row.state, row.assignee) for row in taken} == {("ACKNOWLEDGED", cast.bob)}


def test_what_was_done_is_taken_back_by_a_button(cast: Cast) -> None:
    client = signed_in(cast.bob)
    client.post(of_group(cast), {"confirmed": "1"})
    page = client.get(reverse(URL)).content.decode()
    undo = re.search(r'action="(/problems/undo/[^"]+)"', page)
    assert undo

    client.post(undo[1])

    cast.problem.refresh_from_db()
    assert (cast.problem.state, cast.problem.assignee) == ("OPEN", None)
    assert "/problems/undo/" not in client.get(reverse(URL)).content.decode()


def test_attack_somebody_else_takes_back_what_a_person_did(cast: Cast) -> None:
    act = problems_note(actor=ACTOR, user=cast.bob, problem_ids=[cast.problem.pk], note="mine", now=now())
    answer = signed_in(cast.alice).post(reverse("console:problem-undo", args=[act]))
    cast.problem.refresh_from_db()
    assert (answer.status_code, cast.problem.note) == (404, "mine")


@pytest.mark.parametrize("act", ["seen", "snooze", "assign", "note", "reopen"])
def test_attack_a_reader_works_on_problems(cast: Cast, act: str) -> None:
    answer = signed_in(cast.rita).post(of_group(cast, act), {"confirmed": "1", "form_sent": "1"})
    cast.problem.refresh_from_db()
    assert (answer.status_code, cast.problem.state) == (404, "OPEN")


def test_a_group_is_snoozed_until_a_day_with_a_note(cast: Cast) -> None:
    day = (now() + timedelta(days=3)).date()
    sent = {"form_sent": "1", "hours": "0", "day": day.isoformat(), "note": "new disk comes"}
    signed_in(cast.bob).post(of_group(cast, "snooze"), sent)
    cast.problem.refresh_from_db()
    assert (cast.problem.state, cast.problem.note) == ("SNOOZED", "new disk comes")
    assert cast.problem.snoozed_until is not None
    assert (cast.problem.snoozed_until.date(), cast.problem.snoozed_until.hour) == (day, 8)


@pytest.mark.parametrize("sent", [{"hours": "0"}, {"hours": "0", "day": "2020-01-01"}, {"hours": "5"}, {"day": "x"}])
def test_a_snooze_that_makes_no_sense_is_refused(cast: Cast, sent: dict[str, str]) -> None:
    answer = signed_in(cast.bob).post(of_group(cast, "snooze"), {"form_sent": "1", **sent})
    cast.problem.refresh_from_db()
    assert (answer.status_code, cast.problem.state) == (422, "OPEN")


def test_a_problem_is_given_only_to_who_may_work_on_it(cast: Cast) -> None:
    body = signed_in(cast.bob).get(of_group(cast, "assign")).content.decode()
    assert "alice@northwind.example" in body
    assert "rita@alpha.example" not in body

    refused = signed_in(cast.bob).post(of_group(cast, "assign"), {"form_sent": "1", "assignee": cast.charlie.email})
    signed_in(cast.bob).post(of_group(cast, "assign"), {"form_sent": "1", "assignee": cast.alice.email})

    cast.problem.refresh_from_db()
    assert (refused.status_code, cast.problem.assignee) == (422, cast.alice)


def test_the_list_acts_on_what_is_selected_and_on_nothing_foreign(cast: Cast) -> None:
    foreign = problem_make(cast.foreign, now())
    sent = {"selected": [str(cast.problem.pk), str(foreign.pk)], "table_query": "", "confirmed": "1"}
    signed_in(cast.bob).post(reverse("console:problems-act", args=["seen"]), sent)
    cast.problem.refresh_from_db()
    foreign.refresh_from_db()
    assert (cast.problem.state, foreign.state) == ("ACKNOWLEDGED", "OPEN")


def test_all_that_match_means_what_the_filters_say(cast: Cast) -> None:
    other = amber_make(cast)
    sent = {"all_matching": "1", "table_query": "severity=AMBER", "confirmed": "1"}
    signed_in(cast.bob).post(reverse("console:problems-act", args=["seen"]), sent)
    cast.problem.refresh_from_db()
    other.refresh_from_db()
    assert (cast.problem.state, other.state) == ("OPEN", "ACKNOWLEDGED")


def test_a_fix_is_counted_asked_and_ordered_for_the_whole_group(cast: Cast) -> None:
    problem_make(device_make(cast.alpha, "desk-2", now()), now())
    fix = f"{reverse('console:problems-fix')}?fix=scan&kind=open_detection&company={cast.alpha.hub_id}"

    asked = signed_in(cast.bob).get(fix).content.decode()
    answer = signed_in(cast.bob).post(fix, {"confirmed": "1"})

    task = ClientTask.objects.latest("id")
    assert "<strong>2</strong>" in asked
    assert (task.kind, task.runs.count()) == ("SCAN", 2)
    assert answer["Location"] == reverse("console:task", args=[task.uid])
    assert cast.problem.events.filter(verb="FIXED").count() == 1


def test_attack_a_reader_orders_a_fix(cast: Cast) -> None:
    before = ClientTask.objects.count()
    fix = f"{reverse('console:problems-fix')}?fix=scan&kind=open_detection&company={cast.alpha.hub_id}"
    signed_in(cast.rita).post(fix, {"confirmed": "1"})
    assert ClientTask.objects.count() == before


@pytest.mark.parametrize("fix", ["", "restart", "nonsense"])
def test_a_fix_that_a_kind_does_not_have_is_not_offered(cast: Cast, fix: str) -> None:
    scan_only = Problem.objects.create(
        kind="scan_only", severity="AMBER", subject="device:s", device=cast.device, since=now(),
        company_hub_id=cast.alpha.hub_id,
    )  # fmt: skip
    answer = signed_in(cast.bob).get(reverse("console:problem-fix", args=[scan_only.uid]) + f"?fix={fix}")
    assert "No common fix" in answer.content.decode()


def test_restarting_servers_asks_for_words(cast: Cast) -> None:
    server = device_make(cast.alpha, "srv-1", now(), kind="SERVER")
    row = Problem.objects.create(
        kind="restart_needed", severity="AMBER", subject=f"device:{server.uid}", device=server, since=now(),
        company_hub_id=cast.alpha.hub_id,
    )  # fmt: skip
    address = reverse("console:problem-fix", args=[row.uid])
    before = ClientTask.objects.count()

    refused = signed_in(cast.bob).post(address, {"confirmed": "1"})
    assert (refused.status_code, ClientTask.objects.count()) == (422, before)

    signed_in(cast.bob).post(address, {"confirmed": "1", "typed": "restart servers"})
    assert ClientTask.objects.latest("id").kind == "RESTART"


def test_what_appeared_since_the_last_visit_is_marked(cast: Cast) -> None:
    client = signed_in(cast.alice)
    assert "since your last visit" not in client.get(reverse(URL)).content.decode()  # The first visit marks nothing.
    client.post(reverse("console:problems-visit"))
    ProblemVisit.objects.update(seen_at=now() - timedelta(hours=2), marker_at=now() - timedelta(hours=3))
    Problem.objects.filter(pk=cast.problem.pk).update(since=now() - timedelta(hours=1))

    body = client.get(reverse(URL)).content.decode()
    assert "New since your last visit" in body
    assert "New since your last visit" not in signed_in(cast.bob).get(reverse(URL)).content.decode()

    client.post(reverse("console:problems-known"))
    assert "New since your last visit" not in client.get(reverse(URL)).content.decode()


def test_a_large_group_unfolds(cast: Cast) -> None:
    for number in range(6):
        problem_make(device_make(cast.alpha, f"desk-{number}", now()), now())
    client = signed_in(cast.bob)
    page = client.get(reverse(URL)).content.decode()
    fold = re.search(r'hx-get="(/problems/fold/[^"]+)"', page)
    assert fold
    assert "desk-5" not in page

    lines = client.get(fold[1].replace("&amp;", "&")).content.decode()

    assert "desk-5" in lines


def test_groups_come_in_pages(cast: Cast) -> None:
    rows = problems_visible(cast.alice)
    groups, has_more = problem_groups(cast.alice, rows, marker=None, page=0)
    assert ([one.kind for one in groups], has_more) == (["open_detection"], False)
    assert signed_in(cast.alice).get(reverse(URL) + "?page=9").status_code == 200


@pytest.mark.parametrize("query", ["page=x", "page=-1", "severity=nonsense", "company=x", "state=Q", "q=%00", "new=1"])
def test_a_strange_address_is_no_error(cast: Cast, query: str) -> None:
    assert signed_in(cast.alice).get(f"{reverse(URL)}?{query}").status_code == 200
    assert signed_in(cast.alice).get(f"{reverse('console:problems-list')}?{query}").status_code == 200


def test_the_list_is_exported_with_its_words(cast: Cast) -> None:
    answer = signed_in(cast.bob).get(reverse("console:problems-list") + "?export=csv")
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # a streamed file
    assert "reception-01" in body
    assert "Alpha Dental" in body
    assert "EICAR-Test-File" in body


def test_a_problem_tells_its_history_and_what_to_do(cast: Cast) -> None:
    problems_assign(actor=ACTOR, user=cast.bob, problem_ids=[cast.problem.pk], assignee=cast.bob, now=now())
    body = signed_in(cast.bob).get(reverse("console:problem", args=[cast.problem.uid])).content.decode()
    assert "Given to Bob Tech" in body
    assert "Look at the file" in body


def test_a_computer_and_a_customer_show_their_problems(cast: Cast) -> None:
    client = signed_in(cast.bob)
    device = client.get(reverse("console:device", args=[cast.device.uid])).content.decode()
    customer = client.get(reverse("console:customer", args=[cast.alpha.uid])).content.decode()
    assert reverse("console:problem", args=[cast.problem.uid]) in device
    assert f"{reverse(URL)}?company={cast.alpha.hub_id}" in customer


def test_thresholds_of_a_group_are_set_by_a_form(cast: Cast) -> None:
    address = reverse("console:group-thresholds", args=[cast.group.uid])
    asked = signed_in(cast.bob).get(address).content.decode()
    refused = signed_in(cast.bob).post(address, {"server_silent_amber": "90"})
    signed_in(cast.bob).post(address, {"server_silent_amber": "30"})
    stranger = signed_in(cast.rita).post(address, {"server_silent_amber": "31"})
    assert "15 (default) · 60 (default)" in asked
    assert (refused.status_code, stranger.status_code) == (422, 404)
    assert GroupThresholds.objects.get().limits == {"server_silent_amber": 30}


def test_problems_of_the_instance_are_not_for_a_customers_people(cast: Cast) -> None:
    row = Problem.objects.create(kind="backup_old", severity="AMBER", subject="instance", since=now())
    address = reverse("console:problem", args=[row.uid])
    assert signed_in(cast.alice).get(address).status_code == 200
    assert signed_in(cast.bob).get(address).status_code == 404
    assert "Backup is too old</h2>" not in signed_in(cast.bob).get(reverse(URL)).content.decode()


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
