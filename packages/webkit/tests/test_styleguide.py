"""The components in a real browser: accessible, within the policy, usable by keyboard."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from .conftest import make_computers

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
GUIDE = "/webkit/styleguide/"
TABLE = f"{GUIDE}computers/"

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests here."""
    # Playwright keeps an event loop in this thread; Django would refuse every query for it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def _is_complaint(line: ConsoleMessage) -> bool:
    # htmx also calls it an error that a newer search replaced one on its way, which is wanted.
    return line.type == "error" and not line.text.startswith(("htmx:afterRequest", "htmx:sendAbort"))


@pytest.fixture
def tab(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A tab that fails its test when the page says an error (a policy violation is one)."""
    make_computers(120)
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(f"{line.text} {line.location}") if _is_complaint(line) else None)
    yield page
    context.close()
    assert complaints == []


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", [GUIDE, TABLE, f"{GUIDE}wizard/", "/accounts/login/"])
def test_axe_finds_nothing_serious(tab: Page, path: str, theme: str, width: int) -> None:
    tab.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # the literals of the parametrization
    tab.set_viewport_size({"width": width, "height": 760})
    answer = tab.goto(path)
    assert answer is not None
    assert answer.ok
    tab.wait_for_load_state("networkidle") if path != GUIDE else tab.wait_for_timeout(300)
    found = Axe().run(tab).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_row_opens_the_drawer_and_escape_gives_the_focus_back(tab: Page) -> None:
    tab.goto(TABLE)
    tab.locator("tbody tr").nth(2).locator("td").nth(2).click()
    tab.locator("#drawer-title", has_text="pc-0002").wait_for()
    tab.keyboard.press("Escape")
    assert tab.locator("#drawer").is_hidden()
    assert tab.evaluate("document.activeElement.textContent") == "pc-0002"


def test_all_that_match_can_be_selected_and_removed(tab: Page) -> None:
    tab.goto(f"{TABLE}?state=PROTECTED&state=SCAN_ONLY")
    tab.get_by_label("Select all rows of this page").check()
    tab.get_by_role("button", name="Select all 80 that match").click()
    tab.get_by_role("button", name="Remove…").click()
    dialog = tab.get_by_role("dialog", name="Remove computers")
    assert "80 are affected" in dialog.inner_text()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    tab.get_by_text("80 removed.").wait_for()
    assert tab.locator(".tbl-count").inner_text() == "40 rows"


def test_searching_and_filtering_live_in_the_address(tab: Page) -> None:
    tab.goto(TABLE)
    tab.get_by_label("Search this list").fill("0007")
    tab.locator(".tbl-count", has_text="1 row").wait_for()
    assert "q=0007" in tab.url
    tab.get_by_role("link", name="Clear", exact=True).click()
    tab.locator(".tbl-count", has_text="120 rows").wait_for()
    tab.locator("summary", has_text="Protection").click()
    tab.get_by_label("Scan only").check()
    tab.locator(".tbl-count", has_text="40 rows").wait_for()
    assert "state=SCAN_ONLY" in tab.url


def test_a_field_of_one_choice_shows_with_that_choice(tab: Page) -> None:
    tab.goto(GUIDE)
    form = tab.locator("form", has=tab.get_by_label("Refuse above")).first
    assert not form.get_by_label("Refuse above").is_visible()
    form.get_by_label("Block").check()
    form.get_by_label("Refuse above").wait_for()
    form.get_by_label("Allow and alert").check()
    assert not form.get_by_label("Refuse above").is_visible()


def test_slash_focuses_the_search_and_finds(tab: Page) -> None:
    tab.goto(TABLE)
    tab.keyboard.press("/")
    tab.keyboard.type("pc-0011")
    tab.locator("#search-results a", has_text="pc-0011").wait_for()
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.textContent").startswith("pc-0011")


def test_progress_runs_to_its_end_by_itself(tab: Page) -> None:
    tab.goto(GUIDE)
    tab.locator(".work-finished", has_text="Synchronizing").wait_for(timeout=15_000)


def test_the_theme_changes_at_once(tab: Page) -> None:
    tab.goto(TABLE)
    tab.get_by_role("button", name="Dark theme").click()
    assert tab.locator("html").get_attribute("data-bs-theme") == "dark"


def test_the_list_reads_without_scripts(browser: Browser, live_server: LiveServer) -> None:
    make_computers(60)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(TABLE)
    page.get_by_role("link", name="Next").click()
    page.locator("td a", has_text="pc-0055").click()
    assert page.locator("h1").inner_text() == "pc-0055"
    context.close()
