"""What a walk through both sites needs: people with browsers of their own, their mail, dialogs, and the API."""

from __future__ import annotations

import csv
import html
import io
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Locator, Page, expect
from seatkeep_bench.fleet import FleetPlan
from seatkeep_launcher.demo.mail_sink import MailSink
from seatkeep_license.localhost import install_localhost_names

from .conftest import Stack
from .waiting import wait_until

install_localhost_names()
KEY = re.compile(r"SEATKEEP_KEY='?([A-Za-z0-9_.-]+)")
LINK = re.compile(r"https?://\S+/invite/\S+")
COMPANY_PAGE = re.compile(r"/companies/[0-9a-f-]{36}/$")
PASSWORD = "a calm sentence about harbors"  # of people who live for one test
SECONDS_PER_NEWS = 5.0
"""Within so long the console has to know what changed in Licensing (issue 2, main job 4)."""

DISTRIBUTOR, MANAGER, MANAGED, MSP = "Distra Europe", "Midland Managed", "Mini MSP", "Nordlicht IT"
BAKERY, DENTIST, LAWYER = "Bakery Brandt", "Dental Practice Dahl", "Law Office Lund"
DORA, MIRA, NORA = "dora@distra.example", "mira@midland.example", "nora@nordlicht.example"
DEPOT, DENTIST_LATER = "Depot Dorn", "Dental Care Dahl"
BLOCKING, ALLOWING = "the license that refuses", "the license that allows"
LICENSE_KEY = re.compile(r"([0-9A-Z]{5}-){5}[0-9A-Z]")
RITA, NILS, SAM = "rita@nordlicht.example", "nils@nordlicht.example", "sam@security.example"


@dataclass
class Person:
    """Somebody with a browser of their own.

    Attributes:
        email: How they sign in.
        page: Their browser's one page.
    """

    email: str
    page: Page

    def open(self, address: str) -> Page:
        """Go to an address."""
        self.page.goto(address)
        return self.page

    def status(self, address: str, form: dict[str, str] | None = None) -> int:
        """What an address answers this person's session to a visit, or to a form; redirects are not followed."""
        return self._ask("GET" if form is None else "POST", address, data=form).status_code

    def api(self, method: str, address: str, body: Any = None) -> tuple[int, Any]:
        """Call the API with this person's session, as a script of the pages would."""
        answer = self._ask(method, address, json=body)
        return answer.status_code, answer.json() if answer.content else None

    def text(self, address: str) -> str:
        """What a page says to this person, without drawing it; entities are read."""
        return html.unescape(self._ask("GET", address).text)

    def _ask(self, method: str, address: str, **content: Any) -> httpx.Response:
        cookies = {one["name"]: one["value"] for one in self.page.context.cookies(address)}
        token = next((value for name, value in cookies.items() if "csrf" in name), "")
        headers = {"Referer": address, "Origin": address[: address.index("/", 8)], "X-CSRFToken": token}
        with httpx.Client(cookies=cookies, timeout=30, trust_env=False) as client:
            return client.request(method, address, headers=headers, **content)

    def act(self, button: str, confirm: str, **fields: str | int) -> Locator:
        """Open a dialog of the page by its link, fill it, press its button; returns the dialog."""
        self.page.get_by_role("link", name=button).first.click()
        return self.answer(confirm, **fields)

    def answer(self, confirm: str, **fields: str | int) -> Locator:
        """Fill the open dialog's fields by their names and press its button."""
        dialog = self.page.locator("#dialog-body")
        for name, value in fields.items():
            fill(dialog.locator(f"[name={name}]"), str(value))
        dialog.get_by_role("button", name=confirm, exact=True).click()
        return dialog

    def see(self, text: str, seconds: float = 10) -> None:
        """Expect a text on the page."""
        expect(self.page.locator("body")).to_contain_text(text, timeout=seconds * 1_000)


def fill(control: Locator, value: str) -> None:
    """Fill whatever control it is; a choice is given by its value or its words."""
    kind = control.first.evaluate("one => one.tagName === 'INPUT' ? one.type : one.tagName")
    if kind == "hidden":
        return
    if kind == "radio":
        control.and_(control.page.locator(f"[value='{value}']")).check()
    elif kind == "SELECT":
        control.select_option(value)
    else:
        control.fill(value)


