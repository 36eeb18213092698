"""Every page in a real browser: nothing that the content policy refuses, no script error, nothing wider than a phone.

With SEATKEEP_SCREENSHOTS=folder it also takes the pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect, sync_playwright
from seatkeep_manager.tasks.enums import RunState
from seatkeep_manager.tasks.models import TaskRun
from seatkeep_webkit.clock import now
from test_pages import OBJECT_PAGES

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PAGES = [
    "problems", "dashboard", "computers", "customers", "approvals", "detections", "quarantine", "tasks", "policies",
    "software", "rules",
    "policy-new", "group-templates", "group-template-new", "installers", "licenses", "link", "audit", "settings",
    "users", "permission-sets", "permission-set-new", "api-clients", "user-invite",
]  # fmt: skip
OBJECTS = ["device", "customer", "customer-setup", "installer", "policy", "policy-edit", "task", "detection", "license"]
OBJECTS += ["user", "user-why", "user-leave", "permission-set"]
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("There is no Chromium on this machine.")
    # The browser's loop makes Django think that this thread is asynchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield made
        made.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def short_connections() -> Iterator[None]:
    """The live server's threads must not hold the test database when it is dropped."""
    kept = connections["default"].settings_dict["CONN_MAX_AGE"]
    connections.databases["default"]["CONN_MAX_AGE"] = 0
    yield
    connections.databases["default"]["CONN_MAX_AGE"] = kept


@pytest.fixture
def session(cast: Any, settings: Any) -> str:
    """The owner's session; made before the browser runs, whose loop would open a second database connection."""
    client = Client()
    client.force_login(cast.alice)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def urls(cast: Any) -> dict[str, str]:
    found = {name: reverse(f"console:{name}") for name in PAGES}
    found |= {name: reverse(f"console:{name}", args=[getattr(cast, OBJECT_PAGES[name]).uid]) for name in OBJECTS}
    found["device-policies"] = found["device"] + "?tab=policies"
    found["install-link"] = "/i/#sk-key_12345678"
    return found


def test_every_page_in_a_browser(
    short_connections: None, live_server: Any, session: str, urls: dict[str, str], browser: Browser, settings: Any
) -> None:
    context = browser.new_context(viewport={"width": 1360, "height": 850})
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    wide = [name for name, url in urls.items() if is_wide(page, name, live_server.url + url)]

    assert complaints == []
    assert wide == []


@pytest.fixture
def page(short_connections: None, live_server: Any, session: str, browser: Browser, settings: Any) -> Iterator[Page]:
    """The owner's browser."""
    context = browser.new_context(viewport={"width": 1360, "height": 850})
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def test_the_keys_walk_tick_and_open_rows(live_server: Any, page: Page) -> None:
    page.goto(live_server.url + reverse("console:computers"))
    page.keyboard.press("j")
    first = page.locator(".row-link").first
    expect(first).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("row").nth(1).get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_hidden()


def test_an_installer_follows_what_is_chosen(live_server: Any, page: Page, cast: Any) -> None:
    page.goto(live_server.url + reverse("console:installer", args=[cast.token.uid]) + "?system=windows")
    command = page.locator("#installer-kit .copy-box code").first
    expect(command).to_contain_text("install/windows.ps1")

    page.get_by_label("Proxy").fill("http://proxy:3128")
    page.get_by_label("Proxy").press("Tab")
    expect(command).to_contain_text("-Proxy 'http://proxy:3128'")
    page.get_by_role("navigation", name="System").get_by_role("link", name="Linux").click()
    expect(command).to_contain_text("SEATKEEP_PROXY=http://proxy:3128 sh")

    assert "system=linux" in page.url
    assert cast.token.secret not in page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Install", exact=True).click()
    assert download.value.suggested_filename == "seatkeep-install.sh"


def test_the_table_of_a_task_follows_its_end(live_server: Any, page: Page, cast: Any) -> None:
    page.goto(live_server.url + reverse("console:task", args=[cast.task.uid]))
    expect(page.get_by_role("link", name="Cancel task")).to_be_visible()
    expect(page.locator(".tbl-table tbody")).not_to_contain_text("Done")

    with ThreadPoolExecutor(1) as aside:
        aside.submit(task_finish, cast.task.pk).result()

    expect(page.locator(".tbl-table tbody")).to_contain_text("Done", timeout=15_000)
    expect(page.get_by_role("link", name="Cancel task")).to_have_count(0)
    expect(page.locator("#task-live")).to_contain_text("1 of 1")


def task_finish(task_id: int) -> None:
    """End all runs, on a thread of its own: beside the browser's loop Django would open a second connection."""
    TaskRun.objects.filter(task=task_id).update(state=RunState.FINISHED, progress=100, finished_at=now())
    connections.close_all()


def is_wide(page: Any, name: str, url: str) -> bool:
    """Open a page, then look whether it fits a phone."""
    page.set_viewport_size({"width": 1360, "height": 850})
    page.goto(url)
    page.wait_for_timeout(150)
    picture(page, name)
    page.set_viewport_size({"width": 360, "height": 740})
    picture(page, f"{name}-phone")
    return bool(page.evaluate("document.documentElement.scrollWidth") > 361)


def picture(page: Any, name: str) -> None:
    """Take a picture where a folder was given."""
    if folder := os.environ.get("SEATKEEP_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
