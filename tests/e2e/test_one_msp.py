"""First journey: one MSP, from the set-up link to a protected computer and back, as a person does it in a browser.

The limits are those of issue 2 plus what a busy machine of two cores may add: where the issue says 2 s, a test here
allows 6 s and prints what it measured (0.1 to 1 s on an idle machine of two cores).
"""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from . import journey as steps
from . import policy_steps as policies
from .conftest import Stack
from .journey import COMPANY, OWNER, OWNER_NAME, PROGRESS, Journey
from .pages import grave_faults, places
from .waiting import wait_until
from .walking import Person

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

BAKERY, DENTAL = "Bakery Brandt", "Dental Practice Dahl"
ARRIVES_SECONDS = 5.0
"""A customer shows in the console within (issue 2, step 4)."""
LIVE_SECONDS = 6.0
"""Group, detection and policy show within: 2 s in issue 2, the rest is slack for a busy machine."""
JOINS_SECONDS = 30.0
"""A new dynamic group is on the device, and the device in the group, within."""
PRODUCTS = ("endpoint-server", "endpoint-workstation")


@pytest.fixture(scope="module")
def journey(stack: Stack, browser: Browser) -> Iterator[Journey]:
    """One person, one browser, some computers; nothing of it runs on, whatever happens."""
    context = browser.new_context(viewport={"width": 1366, "height": 850}, timezone_id="Europe/Berlin")
    context.set_default_timeout(15_000)
    one = Journey(stack, Person(OWNER, context.new_page()))
    try:
        yield one
    finally:
        one.stop()
        context.close()
        print("measured:", {name: round(seconds, 2) for name, seconds in one.measured.items()})


@pytest.fixture(autouse=True)
def in_order(journey: Journey, request: pytest.FixtureRequest) -> Iterator[None]:
    """Each step stands on those before it."""
    if journey.is_broken:
        pytest.skip("an earlier step failed")
    failed = request.session.testsfailed
    yield
    journey.is_broken = request.session.testsfailed > failed


def test_wizard_says_in_plain_words_what_it_will_make(journey: Journey) -> None:
    steps.wizard_walk(journey)
    summary = journey.main.inner_text()
    for words in (OWNER_NAME, "Authenticator app", f"{COMPANY} · One MSP · Europe/Berlin", "100 seats"):
        assert words in summary
    journey.check_words()


def test_wizard_ends_with_a_recovery_kit(journey: Journey) -> None:
    steps.wizard_finish(journey)
    journey.check_words()
    with zipfile.ZipFile(journey.facts["kit"]) as kit:
        assert kit.testzip() is None
        assert kit.namelist()


def test_set_up_link_works_only_once(journey: Journey) -> None:
    url = journey.page.url
    answer = journey.page.goto(journey.stack.setup_link)
    assert answer is not None
    assert answer.status in {403, 404, 409, 410}
    journey.go(url)


def test_console_opens_without_a_second_password(journey: Journey) -> None:
    steps.console_enter(journey)
    journey.see("No customers yet.")
    link = journey.page.get_by_role("link", name="Add a customer in Licensing")
    expect(link).to_have_attribute("href", f"{journey.stack.licensing}/companies/new/")


def test_checklist_shows_what_is_left_to_do(journey: Journey) -> None:
    page = journey.hub()
    done = page.get_by_role("listitem").filter(has_text=re.compile("done$"))
    expect(done).to_have_text([re.compile("second factor"), re.compile("recovery kit")])
    expect(page.get_by_role("link", name="Add the first customer")).to_be_visible()


def test_new_customer_arrives_in_the_console(journey: Journey) -> None:
    steps.customer_add(journey, BAKERY)
    begun = time.monotonic()
    journey.reload_until("the customer in the console", "/customers/", BAKERY, seconds=30)
    journey.measure("customer arrives", time.monotonic() - begun, ARRIVES_SECONDS)
    expect(journey.page.get_by_role("row").filter(has_text=BAKERY)).to_contain_text("New")


