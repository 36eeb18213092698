"""Second journey: a distributor, an MSP manager with a managed MSP, an MSP with three customers, as people do it.

The tests are one walk, in order; each stands on what the ones before it did.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from seatkeep_launcher.demo.mail_sink import MailSink
from seatkeep_launcher.ports import find_free_port

from .conftest import stack_make
from .prepared import Simulation, simulation
from .waiting import wait_until
from .walking import (
    ALLOWING,
    BAKERY,
    BLOCKING,
    DENTIST,
    DENTIST_LATER,
    DEPOT,
    DISTRIBUTOR,
    DORA,
    LAWYER,
    LICENSE_KEY,
    MANAGED,
    MANAGER,
    MIRA,
    MSP,
    NILS,
    NORA,
    RITA,
    SAM,
    SECONDS_PER_NEWS,
    Person,
    Walk,
    agree,
    arrives,
    companies,
    create,
    customer_of,
    distributor_set_up,
    expect_hidden,
    forbidden,
    found_key,
    invite,
    made,
    once,
    open_below,
    order,
    prove,
    shut_out,
    states,
    token_make,
)

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def walk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A fresh installation that sends its mail into a sink."""
    port = find_free_port()
    sink = MailSink(tmp_path_factory.mktemp("mail"), port)
    stack = stack_make(SEATKEEP_SMTP_URL=f"smtp://127.0.0.1:{port}")
    scene = Walk(stack, sink, browser)
    sink.start()
    try:
        stack.up()
        yield scene
    finally:
        scene.close()
        stack.down()
        sink.stop()
        shutil.rmtree(stack.data, ignore_errors=True)


@pytest.fixture
def dora(walk: Walk) -> Person:
    """Owns the server; works for the distributor."""
    return walk.person(DORA)


@pytest.fixture
def nora(walk: Walk) -> Person:
    """Runs the MSP."""
    return walk.person(NORA)


def test_set_up_as_a_distributor(walk: Walk, dora: Person) -> None:
    distributor_set_up(walk, dora)
    assert walk.sink.messages_to(DORA)[0]["Subject"] == "[Seatkeep] Test mail"


def test_no_console_links_itself_to_a_distributor(walk: Walk, dora: Person) -> None:
    stranger = walk.person("stranger@nowhere.example")
    page = stranger.open(walk.stack.console)
    expect(page).to_have_url(f"{walk.stack.console}/connect/")
    stranger.see("Only whoever started it can connect it")
    page = dora.open(walk.stack.console_link)
    code = page.locator(".console-code").inner_text()
    page.wait_for_timeout(6_000)  # Longer than the console waits between two questions.
    dora.see("Waiting…")
    expect(stranger.page.locator("body")).not_to_contain_text(code)
    dora.open(f"{walk.stack.licensing}/consoles/")
    dora.see("No console is linked")


def test_the_chain_is_made_on_the_pages(walk: Walk, dora: Person) -> None:
    dora.open(f"{walk.stack.licensing}/companies/").get_by_role("link", name=DISTRIBUTOR).first.click()
    dora.page.locator("#drawer").get_by_role("link", name="Open as a page").click()
    made(walk, dora, DISTRIBUTOR)
    create(walk, dora, DISTRIBUTOR, "MSP_MANAGER", MANAGER)
    create(walk, dora, MANAGER, "MANAGED_MSP", MANAGED)
    create(walk, dora, DISTRIBUTOR, "MSP", MSP)
    for customer in (BAKERY, DENTIST, LAWYER):
        create(walk, dora, MSP, "CUSTOMER", customer)
    dora.open(walk.company_url(MSP))
    for customer in (BAKERY, DENTIST, LAWYER):
        dora.see(customer)


def test_a_page_refuses_a_forbidden_kind_and_writes_nothing(walk: Walk, dora: Person) -> None:
    before = len(companies(walk, dora))
    dialog = open_below(walk, dora, DISTRIBUTOR)
    dora.answer("Create", kind="CUSTOMER", name="Too far down")
    expect(dialog).to_contain_text("A company of this kind cannot be created below that one.")
    assert len(companies(walk, dora)) == before


