"""A stack for the benches alone: started by `seatkeep up`, set up through the same pages as a newcomer uses.

Its folder stays (build/bench/stack), so a second run needs no first run.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import msgspec

from seatkeep_bench.browser import Browser, Page
from seatkeep_bench.console import EXCLUSIONS, exclusion_values
from seatkeep_bench.errors import BenchError
from seatkeep_bench.stack import Stack

OWNER = "owner@bench.example"
CUSTOMER = "Bench customer"
TEMPLATE = "Bench template"
PRODUCTS = ("endpoint-workstation", "endpoint-server")
SEATS = 1_000_000
PROGRAMS = ("hub-web", "manager-publisher")
"""Those whose settings say all that a bench needs."""
START_SECONDS = 180
STEP_SECONDS = 60
_LINK = re.compile(r"https?://\S+/setup/\S+")
_ADDRESSES = {
    "hub-fast": "SEATKEEP_BENCH_FAST_URL",
    "hub-web": "SEATKEEP_BENCH_WEB_URL",
    "manager-web": "SEATKEEP_BENCH_CONSOLE_URL",
}
"""Programs that are reached inside the machine, behind the front door."""
_KEY = re.compile(r"SEATKEEP_KEY='?([A-Za-z0-9_.-]+)")


class Facts(msgspec.Struct):
    """What was made at set-up, in `facts.json` (0600).

    Attributes:
        password: The owner's.
        key: Deployment key of the bench customer.
        license_key: License key that all activations of the bench use.
        policy_url: The edit page of the policy on the bench customer's group.
    """

    password: str
    key: str
    license_key: str
    policy_url: str


class StackProcess:
    """`seatkeep up` of one folder, which can be killed and started again.

    Attributes:
        data: Where the installation lies.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing runs yet."""
        self._folder = folder
        self.data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is up.

        Raises:
            BenchError: It does not come up.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "up.log"
        words = ["up", "--data", str(self.data), *_port_options(self._folder)]
        process = self._process = subprocess.Popen(
            [str(Path(sys.executable).parent / "seatkeep"), *words],
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "500", "NO_COLOR": "1"},
            start_new_session=True,
        )
        _wait("the stack", lambda: _is_up(process, log), START_SECONDS)

    def kill(self) -> None:
        """Kill it and all its programs at once, as a power cut does."""
        reports = stack_reports(self.data)
        if self._process is not None:
            self._process.kill()
            self._process.wait(STEP_SECONDS)
        for report in reports:
            with suppress(ProcessLookupError):
                os.killpg(report["pid"], signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STEP_SECONDS)


@dataclass(frozen=True)
class BenchStack:
    """A running stack and the owner's session in its console."""

    stack: Stack
    facts: Facts
    environment: dict[str, str]
    browser: Browser
    process: StackProcess

    @property
    def console_people_url(self) -> str:
        """The console's address for people."""
        return self.environment["SEATKEEP_CONSOLE_URL"]


@contextmanager
def started_stack(
    folder: Path, tell: Callable[[str], None], programs: Sequence[str] = PROGRAMS
) -> Iterator[dict[str, str]]:
    """Start a stack in a folder, give the settings of some of its programs, and stop it at the end.

    Raises:
        BenchError: It does not start.
    """
    process = StackProcess(folder)
    try:
        tell("starting a stack")
        process.start()
        yield stack_environment(folder / "data", programs)
    finally:
        process.stop()


@contextmanager
def own_stack(folder: Path, tell: Callable[[str], None], daily_cap: int | None = None) -> Iterator[BenchStack]:
    """Start a stack in a folder, set it up at the first time, and stop it at the end.

    Args:
        folder: Of the stack.
        tell: Gets a line per step.
        daily_cap: How many computers the deployment key lets in a day; None for what the console proposes.

    Raises:
        BenchError: It does not start, or a step of the set-up fails; the message names it.
    """
    browser, process = Browser(), StackProcess(folder)
    try:
        tell("starting a stack")
        process.start()
        environment = stack_environment(process.data, PROGRAMS)
        facts = _facts(folder, environment, browser, tell, daily_cap)
        stack = Stack.from_environment(
            environment | {"SEATKEEP_BENCH_KEY": facts.key, "SEATKEEP_BENCH_LICENSE_KEY": facts.license_key}
        )
        yield BenchStack(stack, facts, environment, browser, process)
    finally:
        browser.close()
        process.stop()