def test_customer_is_set_up_on_one_page(journey: Journey) -> None:
    command = steps.customer_set_up(journey, BAKERY, "Office\nShop")
    assert command.startswith(f"curl -fsS {journey.stack.console}/install/linux.sh | SEATKEEP_KEY=skd_")
    journey.facts["command"] = command
    journey.console("/computers/")
    for group in ("Office", "Shop"):
        journey.see(group)


def test_copied_command_protects_a_computer_while_the_console_shows_it(journey: Journey) -> None:
    computer, page = journey.computer("till"), journey.page
    journey.go(journey.facts[f"installer {BAKERY}"])
    computer.install_begin(journey.facts["command"])
    expect(page.locator("#install-progress li.is-done")).to_have_text(PROGRESS, timeout=90_000)
    assert computer.install_end() == 0, computer.said
    assert computer.last_line.startswith("seatkeep: Licensed"), computer.said
    journey.check_words()


def test_computer_stands_in_its_customers_group(journey: Journey) -> None:
    computer, page = journey.computer("till"), journey.console("/computers/")
    page.get_by_role("navigation", name="Groups").get_by_role("link", name=BAKERY).click()
    row = page.get_by_role("row").filter(has=page.locator(f"a[href='/computers/{computer.uid()}/']"))
    expect(row).to_contain_text("Licensed")
    expect(row).to_contain_text("Test rules")


def test_device_page_shows_presence_inventory_and_license(journey: Journey) -> None:
    address = f"/computers/{journey.computer('till').uid()}/"
    journey.console(address)
    journey.see("Online")
    journey.see("The engine has test rules only")
    for tab, words in {"inventory": "Software", "license": "Ends without renewal", "policies": "Exclusions"}.items():
        journey.console(f"{address}?tab={tab}")
        journey.see(words)


def test_scan_finds_eicar_and_the_console_shows_it_at_once(journey: Journey) -> None:
    computer = journey.computer("till")
    path = computer.drop_eicar()
    steps.scan_order(journey, computer.uid(), path.parent)
    wait_until("the find", lambda: not path.exists(), 30, every=0.02)
    found_at = time.monotonic()
    journey.reload_until("the detection", "/detections/?state=open", "invoice.com", seconds=30)
    journey.measure("detection shown after the find", time.monotonic() - found_at, LIVE_SECONDS)
    journey.console("/quarantine/?state=HELD")
    journey.see("invoice.com")


def test_detection_opens_a_problem(journey: Journey) -> None:
    journey.reload_until("the problem", "/", "Detection not handled", seconds=10)
    journey.see(BAKERY)


def test_file_comes_back_from_quarantine(journey: Journey) -> None:
    path = journey.computer("till").files / "invoice.com"
    journey.console("/quarantine/?state=HELD")
    steps.row_act(journey, "invoice.com", "Restore…", "Restore")
    wait_until("the restored file", path.exists, 15, every=0.05)
    assert path.read_text() == steps.EICAR


def test_file_is_deleted_from_quarantine(journey: Journey) -> None:
    computer = journey.computer("till")
    path = computer.files / "invoice.com"
    steps.scan_order(journey, computer.uid(), path.parent)
    wait_until("the second find", lambda: not path.exists(), 30, every=0.02)
    journey.reload_until("the file in quarantine", "/quarantine/?state=HELD", "invoice.com", seconds=10)
    steps.row_act(journey, "invoice.com", "Delete…", "Delete")
    journey.reload_until("the deletion", "/quarantine/?state=DELETED", "invoice.com", seconds=15)


def test_problem_closes_by_itself(journey: Journey) -> None:
    journey.reload_until("the end of the problem", "/", "Detection not handled", seconds=15, gone=True)
    journey.see("All clear.")