def test_the_api_refuses_every_forbidden_kind_and_writes_nothing(walk: Walk, dora: Person) -> None:
    before = companies(walk, dora)
    for parent, kind in forbidden():
        body = {"parent_id": walk.facts[parent], "kind": kind, "name": f"{kind} below {parent}"}
        status, answer = dora.api("POST", walk.api("/companies"), body)
        assert (status, answer["code"]) == (422, "company_kind"), (parent, kind, answer)
    assert companies(walk, dora) == before


def test_people_are_invited_by_mail_and_by_a_link_to_copy(walk: Walk, dora: Person) -> None:
    for email, name, company in ((MIRA, "Mira Midland", MANAGER), (NORA, "Nora Nord", MSP)):
        invite(walk, dora, email, company, "OWNER")
        walk.join(email, name, "Accept and sign in")
    nora = walk.person(NORA)
    for email, name in ((RITA, "Rita Reader"), (NILS, "Nils Nothing")):
        invite(walk, nora, email, MSP, "READ_ONLY")
        walk.join(email, name, "Accept and sign in")
    shut_out(walk, nora, NILS, MSP)


def test_an_invitation_works_once(walk: Walk) -> None:
    late = walk.person("late@nowhere.example")
    late.open(walk.mailed_link(NORA))
    late.see("This invitation was used")


def test_a_second_invitation_of_the_same_person_is_refused_at_the_field(walk: Walk, dora: Person) -> None:
    dora.open(f"{walk.stack.licensing}/users/")
    dialog = dora.act("Invite a person", "Invite", company=walk.facts[MSP], email=NORA)
    expect(dialog).to_contain_text("This person is a user already")


def test_whoever_may_change_changes(walk: Walk, nora: Person) -> None:
    nora.open(walk.company_url(MSP))
    expect(nora.page.get_by_role("link", name="Add below")).to_be_visible()


def test_whoever_may_view_only_views(walk: Walk) -> None:
    rita, address = walk.person(RITA), walk.company_url(BAKERY)
    rita.open(walk.company_url(MSP))
    rita.see(DENTIST)
    expect(rita.page.get_by_role("link", name="Add below")).to_have_count(0)
    assert rita.status(f"{address}name/", {"name": "Rita's"}) == 403
    assert rita.api("PATCH", walk.api(f"/companies/{walk.facts[BAKERY]}"), {"name": "Rita's"})[0] == 403
    assert rita.api("POST", walk.api("/companies"), customer_of(walk, MSP, "Rita's"))[0] == 403


def test_whoever_has_no_access_sees_nothing(walk: Walk) -> None:
    nils = walk.person(NILS)
    assert companies(walk, nils) == []
    nils.open(f"{walk.stack.licensing}/companies/")
    expect(nils.page.locator("body")).not_to_contain_text(BAKERY)
    expect_hidden(walk, nils, MSP, BAKERY)


def test_siblings_and_parents_are_not_there_at_all(walk: Walk, nora: Person) -> None:
    expect_hidden(walk, nora, MANAGER, MANAGED, DISTRIBUTOR)
    expect_hidden(walk, walk.person(MIRA), MSP, BAKERY, DISTRIBUTOR)
    assert {one["name"] for one in companies(walk, walk.person(MIRA))} == {MANAGER, MANAGED}


def test_nobody_sees_anything_without_signing_in(walk: Walk) -> None:
    stranger = walk.person("stranger@nowhere.example")
    assert stranger.status(walk.company_url(MSP)) == 302
    assert stranger.api("GET", walk.api(f"/companies/{walk.facts[MSP]}"))[0] == 401


def test_the_msp_orders_a_bundle_and_sees_its_key_on_a_page_of_its_own(walk: Walk, nora: Person) -> None:
    order(walk, nora, BLOCKING, 2, overuse="BLOCK")
    public_id = nora.page.locator("h1").inner_text()
    assert re.fullmatch(r"[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}", public_id)
    nora.see("Workstation protection")
    expect(nora.page.locator("body")).not_to_contain_text(LICENSE_KEY)
    nora.page.get_by_role("link", name="Key", exact=True).click()
    prove(nora)
    expect(nora.page.locator(".copy-box code").first).to_have_text(LICENSE_KEY)