@dataclass
class Walk:
    """The stage: one installation, its mail sink, and who takes part.

    Attributes:
        stack: What runs.
        sink: Takes the mail.
        people: By e-mail address.
        facts: What an earlier step found out and a later one needs.
    """

    stack: Stack
    sink: MailSink
    browser: Browser
    people: dict[str, Person] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def person(self, email: str) -> Person:
        """Somebody by address; a fresh browser at the first call."""
        if email not in self.people:
            context = self.browser.new_context(viewport={"width": 1366, "height": 900})
            context.set_default_timeout(15_000)
            self.people[email] = Person(email, context.new_page())
        return self.people[email]

    def close(self) -> None:
        """Close every browser."""
        for person in self.people.values():
            person.page.context.close()

    def mailed_link(self, email: str) -> str:
        """The link of the newest mail to an address."""
        wait_until(f"the mail to {email}", lambda: bool(self.sink.messages_to(email)), 10)
        mail = self.sink.messages_to(email)[-1]
        body = mail.get_body(("plain",))
        assert body is not None
        found = LINK.search(body.get_content())
        assert found is not None, body.get_content()
        return found[0]

    def join(self, email: str, name: str, button: str) -> Person:
        """Follow the link in the mail, choose name and password, accept."""
        person = self.person(email)
        page = person.open(self.mailed_link(email))
        page.get_by_label("Your name").fill(name)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=again]").fill(PASSWORD)
        page.get_by_role("button", name=button, exact=True).click()
        expect(page).to_have_url(f"{self.stack.licensing}/")
        return person

    def company_url(self, name: str) -> str:
        """The page of a company that an earlier step made."""
        return f"{self.stack.licensing}/companies/{self.facts[name]}/"

    def api(self, path: str) -> str:
        """The address of a resource of Licensing."""
        return f"{self.stack.licensing}/api/v1{path}"

    def rows(self, person: Person, path: str) -> list[dict[str, str]]:
        """What a table of the console shows somebody, by its own export; nothing where they are not let in."""
        address = f"{self.stack.console}{path}?export=csv"
        if person.status(address) != httpx.codes.OK:
            return []
        return list(csv.DictReader(io.StringIO(person.text(address).lstrip("\ufeff"))))

    def customer_url(self, name: str) -> str:
        """The console's page of a customer."""
        said = self.person(SAM).text(f"{self.stack.console}/customers/")
        found = re.search(rf'href="(/customers/[0-9a-f-]{{36}}/)"[^>]*>\s*{re.escape(name)}', said)
        assert found is not None, name
        return f"{self.stack.console}{found[1]}"

    def plan(self, key: str, folder: Path) -> FleetPlan:
        """Simulated workstations of a customer that report every second."""
        return FleetPlan(
            console_url=f"https://console.localhost:{self.stack.https_port}",
            key=self.facts[key],
            folder=folder,
            devices=9,
            seed=key,
            server_share=0,
            ca_file=self.stack.data / "ca" / "root.crt",
            heartbeat_seconds=1,
        )

    def token_api(self) -> Api:
        """The API as a program with the MSP's integration token sees it."""
        return Api(self.api(""), self.facts["token"])


class Api:
    """A program that calls Licensing with an integration token.

    Args:
        base: Address of the API.
        token: `skt_…`.
    """

    def __init__(self, base: str, token: str) -> None:
        self._base, self._headers = base, {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: dict[str, Any], *, key: str | None = None) -> httpx.Response:
        """Create something; `key` is the Idempotency-Key, a fresh one unless given."""
        headers = {**self._headers, "Idempotency-Key": key or str(uuid.uuid4())}
        return httpx.post(self._base + path, json=body, headers=headers, timeout=30, trust_env=False)

    def get(self, path: str) -> Any:
        """Read something."""
        answer = httpx.get(self._base + path, headers=self._headers, timeout=30, trust_env=False)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()


def found_key(page: Page) -> str:
    """The deployment key in the command that an installer's page shows."""
    expect(page.locator(".copy-box code").first).to_contain_text("SEATKEEP_KEY=")
    found = KEY.search(page.locator(".copy-box code").first.inner_text())
    assert found is not None
    return found[1]


def distributor_set_up(walk: Walk, dora: Person) -> None:
    """The set-up wizard, as a distributor who puts the second factor off."""
    page = dora.open(walk.stack.setup_link)
    answers = {"name": "Dora Distra", "email": DORA, "password": PASSWORD, "again": PASSWORD}
    for name, value in answers.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Do this later").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Distributor").check()
    page.get_by_label("Name of your company").fill(DISTRIBUTOR)
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Send a test mail").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("link", name="Continue").click()
    dora.see(f"{DISTRIBUTOR} is ready")


def create(walk: Walk, person: Person, parent: str, kind: str, name: str) -> None:
    """Make a company on the page of its parent."""
    open_below(walk, person, parent)
    person.answer("Create", kind=kind, name=name)
    made(walk, person, name)


def open_below(walk: Walk, person: Person, parent: str) -> Locator:
    """Open the dialog for a company below another one."""
    person.open(walk.company_url(parent)).get_by_role("link", name="Add below").click()
    return person.page.locator("#dialog-body")


def made(walk: Walk, person: Person, name: str) -> None:
    """Remember the company whose page is shown."""
    expect(person.page).to_have_url(COMPANY_PAGE)
    expect(person.page.get_by_role("heading", level=1)).to_have_text(name)
    walk.facts[name] = person.page.url.rstrip("/").rpartition("/")[2]


def companies(walk: Walk, person: Person) -> list[dict[str, Any]]:
    """All companies that somebody may see, as the API tells them."""
    status, answer = person.api("GET", walk.api("/companies"))
    assert status == 200
    found: list[dict[str, Any]] = answer["items"]
    return found