def test_tasks_of_a_computers_page_tell_what_came_out(journey: Journey) -> None:
    """Logs arrive as a file; a command is refused by the computer itself, because no policy allows it."""
    address = f"/computers/{journey.computer('till').uid()}/"
    for kind, state in (("COLLECT_LOGS", "Done"), ("RUN_COMMAND", "Failed")):
        page = journey.console(address)
        page.get_by_role("link", name="Task…").click()
        page.locator("#id_kind").select_option(kind)
        if kind == "RUN_COMMAND":
            page.locator("#id_script").fill("uptime")
        page.get_by_role("button", name="Order").click()
        expect(page.locator("#table-runs")).to_contain_text(state, timeout=30_000)
        page.locator("#table-runs tbody a").first.click()
        if kind == "COLLECT_LOGS":
            with page.expect_download() as download:
                page.get_by_role("link", name=re.compile(r"\.zip")).click()
            with zipfile.ZipFile(download.value.path()) as logs:
                assert "agent-status.json" in logs.namelist()
        else:
            journey.see("no policy allows commands")


def test_policy_is_live_on_the_device_and_reverts(journey: Journey) -> None:
    computer = journey.computer("till")
    excluded = f"{computer.files}/excluded/**"
    page = policies.policy_make(journey, "Keep the test folder", scan__exclusions=excluded)
    policy = page.url
    begun = time.monotonic()
    policies.policy_assign(journey, BAKERY)
    wait_until("the policy on the device", lambda: computer.has_setting(excluded), 30, every=0.02)
    journey.measure("policy live on the device", time.monotonic() - begun, LIVE_SECONDS)
    journey.console(f"/computers/{computer.uid()}/?tab=policies")
    journey.see("Keep the test folder")
    journey.go(policy)
    begun = time.monotonic()
    journey.person.act("Take off…", "Take off")
    wait_until("the old settings", lambda: not computer.has_setting(excluded), 30, every=0.02)
    journey.measure("policy gone from the device", time.monotonic() - begun, LIVE_SECONDS)


def test_dynamic_group_takes_the_computer_and_its_policy_counts(journey: Journey) -> None:
    computer = journey.computer("till")
    excluded = f"{computer.files}/excluded/**"
    policies.dynamic_group_make(journey, BAKERY, "All that run Linux", "Linux")
    journey.measure("computer joins a dynamic group", policies.member_wait(journey, computer.uid()), JOINS_SECONDS)
    begun = time.monotonic()
    policies.dynamic_group_policy(journey, "Keep the test folder")
    wait_until("the policy of the group", lambda: computer.has_setting(excluded), 30, every=0.02)
    journey.measure("policy of a dynamic group live", time.monotonic() - begun, LIVE_SECONDS)
    policies.dynamic_group_delete(journey)
    wait_until("the end of the group's policy", lambda: not computer.has_setting(excluded), 30, every=0.02)


def test_bad_version_of_a_policy_stops_itself_and_is_taken_back(journey: Journey) -> None:
    """A cron line that the schema takes and the endpoint does not: one stage, one computer, one failure."""
    computer = journey.computer("till")
    page = policies.policy_make(journey, "Scan at night", scan__schedule="0 3 * * *")
    policies.policy_assign(journey, BAKERY)
    wait_until("the policy on the device", lambda: computer.has_setting("0 3 * * *"), 30, every=0.05)
    policies.policy_change_in_stages(page, scan__schedule="99 99 * * *")
    expect(page.get_by_text("Stopped by itself and taken back")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("is no cron line").first).to_be_visible()
    wait_until("the former schedule", lambda: computer.has_setting("0 3 * * *"), 30, every=0.05)
    journey.person.act("Delete…", "Delete")
    wait_until("no schedule", lambda: not computer.has_setting("0 3 * * *"), 30, every=0.05)


def test_licensing_lists_the_seat(journey: Journey) -> None:
    page = journey.hub("/seats/")
    row = page.get_by_role("row").filter(has_text=BAKERY)
    expect(row).to_contain_text("protection")
    expect(row).to_contain_text("In use")
    row.get_by_role("link").first.click()
    page.get_by_role("link", name="Open as a page").click()
    expect(page.get_by_role("link", name="Stop protecting this computer…")).to_be_visible()
    journey.facts["seat"] = page.url
    journey.check_words()