def test_credential_sets_are_never_shown(walk: Walk, nora: Person) -> None:
    page, resource = f"/licenses/{walk.facts[BLOCKING]}/", f"/licenses/{walk.facts[BLOCKING]}"
    said = nora.open(f"{walk.stack.licensing}{page}").content() + str(nora.api("GET", walk.api(resource))[1])
    assert "username" not in said
    assert "credential" not in said.lower()
    assert nora.api("GET", walk.api(f"{resource}/credentials?product=endpoint-workstation"))[0] == 403


def test_a_viewer_sees_the_license_but_not_its_key(walk: Walk) -> None:
    rita, page = walk.person(RITA), f"{walk.stack.licensing}/licenses/{walk.facts[BLOCKING]}/"
    expect(rita.open(page).get_by_role("link", name="Key", exact=True)).to_have_count(0)
    assert rita.status(f"{page}key/") in {302, 403}
    assert walk.person(MIRA).status(page) == 404


def test_each_customer_has_an_agreement_of_its_own(walk: Walk, nora: Person) -> None:
    order(walk, nora, ALLOWING, 1, overuse="ALLOW_AND_ALERT")
    agree(walk, nora, BAKERY, BLOCKING, "Fixed 1", mode="FIXED", quantity=1)
    agree(walk, nora, DENTIST, BLOCKING, "Flexible, at most 5", mode="FLEXIBLE", stop_above=5)
    agree(walk, nora, LAWYER, ALLOWING, "Flexible", mode="FLEXIBLE")


def test_an_agreement_that_makes_no_sense_is_refused_at_its_field(walk: Walk, nora: Person) -> None:
    nora.open(walk.company_url(BAKERY))
    dialog = nora.act("Set agreement", "Set agreement", license=walk.facts[BLOCKING], mode="FIXED", quantity=0)
    expect(dialog).to_contain_text("Between 1 and")


def test_the_owner_invites_a_security_admin_who_accepts(walk: Walk, nora: Person) -> None:
    nora.open(f"{walk.stack.licensing}/security-admins/")
    nora.act("Invite a Security Admin", "Invite", email=SAM)
    nora.see(f"A mail went to {SAM}")
    assert nora.page.locator(".copy-box code").inner_text() == walk.mailed_link(SAM)
    walk.join(SAM, "Sam Secure", "Accept")
    row = nora.open(f"{walk.stack.licensing}/security-admins/").get_by_role("row", name=SAM)
    expect(row).to_contain_text("Accepted")


def test_a_program_does_the_same_by_the_api(walk: Walk, nora: Person) -> None:
    token_make(walk, nora, "companies:write", "licenses:write", "people:write")
    program = walk.token_api()
    made = once(program, "/companies", customer_of(walk, MSP, DEPOT))
    bought = once(
        program, "/licenses", {"owner_id": walk.facts[MSP], "bundle_code": "endpoint-protection", "quantity": 3}
    )
    terms = {"company_id": made["id"], "license_id": bought["id"], "product": "endpoint-server", "mode": "FLEXIBLE"}
    assert once(program, "/agreements", terms)["mode"] == "FLEXIBLE"
    person = {"company_id": walk.facts[MSP], "email": "api@nordlicht.example", "level": "READ"}
    assert once(program, "/invitations", person)["link"] == walk.mailed_link("api@nordlicht.example")
    admin = {"company_id": walk.facts[MSP], "email": "second@security.example"}
    assert once(program, "/security-admins", admin)["link"] == walk.mailed_link("second@security.example")
    walk.facts[DEPOT] = made["id"]