def _port_options(folder: Path) -> list[str]:
    """Return the ports of this stack, chosen once and kept, because addresses are in its data."""
    file = folder / "ports.json"
    if not file.exists():
        first = _free_block(13)
        file.write_text(json.dumps({"http": first, "https": first + 1, "nats": first + 2, "internal": first + 3}))
    ports: dict[str, int] = json.loads(file.read_text())
    return [word for name, port in ports.items() for word in (f"--{name}-port", str(port))]


def _free_block(count: int) -> int:
    for first in range(int(os.environ.get("SEATKEEP_BENCH_PORT", "18000")), 30_000, count):
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise BenchError("There are no free ports.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _is_up(process: subprocess.Popen[bytes], log: Path) -> bool:
    text = log.read_text(errors="replace")
    if process.poll() is not None:
        raise BenchError(f"seatkeep up ended: {text[-1_000:]}")
    return "Ctrl-C stops everything" in text


def stack_reports(data: Path) -> list[dict[str, Any]]:
    """Return what the supervisor says of each program: name, pid, state."""
    reports: Any = json.loads((data / "run" / "state.json").read_text())
    found: list[dict[str, Any]] = reports if isinstance(reports, list) else reports.get("services", [])
    return found


def stack_environment(data: Path, programs: Sequence[str]) -> dict[str, str]:
    """Return the settings of running programs, out of their own environment and command lines (Linux).

    Args:
        data: Of the stack.
        programs: Whose settings; those of a later one win.
    """
    found: dict[str, str] = {}
    for service in stack_reports(data):
        process = Path(f"/proc/{service['pid']}")
        if service["name"] in programs:
            raw = (process / "environ").read_bytes().decode(errors="replace")
            found |= dict(item.split("=", 1) for item in raw.split("\0") if item.startswith("SEATKEEP_"))
        if service["name"] in _ADDRESSES:
            words = (process / "cmdline").read_text().split("\0")
            found[_ADDRESSES[service["name"]]] = f"http://127.0.0.1:{words[words.index('--port') + 1]}"
    return found


def _facts(
    folder: Path,
    environment: dict[str, str],
    browser: Browser,
    tell: Callable[[str], None],
    daily_cap: int | None,
) -> Facts:
    file, log = folder / "facts.json", folder / "up.log"
    console, licensing = environment["SEATKEEP_CONSOLE_URL"], environment["SEATKEEP_LICENSING_URL"]
    if file.exists():
        facts = msgspec.json.decode(file.read_bytes(), type=Facts)
        browser.sign_in(f"{console}/", email=OWNER, password=facts.password)
        return facts
    tell("setting it up through its pages")
    link = _LINK.search(log.read_text(errors="replace"))
    if link is None:
        raise BenchError(f"There is no set-up link in {log}; remove the folder to begin anew.")
    facts = set_up(browser, setup_link=link[0], licensing=licensing, console=console, daily_cap=daily_cap)
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.encode(facts))
    return facts


def set_up(browser: Browser, *, setup_link: str, licensing: str, console: str, daily_cap: int | None = None) -> Facts:
    """Take a new stack through its first run as one MSP, to a customer with a key, a license and a policy.

    Args:
        browser: Signs in as the owner; stays signed in to both sites.
        setup_link: The one-time link that `seatkeep up` printed.
        licensing: Address of the hub for people.
        console: Address of the manager for people.
        daily_cap: As for `own_stack`.

    Raises:
        BenchError: A step fails; the message names it.
    """
    password = secrets.token_urlsafe(18)
    _first_run(browser, setup_link, licensing, password)
    _confirm(browser, licensing, password)
    license_key = _license_key(browser, licensing)
    _agree(browser, licensing, _customer_create(browser, licensing))
    _wait("the console's link", lambda: _is_signed_in(browser, console, password), STEP_SECONDS)
    return Facts(password, _deployment_key(browser, console, daily_cap), license_key, _policy(browser, console))


def _first_run(browser: Browser, setup_link: str, licensing: str, password: str) -> None:
    answers = {
        "name": "Bench",
        "email": OWNER,
        "password": password,
        "again": password,
        "later": "on",
        "mode": "one-msp",
        "company": "Bench MSP",
        "time_zone": "UTC",
        "public_address": licensing,
    }
    page = browser.open(setup_link)
    for _ in range(12):
        if "/kit/" in page.url:
            return
        page = _fill(browser, page, answers)
    raise BenchError(f"The first run does not end; the last page was {page.url}.")