def test_stop_protecting_counts_and_works_at_once(journey: Journey) -> None:
    uid = journey.computer("till").uid()
    page = journey.page
    page.get_by_role("link", name="Stop protecting this computer…").click()
    dialog = page.locator("#dialog-body")
    expect(dialog).to_contain_text("Stop protecting ")
    expect(dialog.locator(".confirm-count")).to_contain_text("1")
    begun = time.monotonic()
    dialog.get_by_role("button", name="Stop protecting").click()
    expect(page.get_by_role("link", name="Undo…")).to_be_visible()
    undo = page.get_by_role("link", name="Undo…").get_attribute("href")
    journey.reload_until("the stop on the device", f"/computers/{uid}/", "Licensed", seconds=30, gone=True)
    journey.measure("stop protecting seen on the device page", time.monotonic() - begun, 15)
    journey.check_words()
    journey.hub(undo or "")


def test_stop_protecting_can_be_undone(journey: Journey) -> None:
    uid = journey.computer("till").uid()
    journey.page.get_by_role("button", name="Protect 1 computer again").click()
    begun = time.monotonic()
    journey.reload_until("the license again", f"/computers/{uid}/", "Licensed", seconds=60)
    journey.measure("undo seen on the device page", time.monotonic() - begun, 30)


def test_usage_of_the_day_shows_agreed_ordered_and_in_use(journey: Journey) -> None:
    page = journey.page
    journey.go(f"{journey.facts[f'hub {BAKERY}']}usage/")
    page.get_by_role("button", name="Count today now").click()
    row = page.locator(".tbl").get_by_role("row").filter(has_text="Server protection")
    expect(row).to_contain_text("100")
    for head in ("Ordered", "Agreed", "In use"):
        expect(page.locator(".tbl").get_by_role("columnheader", name=head).first).to_be_visible()
    journey.check_words()


def test_license_page_says_that_protection_goes_on(journey: Journey) -> None:
    page = journey.hub("/licenses/")
    page.locator(".tbl-table tbody a").first.click()
    page.get_by_role("link", name="Open as a page").click()
    journey.see("protection goes on")


def test_license_that_blocks_and_stops_is_ordered(journey: Journey) -> None:
    page = journey.hub("/licenses/order/")
    page.locator("[name=units_endpoint-protection]").fill("1")
    page.locator("[name=overuse]").select_option("BLOCK")
    page.locator("[name=lapse]").select_option("STOP")
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^\w{3}-\w{3}-\w{3}$"))
    journey.see("protection ends")
    journey.facts["blocking"] = page.get_by_role("heading", level=1).inner_text()


def test_second_customer_shares_the_blocking_license(journey: Journey) -> None:
    steps.customer_add(journey, DENTAL)
    page = journey.page
    for product in PRODUCTS:
        journey.go(f"{journey.facts[f'hub {DENTAL}']}agreement/")
        policies.choose(page.locator("[name=license]"), journey.facts["blocking"])
        page.locator("[name=product_code]").select_option(product)
        page.get_by_role("radio", name="Flexible").check()
        page.get_by_role("button", name="Set agreement").click()
        expect(page).to_have_url(journey.facts[f"hub {DENTAL}"])
    journey.see("Flexible")
    journey.reload_until("the customer in the console", "/customers/", DENTAL, seconds=10)
    journey.facts["dental command"] = steps.customer_set_up(journey, DENTAL, "")


def test_last_seat_is_taken(journey: Journey) -> None:
    computer = journey.computer("xray")
    assert computer.install(journey.facts["dental command"]) == 0, computer.said


def test_revoked_key_waits_for_approval(journey: Journey) -> None:
    page = journey.page
    journey.go(journey.facts[f"installer {DENTAL}"])
    journey.person.act("Revoke…", "Revoke")
    expect(page).to_have_url(re.compile(r"/installers/$"))
    for name in ("reception", "stranger"):
        computer = journey.computer(name)
        assert computer.install(journey.facts["dental command"]) != 0
        assert "approv" in computer.last_line, computer.said
    journey.console("/approvals/")
    expect(page.locator(".tbl-table tbody tr")).to_have_count(2)
    journey.see(DENTAL)


def test_waiting_computer_is_approved(journey: Journey) -> None:
    page = journey.page
    page.locator(".tbl-table tbody tr").last.get_by_role("checkbox").check()
    page.get_by_role("button", name="Approve…").click()
    journey.person.answer("Approve")
    expect(page.locator(".tbl-table tbody tr")).to_have_count(1)


