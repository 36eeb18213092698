"""Every page in a real browser: nothing that the policy of content refuses, no script error, nothing wider than a phone.

With SEATKEEP_SCREENSHOTS=folder it also takes the pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, sync_playwright
from test_pages import OBJECT_PAGES

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PAGES = {
    "problems": "problems", "dashboard": "dashboard", "computers": "computers", "customers": "customers",
    "approvals": "approvals", "detections": "detections", "quarantine": "quarantine", "tasks": "tasks",
    "policies": "policies", "policy-new": "policy-new", "installers": "installers", "licenses": "licenses",
    "link": "link", "audit": "audit", "settings": "settings",
}  # fmt: skip
OBJECTS = ["device", "customer", "customer-setup", "installer", "policy", "policy-edit", "task", "detection", "license"]
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


def test_every_page_in_a_browser(live_server: Any, cast: Any, browser: Browser, settings: Any) -> None:
    client = Client()
    client.force_login(cast.alice)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context = browser.new_context(viewport={"width": 1360, "height": 850})
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    urls = {name: reverse(f"console:{name}") for name in PAGES}
    urls |= {name: reverse(f"console:{name}", args=[getattr(cast, OBJECT_PAGES[name]).uid]) for name in OBJECTS}
    urls["device-policies"] = urls["device"] + "?tab=policies"
    urls["install-link"] = "/i/#sk-key_12345678"

    wide = []
    for name, url in urls.items():
        page.goto(live_server.url + url)
        page.wait_for_timeout(150)
        picture(page, name)
        page.set_viewport_size({"width": 360, "height": 740})
        if page.evaluate("document.documentElement.scrollWidth") > 361:
            wide.append(name)
        picture(page, f"{name}-phone")
        page.set_viewport_size({"width": 1360, "height": 850})

    assert complaints == []
    assert wide == []


def picture(page: Any, name: str) -> None:
    """Take a picture where a folder was given."""
    if folder := os.environ.get("SEATKEEP_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
