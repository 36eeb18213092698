"""Every page of both sites, as the owner of one MSP finds them, and what makes a page pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from .journey import Journey

PHONE_WIDTH = 360
GRAVE = ("serious", "critical")
FIRST_ROW = ".tbl-table tbody a.row-link"


@dataclass(frozen=True)
class Place:
    """One page.

    Attributes:
        site: `licensing` or `console`.
        name: What its pictures are called.
        address: Absolute.
        is_mode_neutral: Whether it may name other kinds of use (pages that one MSP finds only by typing an address).
    """

    site: str
    name: str
    address: str
    is_mode_neutral: bool = False


LICENSING = {
    "dashboard": "/", "customers": "/companies/", "customer-new": "/companies/new/", "licenses": "/licenses/",
    "imports": "/imports/", "import-new": "/imports/new/",
    "license-order": "/licenses/order/", "seats": "/seats/", "usage": "/usage/", "users": "/users/",
    "user-invite": "/users/invite/", "consoles": "/consoles/", "audit": "/audit/", "settings": "/settings/",
    "alerts": "/alerts/", "catalog": "/catalog/", "catalog-products": "/catalog/products/",
    "token-new": "/settings/tokens/new/", "recovery-kit": "/welcome/kit/", "ready": "/welcome/",
    "second-factor": "/accounts/2fa/", "password": "/accounts/password/change/", "search": "/search/?q=Bakery",
    "link": "/link/", "not-found": "/nothing-here/", "preferences": "/me/", "audit-none": "/audit/?q=zzzz",
}  # fmt: skip
LICENSING_ROWS = {"license": "/licenses/", "seat": "/seats/", "user": "/users/", "linked-console": "/consoles/"}
LICENSING_BELOW = {
    "license-seats": ("license", "seats/"), "license-suspend": ("license", "suspend/"), "seat-stop": ("seat", "stop/"),
    "seat-name": ("seat", "name/"), "license-key": ("license", "key/"), "console-revoke": ("linked-console", "revoke/"),
}  # fmt: skip
CUSTOMER_TABS = {
    "customer": "", "customer-licenses": "licenses/", "customer-seats": "seats/", "customer-usage": "usage/",
    "customer-people": "people/", "customer-audit": "audit/", "customer-agreement": "agreement/",
    "customer-suspend": "suspend/", "customer-name": "name/", "customer-off-board": "off-board/",
}  # fmt: skip
CONSOLE = {
    "problems": "/", "dashboard": "/dashboard/", "computers": "/computers/", "customers": "/customers/",
    "approvals": "/approvals/", "detections": "/detections/", "quarantine": "/quarantine/", "tasks": "/tasks/",
    "policies": "/policies/", "policy-new": "/policies/new/?product=endpoint",
    "policies-deleted": "/policies/bin/", "policies-import": "/policies/import/", "installers": "/installers/",
    "installer-new": "/installers/new/", "licenses": "/licenses/", "link": "/link/", "audit": "/audit/",
    "settings": "/settings/", "templates": "/customers/templates/", "template-new": "/customers/templates/new/",
    "setups": "/customers/set-ups/", "install-link": "/i/",
    "search": "/search/?q=till", "not-found": "/nothing-here/", "preferences": "/me/",
    "api-tokens": "/settings/api-tokens/", "api-token-new": "/settings/api-tokens/new/",
    "computers-none": "/computers/?q=zzzz", "problems-snoozed": "/?snoozed=1",
}  # fmt: skip
CONSOLE_ROWS = {
    "computer": "/computers/", "customer": "/customers/", "detection": "/detections/",
    "quarantine-item": "/quarantine/", "task": "/tasks/", "policy": "/policies/", "installer": "/installers/",
    "license": "/licenses/",
}  # fmt: skip
CONSOLE_BELOW = {
    "computer-detections": ("computer", "?tab=detections"), "computer-tasks": ("computer", "?tab=tasks"),
    "computer-policies": ("computer", "?tab=policies"), "computer-inventory": ("computer", "?tab=inventory"),
    "computer-license": ("computer", "?tab=license"), "computer-logs": ("computer", "?tab=logs"),
    "computer-scan": ("computer", "scan/"), "computer-stop": ("computer", "stop/"),
    "computer-change-license": ("computer", "license/"),
    "policy-delete": ("policy", "delete/"), "customer-ready": ("customer", "ready/"),
    "customer-setup": ("customer", "setup/"),
    "customer-off-board": ("customer", "offboard/"), "policy-edit": ("policy", "edit/"),
    "policy-assign": ("policy", "assign/"), "policy-versions": ("policy", "?tab=versions"),
    "policy-try": ("policy", "preview/"), "policy-duplicate": ("policy", "duplicate/"),
    "installer-revoke": ("installer", "revoke/"),
}  # fmt: skip


def places(journey: Journey, customer: str) -> Iterator[Place]:
    """Every page there is to see, with those of one customer and of the first row of each list."""
    hub, console = journey.stack.licensing, journey.stack.console
    yield from _of_site(journey.page, "licensing", hub, LICENSING, LICENSING_ROWS, LICENSING_BELOW)
    below = journey.facts[f"hub {customer}"]
    yield from (Place("licensing", name, below + tab) for name, tab in CUSTOMER_TABS.items())
    yield Place("licensing", "security-admins", f"{hub}/security-admins/", is_mode_neutral=True)
    yield from _of_site(journey.page, "console", console, CONSOLE, CONSOLE_ROWS, CONSOLE_BELOW)


def _of_site(
    page: Page, site: str, base: str, fixed: dict[str, str], rows: dict[str, str], below: dict[str, tuple[str, str]]
) -> Iterator[Place]:
    yield from (Place(site, name, base + path) for name, path in fixed.items())
    found: dict[str, str] = {}
    for name, path in rows.items():
        page.goto(base + path)
        link = page.locator(FIRST_ROW).first
        if link.count():
            found[name] = base + (link.get_attribute("href") or "")
            yield Place(site, name, found[name])
    yield from (Place(site, name, found[of] + path) for name, (of, path) in below.items() if of in found)


def grave_faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical, each with the first element that it means."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['target'][0]}" for one in found if one["impact"] in GRAVE]


def is_too_wide(page: Page) -> bool:
    """Whether the page has to be pushed sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
