"""What the one-MSP journey needs: a person at two sites, computers below folders, and words that never show."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Locator, Page, expect
from seatkeep_launcher.demo.device import device_processes, device_stop

from .conftest import Stack
from .waiting import wait_until
from .walking import Person

OWNER = "nora@nord-it.example"
OWNER_NAME = "Nora Nord"
PASSWORD = "a calm sentence about harbors"  # of a person who lives for one test
COMPANY = "Nord IT"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""Harmless by agreement; every engine finds it (EICAR Anti-Malware Testfile)."""
FORBIDDEN_WORDS = re.compile(r"distributor|security admin", re.IGNORECASE)
PROGRESS = ["Downloaded", "Installed", "Enrolled", "Activated", "Protected"]
GO_ATTEMPTS = 3
ENROLLED = re.compile(r"enrolled as device ([0-9a-f-]{36})")


def totp_code(secret: str, at: float) -> str:
    """What an authenticator app shows for a base32 secret at a time (RFC 6238: SHA-1, 30 s, six digits)."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.digest(key, struct.pack(">Q", int(at) // 30), hashlib.sha1)
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


@dataclass
class Computer:
    """Agent and endpoint below a folder, as on a machine of their own.

    Attributes:
        root: SEATKEEP_ROOT.
        lines: What the installer said, with the time of each line.
        uid: The device's id at the console, once enrolled.
    """

    root: Path
    lines: list[tuple[float, str]] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None
    _reader: threading.Thread | None = None

    def install_begin(self, command: str) -> None:
        """Run the command that a person copied, in a shell, and return at once."""
        self.root.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.root), "SEATKEEP_ROOT": str(self.root),
            "SEATKEEP_SERVICE": "none", "SEATKEEP_MACHINE_ID": os.urandom(16).hex(),
        }  # fmt: skip
        self._process = subprocess.Popen(
            ["sh", "-c", command], env=environment, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=[self._process], daemon=True)
        self._reader.start()

    def install_end(self, seconds: float = 90) -> int:
        """Wait for the installer; returns its exit code."""
        assert self._process is not None
        code = self._process.wait(seconds)
        assert self._reader is not None
        self._reader.join(5)
        return code

    def install(self, command: str) -> int:
        """Run the command to its end; returns its exit code."""
        self.install_begin(command)
        return self.install_end()

    @property
    def said(self) -> str:
        """Everything that the installer said."""
        return "".join(line for _, line in self.lines)

    @property
    def last_line(self) -> str:
        """The last thing that the installer said."""
        return self.lines[-1][1].strip() if self.lines else ""

    def uid(self) -> str:
        """The device's id, once enrolled."""
        found = ENROLLED.search(self.said)
        return found[1] if found else ""

    def enrolled_at(self) -> float:
        """When the installer said that it is enrolled; monotonic seconds."""
        return next(at for at, line in self.lines if ENROLLED.search(line))

    def has_setting(self, text: str) -> bool:
        """Whether the endpoint itself obeys a setting that names this text."""
        with closing(sqlite3.connect(f"file:{self.root}/var/endpoint.db?mode=ro", uri=True)) as store:
            found = store.execute("SELECT 1 FROM fact WHERE name = 'policy_settings' AND instr(value, ?) > 0", [
                text.encode()
            ]).fetchone()  # fmt: skip
        return found is not None

    @property
    def files(self) -> Path:
        """What its user keeps; outside the root, which the engine passes over."""
        return self.root.with_name(f"{self.root.name}-files")

    def drop_eicar(self) -> Path:
        """Lay the test file among the user's files."""
        path = self.files / "invoice.com"
        path.parent.mkdir(exist_ok=True)
        path.write_text(EICAR)
        return path

    def uninstall(self) -> subprocess.CompletedProcess[str]:
        """Remove the software as its owner would."""
        program = str(self.root / "bin/seatkeep-agent")
        return subprocess.run(
            [program, "uninstall", "--root", str(self.root)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def start(self) -> None:
        """Start what was stopped, as the machine does when it is switched on."""
        program = str(self.root / "bin/seatkeep-agent")
        self._process = subprocess.Popen(
            [program, "supervise", "--root", str(self.root)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def processes(self) -> list[int]:
        """Ids of what still runs."""
        return [process.pid for process in device_processes(self.root)]

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        for _ in range(3):  # A supervisor may have started another agent while it was told to end.
            device_stop(self.root)
            if not self.processes():
                break
        if self._process is not None:
            self._process.wait(5)
        if self._reader is not None:
            self._reader.join(5)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as said:
            for line in said:
                self.lines.append((time.monotonic(), line))


@dataclass
class Journey:
    """One MSP on its first day.

    Attributes:
        stack: What runs.
        person: The owner, with one browser for both sites.
        computers: By name; all end with the journey.
        facts: What an earlier step found out and a later one needs.
        measured: Seconds of what has a limit.
        visited: Every page that was read for words of other modes.
    """

    stack: Stack
    person: Person
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="seatkeep-journey-")))
    computers: dict[str, Computer] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    measured: dict[str, float] = field(default_factory=dict)
    visited: set[str] = field(default_factory=set)
    is_broken: bool = False

    @property
    def page(self) -> Page:
        """The browser's page."""
        return self.person.page

    @property
    def main(self) -> Locator:
        """What stands between navigation and foot."""
        return self.page.locator("main")

    def computer(self, name: str) -> Computer:
        """A computer by name, with a folder of its own."""
        return self.computers.setdefault(name, Computer(self.folder / name))

    def stop(self) -> None:
        """End every process of every computer, and remove what they left."""
        for computer in self.computers.values():
            computer.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def hub(self, path: str = "/") -> Page:
        """Open a page of Licensing and check its words."""
        return self._open(self.stack.licensing + path)

    def console(self, path: str = "/") -> Page:
        """Open a page of the console and check its words."""
        return self._open(self.stack.console + path)

    def check_words(self) -> None:
        """One MSP never reads of other kinds of use."""
        found = self.forbidden_words()
        assert not found, f"{self.page.url} says {found[0]}"
        self.visited.add(self.page.url)

    def forbidden_words(self) -> list[str]:
        """Words of other kinds of use on the page."""
        return [str(word) for word in FORBIDDEN_WORDS.findall(self.page.locator("body").inner_text())]

    def measure(self, name: str, seconds: float, limit: float) -> None:
        """Keep and judge how long something took."""
        self.measured[name] = seconds
        print(f"{name}: {seconds:.2f} s (limit {limit:.0f} s)")
        assert seconds <= limit, f"{name} took {seconds:.2f} s, limit {limit:.0f} s"

    def see(self, text: str, seconds: float = 10) -> None:
        """Expect a text in the page's main part."""
        expect(self.main).to_contain_text(text, timeout=seconds * 1_000)
        self.check_words()

    def reload_until(self, what: str, path: str, text: str, *, seconds: float, gone: bool = False) -> float:
        """Look at a page of the console again and again until it shows (or no longer shows) a text."""
        address = path if path.startswith("http") else self.stack.console + path

        def is_so() -> bool:
            self.go(address)
            return (text in self.main.inner_text()) is not gone

        return wait_until(what, is_so, seconds, every=0.05)

    def go(self, address: str) -> None:
        """Open an address, also while a confirmed dialog still takes the browser somewhere else."""
        for attempt in range(GO_ATTEMPTS):
            try:
                self.page.goto(address)
            except BrowserError:
                if attempt + 1 == GO_ATTEMPTS:
                    raise
                self.page.wait_for_load_state()
            else:
                return

    def _open(self, address: str) -> Page:
        self.go(address)
        self.check_words()
        return self.page


def wizard_walk(journey: Journey, at_step: Callable[[str], None] = lambda step: None) -> None:
    """The set-up wizard up to its summary, with a second factor; `at_step` is told each step that stands open."""
    page = journey.page
    page.goto(journey.stack.setup_link)
    page.get_by_label("Your name").fill(OWNER_NAME)
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Next").click()
    secret = page.locator("code").inner_text()
    at_step("factor")
    page.get_by_label("Code from the app").fill(totp_code(secret, time.time()))
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("One MSP", exact=True)).to_be_checked()
    at_step("use")
    page.get_by_label("Name of your company").fill(COMPANY)
    for heading in ("Public address", "Mail", "Please check"):
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        at_step(heading.lower().replace(" ", "-"))
    journey.facts["totp"] = secret


