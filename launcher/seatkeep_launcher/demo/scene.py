"""What the demo's steps share: the installation, the people, where things lie."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from seatkeep_launcher.demo.browser import Browser, Page, PageError
from seatkeep_launcher.demo.mail_sink import MailSink
from seatkeep_launcher.demo.steps import Steps
from seatkeep_launcher.plan import Installation

COMPANY = "Nordlicht IT"
OWNER = "owner@nordlicht.example"
TECHNICIAN = "tech@nordlicht.example"
SECURITY_ADMIN = "licenses@nordlicht.example"
CUSTOMERS = ("Bakery Brandt", "Dental Practice Dahl", "Law Office Lund")
TIME_ZONE = "Europe/Berlin"


@dataclass
class Scene:
    """The stage of one demo.

    Attributes:
        installation: What runs.
        folder: Holds everything of the demo.
        steps: What was done.
        sink: Takes the mail.
        owner: The owner's browser.
        technician: The technician's browser.
    """

    installation: Installation
    folder: Path
    console: Console
    steps: Steps
    sink: MailSink
    owner: Browser = field(default_factory=Browser)
    technician: Browser = field(default_factory=Browser)

    @property
    def licensing(self) -> str:
        """Address of the hub."""
        return self.installation.settings.addresses.licensing_url

    @property
    def manager(self) -> str:
        """Address of the manager."""
        return self.installation.settings.addresses.console_url

    @property
    def device_root(self) -> Path:
        """Where the installer puts agent and endpoint."""
        return self.folder / "device"

    @property
    def leaver_root(self) -> Path:
        """The computer of the customer that leaves and comes back."""
        return self.folder / "device-leaver"

    @property
    def roots(self) -> tuple[Path, Path]:
        """Every place where the demo puts an agent."""
        return self.device_root, self.leaver_root

    @property
    def machine_id(self) -> str:
        """Makes that computer a machine of its own, made at the first call."""
        return self.steps.fact_or("machine id of the leaver", lambda: secrets.token_hex(16))

    @property
    def device_files(self) -> Path:
        """The files of the device's user."""
        return self.folder / "device-files"

    def password(self, person: str) -> str:
        """A person's password, made at the first call."""
        return self.steps.fact_or(f"password of {person}", lambda: secrets.token_urlsafe(15))

    def close(self) -> None:
        """Close both browsers."""
        self.owner.close()
        self.technician.close()


def rows(browser: Browser, address: str) -> list[dict[str, str]]:
    """What a table shows, by its own export."""
    separator = "&" if "?" in address else "?"
    page = browser.get(f"{address}{separator}export=csv")
    return list(csv.DictReader(io.StringIO(page.html.lstrip("\ufeff"))))


def ask(browser: Browser, page: Page, address: str, first: int | None = None) -> Page:
    """Select rows of a table (all, or the first ones) and press a button for many; returns the question.

    Raises:
        PageError: The table has no rows to select.
    """
    form = next((one for one in page.forms if one.choices.get("selected")), None)
    if form is None:
        raise PageError(f"{page.address} has no rows to select; it says: {page.text[:300]}")
    return browser.post(address, {**form.values, "selected": form.choices["selected"][:first]})


def link_to(page: Page, text: str, part: str) -> str:
    """The address of the link with this text whose address contains `part`.

    Raises:
        PageError: There is none.
    """
    for address, words in page.links:
        if part in address and text in words:
            return address
    raise PageError(f"{page.address} has no link “{text}” to {part}")


def walk(browser: Browser, page: Page, answers: dict[str, str], is_done: Callable[[Page], bool]) -> Page:
    """Go through a wizard: fill on each page the fields that it asks for, press the first button.

    Raises:
        PageError: A page comes again and again, or has no form.
    """
    for _ in range(12):
        if is_done(page):
            return page
        form = next((one for one in page.forms if one.method == "post"), None)
        if form is None:
            raise PageError(f"{page.address} has no form; it says: {page.text[:300]}")
        fields = {name: value for name, value in answers.items() if form.has(name)}
        page = browser.submit(form, button=("", ""), **fields)
    raise PageError(f"the wizard does not end; at last {page.address} says: {page.text[:300]}")


def sign_in(browser: Browser, address: str, email: str, password: str) -> Page:
    """Open a page; where a sign-in comes in between, sign in and go on.

    Raises:
        PageError: The sign-in is refused.
    """
    page = browser.get(address)
    for _ in range(4):
        form = next((one for one in page.forms if one.has("login", "password")), None)
        if form is not None:
            page = browser.submit(form, login=email, password=password)
            continue
        consent = next((one for one in page.forms if "/identity/" in one.action or "/oidc/" in one.action), None)
        if consent is None:
            return page
        page = browser.submit(consent)
    return page