def test_a_token_of_the_msp_reaches_nobody_else(walk: Walk) -> None:
    program = walk.token_api()
    assert {one["name"] for one in program.get("/companies")["items"]} == {MSP, BAKERY, DENTIST, LAWYER, DEPOT}
    assert program.post("/companies", customer_of(walk, MANAGER, "Mine")).status_code == 404
    refused = program.post("/companies", {**customer_of(walk, BAKERY, "Below a customer")})
    assert (refused.status_code, refused.json()["code"]) == (422, "company_kind")
    assert program.post("/price-lists", {}).status_code == 403


def test_only_a_security_admin_may_approve_a_console(walk: Walk, dora: Person, nora: Person) -> None:
    link = dora.open(walk.stack.console).locator(".copy-box code").inner_text()
    for person in (nora, walk.person(RITA)):
        person.open(link)
        person.see("You cannot approve this")


def test_the_security_admin_approves_the_code_that_the_console_shows(walk: Walk) -> None:
    sam = walk.person(SAM)
    page = sam.open(walk.stack.console_link)
    code = page.locator(".console-code").inner_text()
    page.get_by_role("link", name="Open Licensing").click()
    sam.see(code)
    sam.see(f"{MSP}: the names of 4 companies below it")
    page.get_by_role("button", name="Approve").click()
    sam.see(f"belongs to {MSP} now")
    stranger = walk.person("stranger@nowhere.example").page
    expect(stranger).to_have_url(re.compile("/accounts/login/"), timeout=10_000)
    assert walk.stack.console_link == ""


def test_the_security_admin_signs_in_to_the_console_by_licensing(walk: Walk) -> None:
    sam = walk.person(SAM)
    page = sam.open(walk.stack.console)
    page.get_by_role("button", name="Sign in with Licensing").or_(
        page.get_by_role("link", name="Sign in with Licensing")
    ).click()
    expect(page).to_have_url(f"{walk.stack.console}/")
    page.goto(f"{walk.stack.console}/link/")
    sam.see(MSP)
    sam.see("Synchronized")


def test_nobody_of_another_msp_gets_into_the_console(walk: Walk) -> None:
    mira = walk.person(MIRA)
    page = mira.open(f"{walk.stack.console}/accounts/oidc/licensing/login/")
    expect(page.locator("body")).not_to_contain_text(BAKERY)
    assert walk.rows(mira, "/customers/") == []


def test_the_synchronization_builds_the_tree(walk: Walk) -> None:
    sam = walk.person(SAM)
    assert states(walk) == {BAKERY: "New", DENTIST: "New", LAWYER: "New", DEPOT: "New"}
    sam.open(f"{walk.stack.console}/computers/")
    for name in (MSP, BAKERY, DENTIST, LAWYER):
        sam.see(name)
    sam.open(f"{walk.stack.console}/licenses/")
    sam.see("Endpoint protection")


def test_one_customer_is_set_up_and_another_marked_as_ready(walk: Walk) -> None:
    sam = walk.person(SAM)
    for customer in (BAKERY, LAWYER):
        page = sam.open(f"{walk.customer_url(customer)}setup/")
        page.get_by_label("deployment key").check()
        page.get_by_role("button", name="Create").click()
        walk.facts[f"key of {customer}"] = found_key(page)
    sam.open(walk.customer_url(DENTIST))
    sam.act("Mark as ready", "Mark as ready")
    wait_until("the state", lambda: states(walk)[DENTIST] == "Ready", 5)
    assert states(walk) == {BAKERY: "Ready", DENTIST: "Ready", LAWYER: "Ready", DEPOT: "New"}