def test_other_computer_is_rejected(journey: Journey) -> None:
    page = journey.page
    page.locator(".tbl-table tbody tr").first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Reject…").click()
    journey.person.answer("Reject")
    journey.see("Nobody waits.")


def test_no_free_seat_is_said_on_the_device_page_and_in_licensing(journey: Journey) -> None:
    journey.reload_until("the refusal in Licensing", f"{journey.stack.licensing}/seats/", "Devices without a seat",
                         seconds=90)  # fmt: skip
    journey.check_words()
    page = journey.console("/computers/")
    journey.reload_until("the refusal in the console", "/computers/", "No seat", seconds=15)
    page.get_by_role("row").filter(has_text="No seat").locator("a[data-drawer]").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("No seat")
    drawer.get_by_role("link", name="License", exact=True).click()
    expect(drawer).to_contain_text("Why not")
    journey.check_words()
    journey.reload_until("the problem", "/", "No free seat", seconds=15)


def test_every_page_is_accessible_and_speaks_to_one_msp(journey: Journey) -> None:
    page, faults, seen = journey.page, list[str](), 0
    for place in places(journey):
        journey.go(place.address)
        if not place.is_mode_neutral:
            faults += [f"{place.site} {place.name} says {word}" for word in journey.forbidden_words()]
        seen += 1
        faults += [f"{place.site} {place.name}: {fault}" for fault in grave_faults(page)]
    assert not faults, "\n".join(faults)
    assert seen > 120


def test_off_boarding_is_one_verb(journey: Journey) -> None:
    steps.customer_open(journey, BAKERY)
    journey.page.get_by_role("link", name="Off-board…").click()
    expect(journey.main).to_contain_text("1 computer that is online stops at once")
    journey.page.get_by_label("Type the customer's name").fill(BAKERY)
    journey.page.get_by_role("button", name="Off-board", exact=True).click()
    expect(journey.page.locator("#offboard")).to_contain_text("Done", timeout=45_000)
    journey.go(journey.facts[f"console {BAKERY}"])
    journey.see("Removed in Licensing")
    expect(journey.page.get_by_role("link", name="Hand-over pack")).to_be_visible()


def test_agent_of_the_leaver_is_retired(journey: Journey) -> None:
    computer = journey.computer("till")
    wait_until("the agent's end", lambda: not computer.processes(), 45)
    journey.console("/computers/")
    expect(journey.page.locator(f"a[href='/computers/{computer.uid()}/']")).to_have_count(0)


def test_seats_of_the_leaver_are_released(journey: Journey) -> None:
    journey.go(journey.facts["seat"])
    expect(journey.main).not_to_contain_text("In use")
    journey.go(journey.facts[f"hub {BAKERY}"])
    journey.see("Removed")


def test_restored_customer_comes_back_with_its_history(journey: Journey) -> None:
    journey.go(journey.facts[f"console {BAKERY}"])
    journey.person.act("Bring back", "Bring back")
    journey.reload_until("the customer", journey.facts[f"console {BAKERY}"], "Ready", seconds=30)
    journey.console("/detections/?state=closed")
    journey.see("invoice.com")
    journey.go(f"{journey.facts[f'hub {BAKERY}']}audit/")
    journey.see("Agreement set")


def test_uninstall_leaves_no_process(journey: Journey) -> None:
    computer = journey.computer("xray")
    done = computer.uninstall()
    assert done.returncode == 0, done.stdout + done.stderr
    wait_until("the end of its processes", lambda: not computer.processes(), 20)


def test_other_kinds_of_use_were_never_mentioned(journey: Journey) -> None:
    hub = ("/", "/companies/", "/licenses/", "/seats/", "/usage/", "/users/", "/consoles/", "/audit/", "/settings/")
    console = ("/dashboard/", "/tasks/", "/policies/", "/installers/", "/licenses/", "/link/", "/audit/", "/settings/")
    for path in hub:
        journey.hub(path)
    for path in console:
        journey.console(path)
    assert len(journey.visited) > len(hub)