def invite(walk: Walk, by: Person, email: str, company: str, role: str) -> None:
    """Invite somebody with a role on the page; the link to copy is the one in the mail."""
    by.open(f"{walk.stack.licensing}/users/")
    by.act("Invite a person", "Invite", company=walk.facts[company], email=email, role=role)
    by.see(f"A mail went to {email}")
    assert by.page.locator(".copy-box code").inner_text() == walk.mailed_link(email)


def shut_out(walk: Walk, by: Person, email: str, company: str) -> None:
    """Take somebody's access to a company and all below it away, on their page."""
    row = by.open(f"{walk.stack.licensing}/users/").get_by_role("row").filter(has_text=email)
    row.get_by_role("link").first.click()
    by.page.get_by_role("dialog").get_by_role("link", name="Open as a page").click()
    by.page.locator("main").get_by_role("row", name=company).get_by_role("link", name="Change…").click()
    by.answer("Set access", level="NONE")
    by.see("Access set.")


def expect_hidden(walk: Walk, person: Person, *names: str) -> None:
    """Page and API answer as if these companies were not there, also to attempts to write."""
    for name in names:
        page, resource = walk.company_url(name), walk.api(f"/companies/{walk.facts[name]}")
        assert (person.status(page), person.api("GET", resource)[0]) == (404, 404), name
        assert person.status(f"{page}name/", {"name": "Mine"}) == 404
        assert person.api("PATCH", resource, {"name": "Mine"})[0] == 404
        assert person.api("POST", walk.api("/companies"), customer_of(walk, name, "Mine"))[0] == 404


def customer_of(walk: Walk, parent: str, name: str) -> dict[str, Any]:
    """What the API takes to make a customer."""
    return {"parent_id": walk.facts[parent], "kind": "CUSTOMER", "name": name}


def order(walk: Walk, person: Person, name: str, units: int, **terms: str) -> None:
    """Order the bundle for the MSP and remember the license by a name."""
    person.open(f"{walk.stack.licensing}/licenses/")
    person.act("Order licenses", "Order", **{"units_endpoint-protection": units}, **terms)
    expect(person.page).to_have_url(re.compile(r"/licenses/[0-9a-f-]{36}/$"))
    walk.facts[name] = person.page.url.rstrip("/").rpartition("/")[2]


def token_make(walk: Walk, person: Person, *scopes: str) -> None:
    """Make an API client of the MSP that may do this much, and remember its secret."""
    page = person.open(f"{walk.stack.licensing}/settings/")
    page.get_by_role("link", name="New API client").click()
    for scope in scopes:
        page.locator(f"#dialog-body [value='{scope}']").check()
    person.answer("Make it", company=walk.facts[MSP], name="PSA")
    walk.facts["token"] = page.locator(".copy-box code").inner_text()


def prove(person: Person) -> None:
    """Type the password where a page asks for it again; who signed in minutes ago is not asked."""
    page = person.page
    password = page.locator("main [name=password]")
    expect(password.or_(page.locator(".copy-box code")).first).to_be_visible()
    if password.count():
        password.fill(PASSWORD)
        password.press("Enter")


def agree(walk: Walk, person: Person, customer: str, license_name: str, words: str, **terms: str | int) -> None:
    """Set a customer's agreement about workstations on its page and see it there."""
    person.open(walk.company_url(customer))
    person.act(
        "Set agreement", "Set agreement", license=walk.facts[license_name], product_code="endpoint-workstation", **terms
    )
    person.see("Agreement set.")
    expect(person.page.locator("main")).to_contain_text(words)


def once(program: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Create something, repeat it with the same key, and try another body with that key."""
    key = str(uuid.uuid4())
    first, second = program.post(path, body, key=key), program.post(path, body, key=key)
    assert first.status_code in (200, 201), first.text
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert program.post(path, {**body, "note": "another"}, key=key).status_code == 409
    made: dict[str, Any] = first.json()
    return made


def states(walk: Walk) -> dict[str, str]:
    """State of each customer in the console."""
    return {row["Customer"]: row["Status"] for row in walk.rows(walk.person(SAM), "/customers/")}


def arrives(is_here: Callable[[], bool]) -> float:
    """Seconds until the console knows, at most five."""
    return wait_until("the news from Licensing", is_here, SECONDS_PER_NEWS)


def forbidden() -> list[tuple[str, str]]:
    """Every pair of a parent of the walk and a kind that may not stand below it (domain/licensing.md, section 2.1)."""
    allowed = {
        DISTRIBUTOR: {"DIVISION", "MSP_MANAGER", "MSP", "BUSINESS"},
        MANAGER: {"MANAGED_MSP", "CUSTOMER"},
        MANAGED: {"CUSTOMER"},
        MSP: {"CUSTOMER"},
        BAKERY: set[str](),
    }
    kinds = ["VENDOR", "DISTRIBUTOR", "DIVISION", "MSP_MANAGER", "MSP", "MANAGED_MSP", "CUSTOMER", "BUSINESS"]
    return [(parent, kind) for parent, below in allowed.items() for kind in kinds if kind not in below]