def test_what_changes_in_licensing_arrives_within_five_seconds(
    walk: Walk, nora: Person, record_property: Callable[[str, object], None]
) -> None:
    sam = walk.person(SAM)
    url = walk.customer_url(DENTIST)
    nora.open(walk.company_url(DENTIST))
    nora.act("Rename…", "Rename", name=DENTIST_LATER)
    took = {"rename": arrives(lambda: DENTIST_LATER in states(walk))}
    nora.open(walk.company_url(DENTIST)).get_by_role("link", name="Suspend…").click()
    nora.answer("Suspend")
    took["suspension"] = arrives(lambda: "Suspended in Licensing" in sam.text(url))
    nora.open(walk.company_url(DENTIST)).get_by_role("link", name="Take back suspension…").click()
    nora.answer("Take back")
    took["its end"] = arrives(lambda: "Suspended in Licensing" not in sam.text(url))
    nora.open(walk.company_url(DEPOT)).get_by_role("link", name="Off-board…").click()
    nora.answer("Off-board")
    took["removal"] = arrives(lambda: states(walk)[DEPOT] == "Removed in Licensing")
    record_property("seconds_to_the_console", took)


def test_what_changes_in_licensing_arrives_at_the_next_synchronization(walk: Walk, nora: Person) -> None:
    sam = walk.person(SAM)
    nora.open(walk.company_url(DENTIST))
    nora.act("Rename…", "Rename", name=DENTIST)
    page = sam.open(f"{walk.stack.console}/link/")
    page.get_by_role("button", name="Synchronize now").click()
    wait_until("the name", lambda: DENTIST in states(walk), SECONDS_PER_NEWS)
    wait_until("the run", lambda: "Asked for by a person" in sam.text(f"{walk.stack.console}/link/"), SECONDS_PER_NEWS)


@pytest.fixture(scope="module")
def bakery(walk: Walk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """Computers of the bakery."""
    with simulation(walk.plan(f"key of {BAKERY}", tmp_path_factory.mktemp("bakery"))) as fleet:
        yield fleet


def test_a_computer_enrolls_and_takes_a_seat_by_its_ticket(walk: Walk, nora: Person, bakery: Simulation) -> None:
    bakery.start(2)
    wait_until("two seats", lambda: all(one.has_seat for one in bakery.devices), 15)
    nora.open(f"{walk.stack.licensing}/seats/")
    for device in bakery.devices:
        nora.see(device.identity.hostname)
    nora.open(walk.company_url(BAKERY))
    nora.see("1 more than agreed")


def test_without_a_free_seat_a_computer_says_so_on_both_sites(walk: Walk, nora: Person, bakery: Simulation) -> None:
    bakery.start(1)
    refused, sam = bakery.devices[2], walk.person(SAM)
    page = f"{walk.stack.console}/computers/{uuid.UUID(refused.device)}/?tab=license"
    wait_until("the reason", lambda: "No seat is left" in sam.text(page), 15)
    wait_until("the problem", lambda: "No free seat" in sam.text(f"{walk.stack.console}/"), 15)
    nora.open(f"{walk.stack.licensing}/seats/")
    nora.see("Devices without a seat")
    nora.see(refused.identity.hostname)
    assert not refused.has_seat


def test_change_seats_gives_the_refused_computer_its_seat(walk: Walk, nora: Person, bakery: Simulation) -> None:
    sam = walk.person(SAM)
    nora.open(f"{walk.stack.licensing}/licenses/{walk.facts[BLOCKING]}/")
    nora.act("Change seats…", "Change seats", quantity=3)
    nora.see("Seats changed.")
    wait_until("the third seat", lambda: bakery.devices[2].has_seat, 15)
    wait_until("the end of the problem", lambda: "No free seat" not in sam.text(f"{walk.stack.console}/"), 15)
    nora.open(f"{walk.stack.licensing}/seats/")
    expect(nora.page.locator("body")).not_to_contain_text("Devices without a seat")


def test_where_overuse_is_allowed_both_computers_run_and_it_shows(walk: Walk, nora: Person, tmp_path: Path) -> None:
    sam = walk.person(SAM)
    with simulation(walk.plan(f"key of {LAWYER}", tmp_path)) as office:
        office.start(2)
        wait_until("two seats", lambda: all(one.has_seat for one in office.devices), 15)
    nora.open(f"{walk.stack.licensing}/licenses/{walk.facts[ALLOWING]}/")
    words = "More in use than ordered"
    nora.see(words)
    wait_until("the same in the console", lambda: words in sam.text(f"{walk.stack.console}/licenses/"), 10)