def _fill(browser: Browser, page: Page, answers: dict[str, str]) -> Page:
    form = next((form for form in page.forms if form.method == "post"), None)
    if form is None:
        raise BenchError(f"{page.url} has no form.")
    return browser.submit(form, **{name: value for name, value in answers.items() if form.has(name)})


def _confirm(browser: Browser, licensing: str, password: str) -> None:
    """Say the password once more: secrets are shown only shortly after it."""
    page = browser.open(f"{licensing}/accounts/reauthenticate/")
    form = next((form for form in page.forms if form.has("password")), None)
    if form is not None:
        browser.submit(form, password=password)


def _license_key(browser: Browser, licensing: str) -> str:
    first = browser.api("GET", f"{licensing}/api/v1/licenses")["items"][0]
    address = f"{licensing}/api/v1/licenses/{first['id']}"
    browser.api("PUT", f"{address}/seats", {"quantity": SEATS})
    answer = browser.api("POST", f"{address}/key/show")
    return str(answer.get("key") or answer.get("license_key"))


def _customer_create(browser: Browser, licensing: str) -> str:
    companies = browser.api("GET", f"{licensing}/api/v1/companies")["items"]
    own = next(company for company in companies if company["kind"] == "MSP")
    wanted = {"parent_id": own["id"], "kind": "CUSTOMER", "name": CUSTOMER}
    return str(browser.api("POST", f"{licensing}/api/v1/companies", wanted)["id"])


def _agree(browser: Browser, licensing: str, customer: str) -> None:
    """Give the customer as many seats of every product as it uses, so that its devices get tickets."""
    first = browser.api("GET", f"{licensing}/api/v1/licenses")["items"][0]
    for product in PRODUCTS:
        wanted = {"company_id": customer, "license_id": first["id"], "product": product, "mode": "FLEXIBLE"}
        browser.api("POST", f"{licensing}/api/v1/agreements", wanted)


def _is_signed_in(browser: Browser, console: str, password: str) -> bool:
    try:
        browser.sign_in(f"{console}/", email=OWNER, password=password)
    except BenchError:
        return False  # The console lets nobody in before it is linked.
    return True


def _deployment_key(browser: Browser, console: str, daily_cap: int | None) -> str:
    address = f"{console}/customers/"
    _wait("the customer in the console", lambda: CUSTOMER in browser.open(address).text, STEP_SECONDS)
    page = browser.open(address)
    customer = next(link for link, words in page.links if CUSTOMER in words and "/customers/" in link)
    chosen = {} if daily_cap is None else {"template": _template(browser, console, customer, daily_cap)}
    form = browser.open(urljoin(customer, "setup/")).form_with("template")
    made = browser.submit(form, groups="", makes_key="on", **chosen)
    found = _KEY.search(unescape(made.text))
    if found is None:
        raise BenchError(f"{made.url} shows no deployment key.")
    return found[1]


def _template(browser: Browser, console: str, customer: str, daily_cap: int) -> str:
    """Make a template whose keys let many computers in a day, and return how the set-up's form calls it."""
    form = browser.open(f"{console}/customers/templates/new/").form_with("daily_cap")
    browser.submit(form, name=TEMPLATE, groups="", makes_key="on", daily_cap=str(daily_cap))
    choices = browser.open(urljoin(customer, "setup/")).form_with("template").choices["template"]
    return next(value for value, words in choices.items() if TEMPLATE in words)


def _policy(browser: Browser, console: str) -> str:
    form = browser.open(f"{console}/policies/new/?product=endpoint").form_with("name", EXCLUSIONS)
    made = browser.submit(form, name="Bench", **exclusion_values("/bench/none"))
    assign = browser.open(urljoin(made.url, "assign/")).form_with("group")
    group = next(value for value, words in assign.choices["group"].items() if CUSTOMER in words)
    browser.submit(assign, group=group)
    return urljoin(made.url, "edit/")


def _wait(what: str, is_done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            raise BenchError(f"{what} did not come within {seconds:.0f} s.")
        time.sleep(0.2)
