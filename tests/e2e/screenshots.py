"""Pictures of every page, light, dark and on a phone, into build/screenshots; says where axe-core finds faults.

`make screenshots`, or `python -m tests.e2e.screenshots [folder]`. Ends with 1 when a page has a grave fault.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from seatkeep_bench.fleet import FleetPlan

from . import journey as steps
from .chain import chain_open, chain_places
from .conftest import CHROMIUM, CHROMIUM_FLAGS, ROOT, stack_make
from .journey import OWNER, Journey
from .pages import PHONE_WIDTH, grave_faults, is_too_wide, places
from .prepared import simulation
from .waiting import wait_until
from .walking import Person

CUSTOMERS = ("Bakery Brandt", "Dental Practice Dahl", "Law Office Lund")
DESK = {"width": 1366, "height": 850}
PHONE = {"width": PHONE_WIDTH, "height": 740}
MODES = (("light", "light", DESK), ("dark", "dark", DESK), ("phone", "light", PHONE))
NEIGHBORS = 14
TALLEST = 4_000
STATUS_MESSAGE = re.compile(r"the server responded with a status of 4\d\d")
"""What the browser says of a page that is refused or not there; whether that is right is what the page shows."""
README_LIMIT_BYTES = 300_000
README_PAGES = {"console-problems": "/", "console": "/dashboard/", "console-computers": "/computers/"}
"""Pictures for the README, by their names in docs/images, with the console's pages."""


