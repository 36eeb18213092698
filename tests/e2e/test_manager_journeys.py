"""Four journeys of a technician through one customer's life, on one stack: in, changed, put to work, out.

Three of the twenty computers are real: agent and endpoint of the installer's bundle. The other seventeen are simulated
by `seatkeep-bench`: they join with the same key over TLS, hold seats and obey, but have no engine and no clock of their
own, so policies that fail and tasks of groups are tried on the real ones.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, expect
from seatkeep_bench.provision import OWNER, PRODUCTS
from seatkeep_launcher.demo.device import device_processes

from . import journey as steps
from . import policy_steps as policies
from .conftest import Stack, stack_make
from .journey import Computer, Journey
from .prepared import Prepared, Simulation, prepare, simulation
from .waiting import wait_until
from .walking import Person

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]

CUSTOMER = "Bäckerei „Süß & Söhne“"
REAL = ("till", "oven", "van")
SIMULATED = 17
ALL = len(REAL) + SIMULATED
GROUP = "Shop"
GOOD, BAD = "0 3 * * *", "99 99 * * *"
"""The schema of settings takes both as a cron line; the endpoint refuses the second."""


@dataclass
class Scene:
    """The technician's browser, the computers of the customer, and a person without a browser for what is not shown.

    Attributes:
        lines: Of the file for an RMM, by group.
    """

    prepared: Prepared
    journey: Journey
    folder: Path
    open: ExitStack
    lines: dict[str, dict[str, str]] = field(default_factory=dict)
    fleet: Simulation | None = None

    @property
    def computers(self) -> list[Computer]:
        """The real ones."""
        return [self.journey.computer(name) for name in REAL]

    @property
    def customer(self) -> str:
        """The customer's page in the console."""
        return self.journey.facts[f"console {CUSTOMER}"]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the console's API as the technician."""
        method = "GET" if body is None else "POST"
        return self.prepared.browser.api(method, f"{self.prepared.stack.console}/api/v1{path}", body)

    def hub(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the API of Licensing."""
        method = "GET" if body is None else "POST"
        return self.prepared.browser.api(method, f"{self.prepared.stack.licensing}/api/v1{path}", body)

    def runs(self, task: str) -> dict[str, list[dict[str, Any]]]:
        """The runs of a task by device."""
        found: dict[str, list[dict[str, Any]]] = {}
        for run in self.ask(f"/tasks/{task}/runs")["items"]:
            found.setdefault(run["device_uid"], []).append(run)
        return found


@pytest.fixture(scope="module")
def scene(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A stack past its first run, and its owner signed in, in a browser and without one."""
    stack = stack_make()
    with ExitStack() as opened:
        opened.callback(shutil.rmtree, stack.data, ignore_errors=True)
        opened.callback(stack.down)
        stack.up()
        prepared = prepare(stack)
        opened.callback(prepared.browser.close)
        context = browser.new_context(viewport={"width": 1366, "height": 850}, accept_downloads=True)
        opened.callback(context.close)
        context.set_default_timeout(15_000)
        context.add_cookies(cookies(prepared, stack))
        journey = Journey(stack, Person(OWNER, context.new_page()))
        opened.callback(journey.stop)
        yield Scene(prepared, journey, tmp_path_factory.mktemp("journeys"), opened)


def cookies(prepared: Prepared, stack: Stack) -> list[Any]:
    """The owner's sessions at both sites, for a browser."""
    return [
        {"name": name, "value": value, "url": site}
        for site in (stack.licensing, stack.console)
        for name, _, value in (
            one.partition("=") for one in prepared.browser.cookies(site.split("/")[2].split(":")[0]).split("; ")
        )
    ]


@pytest.fixture(autouse=True)
def in_order(scene: Scene, request: pytest.FixtureRequest) -> Iterator[None]:
    """Each journey stands on those before it."""
    if scene.journey.is_broken:
        pytest.skip("an earlier journey failed")
    failed = request.session.testsfailed
    yield
    scene.journey.is_broken = request.session.testsfailed > failed


def test_a_customer_is_set_up_by_template_and_twenty_computers_come_by_its_key(scene: Scene) -> None:
    customer_sold(scene)
    template_make(scene)
    set_up_by_template(scene)
    rmm_export(scene)

    real = scene.computers
    for computer in real:
        computer.install_begin(scene.lines[GROUP]["linux"])
    scene.fleet = simulated(scene)
    for computer in real:
        assert computer.install_end(120) == 0, computer.said

    page = scene.journey.console("/computers/")
    page.get_by_role("navigation", name="Groups").get_by_role("link", name=CUSTOMER).click()
    address = page.url
    wait_until("all of them, licensed", lambda: licensed(scene, address) == ALL, 60)
    expect(page.locator(".tbl-table tbody tr").filter(has_text="Test rules")).to_have_count(ALL)


def customer_sold(scene: Scene) -> None:
    """A customer in Licensing that takes as many seats as it needs, and in the console a moment later."""
    companies = scene.hub("/companies")["items"]
    owner = next(one for one in companies if one["kind"] == "MSP")
    made = scene.hub("/companies", {"parent_id": owner["id"], "kind": "CUSTOMER", "name": CUSTOMER})
    license_id = scene.hub("/licenses")["items"][0]["id"]
    for product in PRODUCTS:
        terms = {"company_id": made["id"], "license_id": license_id, "product": product, "mode": "FLEXIBLE"}
        scene.hub("/agreements", terms)
    scene.journey.facts["hub id"] = made["id"]
    scene.journey.reload_until("the customer in the console", "/customers/", CUSTOMER, seconds=30)


def template_make(scene: Scene) -> None:
    """A template with a group and a key."""
    page = scene.journey.console("/customers/templates/new/")
    page.get_by_label("Name").fill("Retail")
    page.get_by_label("Groups").fill(f"{GROUP}\nOffice")
    page.get_by_label("Tags").fill("retail")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Retail")).to_be_visible()


def set_up_by_template(scene: Scene) -> None:
    """Set the customer up from the list, as one of many."""
    page = scene.journey.console("/customers/")
    page.get_by_role("row").filter(has_text=CUSTOMER).get_by_role("checkbox").check()
    page.get_by_role("button", name="Set up…").click()
    page.locator("#dialog-body").get_by_text("Retail: ").click()
    page.locator("#dialog-body").get_by_role("button", name="Set up").click()
    row = page.locator(".tbl-table tbody tr").filter(has_text=CUSTOMER)
    expect(row).to_contain_text("2 groups", timeout=30_000)
    expect(row).to_contain_text("deployment key")


def rmm_export(scene: Scene) -> None:
    """The file for an RMM: one line for each place that computers join."""
    page = scene.journey.page
    page.get_by_role("link", name="Export for RMM…").click()
    page.get_by_label("CSV").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    text = download.value.path().read_text("utf-8-sig")
    names = ("number", "customer", "group", "reference", "key", "windows", "linux")
    rows = [dict(zip(names, row, strict=True)) for row in csv.reader(io.StringIO(text))][1:]
    assert {row["customer"] for row in rows} == {CUSTOMER}
    scene.lines = {row["group"]: row for row in rows}
    assert set(scene.lines) == {"", GROUP, "Office"}
    steps.customer_open(scene.journey, CUSTOMER)


def simulated(scene: Scene) -> Simulation:
    """Seventeen computers that join with the key of the file."""
    plan = scene.prepared.plan(scene.folder / "fleet", SIMULATED, server_share=0)
    fleet = scene.open.enter_context(simulation(dataclasses.replace(plan, key=scene.lines[""]["key"])))
    fleet.start(SIMULATED)
    return fleet


def licensed(scene: Scene, address: str) -> int:
    """How many rows of the list of computers are licensed."""
    scene.journey.go(address)
    return scene.journey.page.locator(".tbl-table tbody tr").filter(has_text="Licensed").count()


def test_a_bad_policy_rolled_out_in_stages_stops_itself_and_is_taken_back(scene: Scene) -> None:
    real = scene.computers
    page = policies.policy_make(scene.journey, "Scan at night", scan__schedule=GOOD)
    policies.policy_assign(scene.journey, GROUP)
    wait_until("the good version everywhere", lambda: all(one.has_setting(GOOD) for one in real), 60)

    policies.policy_change_in_stages(page, scan__schedule=BAD)

    expect(page.get_by_text("Stopped by itself and taken back")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("is no cron line").first).to_be_visible()
    wait_until("the former version", lambda: all(one.has_setting(GOOD) for one in real), 60)
    expect(page.locator(".policy-counts div").filter(has_text="Reached")).to_contain_text("1")


def test_a_task_over_a_dynamic_group_runs_once_on_each_whoever_is_off_or_killed(scene: Scene) -> None:
    """Each run writes a line that names its computer; lines are counted at the end."""
    journey, (online, killed, absent) = scene.journey, scene.computers
    ran = scene.folder / "ran"
    ran.touch()
    commands_allow(scene)
    policies.dynamic_group_make(journey, CUSTOMER, "All that run Linux", "Linux")
    for computer in scene.computers:
        policies.member_wait(journey, computer.uid())
    absent.stop()

    task = command_order(scene, f'readlink "/proc/$PPID/exe" >> "{ran}"; sleep 3')
    wait_until("the task on the one to be killed", lambda: lines_of(ran)[str(killed.root)] == 1, 60, every=0.02)
    for process in agents(killed):
        process.kill()
    wait_until("the end where it was killed", lambda: state(scene, task, killed) == "FAILED", 60)
    wait_until("the end where it was not", lambda: state(scene, task, online) == "FINISHED", 60)
    assert lines_of(ran)[str(absent.root)] == 0
    absent.start()
    wait_until("the task where it was off", lambda: state(scene, task, absent) == "FINISHED", 60)

    assert lines_of(ran) == {str(one.root): 1 for one in scene.computers}
    assert {device: len(runs) for device, runs in scene.runs(task).items()} == {one.uid(): 1 for one in scene.computers}


def commands_allow(scene: Scene) -> None:
    """Let the agents of the group run commands."""
    groups = {one["name"]: one["uid"] for one in scene.ask("/groups?limit=200")["items"]}
    made = scene.ask("/policies", {"name": "Commands", "product": "agent", "settings": {
        "run_command.is_allowed": {"value": True, "flag": "APPLY"}}})  # fmt: skip
    scene.ask(f"/policies/{made['uid']}/assignments", {"group": groups[GROUP]})


def command_order(scene: Scene, script: str) -> str:
    """Order a command for the dynamic group by the dialog of tasks; returns the task's uid."""
    page = scene.journey.console("/tasks/")
    page.get_by_role("link", name="New task").click()
    dialog = page.locator("#dialog-body")
    dialog.locator("[name=kind]").select_option("RUN_COMMAND")
    dialog.locator("[name=script]").fill(script)
    policies.choose(dialog.locator("[name=place]"), "All that run Linux")
    dialog.locator("[name=is_sure]").check()
    dialog.get_by_role("button", name="Order").click()
    page.wait_for_url("**/tasks/*-*-*-*-*/")
    return page.url.rstrip("/").rpartition("/")[2]


def lines_of(ran: Path) -> Counter[str]:
    """How often the command ran on each computer, by the folder of the agent that ran it."""
    return Counter(line.partition("/bin/")[0] for line in ran.read_text().splitlines())


def agents(computer: Computer) -> list[psutil.Process]:
    """The agent without its supervisor."""
    found = [one for one in device_processes(computer.root) if "seatkeep-agent" in one.exe()]
    return [one for one in found if "run" in one.cmdline()]


def state(scene: Scene, task: str, computer: Computer) -> str:
    """How a computer's run stands."""
    runs = scene.runs(task).get(computer.uid(), [])
    return str(runs[0]["state"]) if runs else ""


def test_the_customer_leaves_with_a_pack_in_hand_and_its_seats_come_back(scene: Scene) -> None:
    journey, page = scene.journey, scene.journey.page
    assert seats_in_use(scene) == ALL
    journey.go(f"{scene.customer}offboard/")
    expect(journey.main).to_contain_text(f"{ALL} computers that are online stop at once")
    page.get_by_label("Type the customer's name").fill(CUSTOMER)
    page.get_by_role("button", name="Off-board", exact=True).click()
    expect(page.locator("#offboard")).to_contain_text("Done", timeout=90_000)

    with page.expect_download() as download:
        page.get_by_role("link", name="Hand-over pack").click()
    with zipfile.ZipFile(download.value.path()) as pack:
        computers = list(csv.DictReader(io.StringIO(pack.read("devices.csv").decode("utf-8-sig"))))
        assert len(computers) == ALL
        assert "Scan at night" in json.dumps(json.loads(pack.read("policies.json")))
        assert not any(line["key"].encode() in pack.read(name) for name in pack.namelist() for line in
                       scene.lines.values())  # fmt: skip

    assert seats_in_use(scene) == 0
    assert scene.fleet is not None
    devices = scene.fleet.devices
    wait_until("the end of the simulated agents", lambda: all(one.is_retired for one in devices), 60)
    wait_until("the end of the real agents", lambda: not any(one.processes() for one in scene.computers), 60)


def seats_in_use(scene: Scene) -> int:
    """How many seats the customer holds at Licensing."""
    seats = scene.hub(f"/seats?company={scene.journey.facts['hub id']}&limit=100")["items"]
    return sum(seat["state"] == "ACTIVE" for seat in seats)