def wizard_finish(journey: Journey) -> None:
    """From the summary to the last page, with the recovery kit in hand."""
    page = journey.page
    page.get_by_role("button", name="Set up", exact=True).click()
    expect(page.get_by_role("heading", name="Recovery kit")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the recovery kit").click()
    journey.facts["kit"] = str(download.value.path())
    page.get_by_role("link", name=re.compile("^Continue")).click()
    expect(page.get_by_role("heading", name="Seatkeep is ready")).to_be_visible()


def console_enter(journey: Journey) -> None:
    """From the last page of the wizard into the console, without another password."""
    page = journey.page
    page.get_by_role("link", name="Open the console").click()
    page.get_by_role("button", name="Sign in with Licensing").click()
    expect(page).to_have_url(f"{journey.stack.console}/")


def customer_add(journey: Journey, name: str) -> None:
    """A new customer in Licensing."""
    page = journey.hub("/companies/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name, level=1, exact=True)).to_be_visible()
    journey.check_words()
    journey.facts[f"hub {name}"] = page.url


def customer_open(journey: Journey, name: str) -> None:
    """The page of a customer in the console."""
    page = journey.console("/customers/")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("dialog").get_by_role("link", name="Open as a page").click()
    expect(page.get_by_role("heading", name=name, level=1, exact=True)).to_be_visible()
    journey.check_words()
    journey.facts[f"console {name}"] = page.url


def customer_set_up(journey: Journey, name: str, groups: str) -> str:
    """Set-up on one page; returns the command that a person copies."""
    customer_open(journey, name)
    page = journey.page
    page.get_by_role("link", name="Set up", exact=True).click()
    page.get_by_label("Groups").fill(groups)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=f"Deployment key – {name}")).to_be_visible()
    page.get_by_role("navigation", name="System").get_by_role("link", name="Linux").click()
    page.wait_for_url("**system=linux*")
    expect(page.locator(".copy-box code").first).to_contain_text("linux.sh")
    journey.check_words()
    journey.facts[f"installer {name}"] = page.url
    return command_copy(page)


def command_copy(page: Page) -> str:
    """Press "Copy" and read the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").first.click()
    copied: str = page.evaluate("navigator.clipboard.readText()")
    return copied


def scan_order(journey: Journey, uid: str, folder: Path) -> None:
    """A scan task from the device page; the page of the task stands open afterwards."""
    page = journey.console(f"/computers/{uid}/")
    page.get_by_role("link", name="Scan…").click()
    journey.person.answer("Scan", targets=str(folder))
    expect(page).to_have_url(re.compile(r"/tasks/[0-9a-f-]{36}/"))
    journey.check_words()


def row_act(journey: Journey, row: str, button: str, confirm: str, **fields: str) -> None:
    """Select the table's row with this text, press a bulk action and answer its dialog."""
    page = journey.page
    page.get_by_role("row").filter(has_text=row).first.get_by_role("checkbox").check()
    page.get_by_role("button", name=button).click()
    journey.check_words()
    journey.person.answer(confirm, **fields)