@dataclass
class Camera:
    """Takes three pictures of what a page shows.

    Attributes:
        page: The browser's page.
        folder: Where the pictures go.
        faults: What was found, one line each.
    """

    page: Page
    folder: Path
    faults: list[str] = field(default_factory=list)
    taken: int = 0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.emulate_media(reduced_motion="reduce")  # A color on its way is neither the old nor the new one.
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def shoot(self, name: str) -> None:
        """Take the page as it is, in each mode."""
        for mode, scheme, size in MODES:
            self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            self._resize(size["width"], size["height"])
            self._judge(f"{name}-{mode}")
            height = int(self.page.evaluate("document.documentElement.scrollHeight"))
            self._resize(size["width"], min(max(size["height"], height), TALLEST))
            self.page.screenshot(path=self.folder / f"{name}-{mode}.png")
            self.taken += 1
        self.faults += [f"{name}: the browser says: {text}" for text in self.said]
        self.said.clear()
        self.page.emulate_media(color_scheme="light")
        self._resize(DESK["width"], DESK["height"])

    def open(self, name: str, address: str) -> None:
        """Go to an address and take it."""
        self.page.goto(address, wait_until="load")
        self.shoot(name)

    def _resize(self, width: int, height: int) -> None:
        """Change the window and let the page draw itself anew."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not STATUS_MESSAGE.search(message.text):
            self.said.append(message.text)

    def _judge(self, name: str) -> None:
        faults = grave_faults(self.page)
        faults += ["wider than the screen"] if is_too_wide(self.page) else []
        self.faults += [f"{name}: {fault}" for fault in faults]


def wizard_shoot(journey: Journey, camera: Camera) -> None:
    """The pages that only a first run shows."""
    page = journey.page
    camera.open("licensing-setup-account", journey.stack.setup_link)
    steps.wizard_walk(journey, at_step=lambda step: camera.shoot(f"licensing-setup-{step}"))
    steps.wizard_finish(journey)
    page.get_by_role("link", name="Open the console").click()
    camera.shoot("console-sign-in")
    page.get_by_role("button", name="Sign in with Licensing").click()
    page.wait_for_url(f"{journey.stack.console}/")
    camera.shoot("console-problems-first-day")


def scene_set(journey: Journey) -> None:
    """Customers, computers, a find, a policy, somebody who waits: something on every page."""
    for name in CUSTOMERS:
        steps.customer_add(journey, name)
    journey.reload_until("the customers", "/customers/", CUSTOMERS[-1], seconds=30)
    command = journey.facts["command"] = steps.customer_set_up(journey, CUSTOMERS[0], "Office\nShop")
    till = journey.computer("till")
    assert till.install(command) == 0, till.said
    _policy_make(journey, CUSTOMERS[0])
    path = till.drop_eicar()
    steps.scan_order(journey, till.uid(), path.parent)
    wait_until("the find", lambda: not path.exists(), 60)
    command = steps.customer_set_up(journey, CUSTOMERS[1], "")
    journey.page.goto(journey.facts[f"installer {CUSTOMERS[1]}"])
    journey.person.act("Revoke…", "Revoke")
    journey.page.wait_for_url(f"{journey.stack.console}/installers/")
    journey.computer("reception").install(command)
    journey.page.goto(f"{journey.facts[f'hub {CUSTOMERS[0]}']}usage/")
    journey.page.get_by_role("button", name="Count today now").click()
    journey.reload_until("the problem", "/", "Detection not handled", seconds=20)


def _policy_make(journey: Journey, customer: str) -> None:
    page = journey.console("/policies/new/?product=endpoint")
    page.get_by_label("Name", exact=True).fill("Quiet hours")
    page.locator("[name=scan__exclusions]").fill("/srv/archive/**")
    page.locator("[name='scan__exclusions--flag']").select_option("APPLY")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Assign…").click()
    group = page.locator("#dialog-body [name=group]")
    group.select_option(group.locator("option").filter(has_text=customer).first.get_attribute("value"))
    page.locator("#dialog-body").get_by_role("button", name="Assign").click()
    page.get_by_role("link", name="Take off…").wait_for()


def _neighbors(journey: Journey) -> FleetPlan:
    """Simulated computers of the first customer, so that lists are lists."""
    key = re.search(r"SEATKEEP_KEY=(\S+)", journey.facts["command"])
    assert key is not None
    stack = journey.stack
    return FleetPlan(
        console_url=f"https://console.localhost:{stack.https_port}", key=key[1], folder=journey.folder / "fleet",
        devices=NEIGHBORS, seed="nord", server_share=0.2, ca_file=stack.data / "ca/root.crt", heartbeat_seconds=5.0,
    )  # fmt: skip


def everything_shoot(journey: Journey, camera: Camera) -> None:
    """Every page, then drawers and dialogs."""
    for place in places(journey):
        camera.open(f"{place.site}-{place.name}", place.address)
        if not place.is_mode_neutral:
            camera.faults += [f"{place.name}: says {word}" for word in journey.forbidden_words()]
    page = journey.console("/computers/")
    page.locator(".tbl-table tbody a[data-drawer]").first.click()
    page.get_by_role("dialog").get_by_role("link", name="Open as a page").wait_for()
    camera.shoot("console-computers-drawer")
    page.goto(f"{journey.stack.licensing}/seats/")
    page.locator(".tbl-table tbody").get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Stop protecting…").click()
    page.locator("#dialog-body .confirm-count").wait_for()
    camera.shoot("licensing-seats-dialog")
    page.goto(f"{journey.stack.licensing}/")
    page.keyboard.press("?")
    camera.shoot("licensing-keys")


def sign_in_shoot(journey: Journey, camera: Camera) -> None:
    """What somebody unknown sees; the owner is signed out by it."""
    journey.page.context.clear_cookies()
    camera.open("licensing-sign-in", f"{journey.stack.licensing}/accounts/login/")


def readme_pictures(journey: Journey, folder: Path) -> None:
    """Both sites with data, for docs/images; somebody looks at them and copies them there."""
    folder.mkdir()
    pages = {name: journey.stack.console + path for name, path in README_PAGES.items()}
    for name, address in {**pages, "licensing-dashboard": f"{journey.stack.licensing}/"}.items():
        journey.go(address)
        journey.page.wait_for_load_state("networkidle")
        target = folder / f"{name}.png"
        journey.page.screenshot(path=target)
        assert target.stat().st_size < README_LIMIT_BYTES, target


def one_msp_shoot(browser: Browser, folder: Path) -> Camera:
    """One MSP: first run, every page, drawers, dialogs, pictures for the README."""
    with journey_open(browser) as journey:
        camera = Camera(journey.page, folder)
        wizard_shoot(journey, camera)
        scene_set(journey)
        with simulation(_neighbors(journey)) as fleet:
            fleet.start(NEIGHBORS)
            everything_shoot(journey, camera)
            readme_pictures(journey, folder / "readme")
            sign_in_shoot(journey, camera)
    return camera


def chain_shoot(browser: Browser, folder: Path) -> list[Camera]:
    """The whole chain, as each of its people sees it."""
    with tempfile.TemporaryDirectory() as rest, chain_open(browser, Path(rest)) as walk:
        cameras = {email: Camera(person.page, folder) for email, person in walk.people.items()}
        for email, place in chain_places(walk):
            cameras[email].open(f"chain-{email.partition('@')[0]}-{place.site}-{place.name}", place.address)
    return list(cameras.values())


@contextmanager
def journey_open(browser: Browser) -> Iterator[Journey]:
    """A fresh installation and its owner; everything ends with the block."""
    stack = stack_make()
    context = browser.new_context(viewport={"width": DESK["width"], "height": DESK["height"]})
    context.set_default_timeout(30_000)
    journey = Journey(stack, Person(OWNER, context.new_page()))
    try:
        stack.up()
        yield journey
    finally:
        journey.stop()
        context.close()
        stack.down()
        shutil.rmtree(stack.data, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Take all pictures; returns the exit code."""
    folder = Path(arguments[0]) if arguments else ROOT / "build/screenshots"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begun = time.monotonic()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        cameras = [one_msp_shoot(browser, folder), *chain_shoot(browser, folder)]
        browser.close()
    faults = [fault for camera in cameras for fault in camera.faults]
    print(f"{sum(camera.taken for camera in cameras)} pictures in {folder}, {time.monotonic() - begun:.0f} s")
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
