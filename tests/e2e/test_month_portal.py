"""An MSP's month over the portal, in a browser, on a stack whose clock the test moves; amounts to the cent."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from seatkeep_bench.provision import OWNER

from .conftest import stack_make
from .months import Month, month_begin
from .pages import PHONE_WIDTH, grave_faults, is_too_wide
from .walking import fill

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

CUSTOMER = "Bakery Brandt"
LICENSE_PAGE = re.compile(r"/licenses/[0-9a-f-]{36}/$")


@pytest.fixture(scope="module")
def month() -> Iterator[Month]:
    """A stack whose clock can be moved."""
    stack = stack_make(SEATKEEP_TEST_CLOCK="1")
    try:
        stack.up()
        with month_begin(stack) as one:
            yield one
    finally:
        stack.down()
        shutil.rmtree(stack.data, ignore_errors=True)


class Desk:
    """The owner at the portal."""

    def __init__(self, month: Month, page: Page) -> None:
        self.month, self.page = month, page

    def open(self, path: str) -> Page:
        """Open a page of Licensing."""
        self.page.goto(path if path.startswith("http") else self.month.stack.licensing + path)
        return self.page

    def submit(self, path: str, button: str, **fields: str) -> Page:
        """Fill a form by the names of its fields, press its button and wait for the page behind it."""
        main = self.open(path).locator("main")
        form = self.page.url
        for name, value in fields.items():
            fill(main.locator(f"[name='{name}']"), value)
        main.get_by_role("button", name=button, exact=True).click()
        expect(self.page).not_to_have_url(form)
        return self.page

    def sign_in(self) -> None:
        """A session may have ended while the clock jumped."""
        self.open("/")
        if not self.page.locator("[name=password]").count():
            return
        self.page.locator("[name=login]").fill(OWNER)
        self.page.locator("[name=password]").fill(self.month.password)
        self.page.locator("main").get_by_role("button", name="Sign in", exact=True).first.click()
        expect(self.page.locator("[name=password]")).to_have_count(0)


def test_a_month_of_an_msp(month: Month, page: Page) -> None:
    desk = Desk(month, page)
    month.clock(1, 1)
    desk.sign_in()
    customer = onboard(desk)
    own = order(desk, customer)
    shared = month.api("GET", own[own.index("/licenses") :].rstrip("/"))
    bakery = customer.rstrip("/").rpartition("/")[2]
    month.activate(bakery, shared["public_id"], "till", "oven")
    month.clock(1, 11)
    desk.sign_in()
    desk.submit(f"{own}seats/", "Change seats", quantity="3")
    month.activate(bakery, shared["public_id"], "shop")
    trial(desk)
    suspend(desk, own)
    month.clock(2, 1)
    desk.sign_in()
    line = close(desk)
    correct(desk, line)
    off_board(desk, customer)
    journal(desk)


def onboard(desk: Desk) -> str:
    """A customer with prices of its own; returns its page."""
    page = desk.submit("/companies/new/", "Create", name=CUSTOMER)
    expect(page.get_by_role("heading", level=1)).to_have_text(CUSTOMER)
    customer = page.url
    uid = customer.rstrip("/").rpartition("/")[2]
    prices = {"price_endpoint-workstation": "3.10", "price_endpoint-server": "9.30"}
    desk.submit(f"/prices/new/?buyer={uid}", "Save", basis="IN_USE_DAYS", **prices)
    expect(page.locator(".tbl")).to_contain_text(CUSTOMER)
    return customer


def order(desk: Desk, customer: str) -> str:
    """Two seats that are not exceeded, shared with the customer; returns the license's page."""
    page = desk.submit("/licenses/order/", "Order", **{"units_endpoint-protection": "2", "overuse": "BLOCK"})
    expect(page).to_have_url(LICENSE_PAGE)
    own, public_id = page.url, page.get_by_role("heading", level=1).inner_text()
    desk.open(f"{customer}agreement/")
    option = page.locator("[name=license] option").filter(has_text=public_id)
    page.locator("[name=license]").select_option(option.get_attribute("value"))
    page.locator("[name=product_code]").select_option("endpoint-workstation")
    page.get_by_role("radio", name="Flexible").check()
    page.get_by_role("button", name="Set agreement").click()
    expect(page).to_have_url(customer)
    return own


def trial(desk: Desk) -> None:
    """A trial is converted to four seats."""
    page = desk.submit("/licenses/order/", "Order", **{"units_endpoint-advanced": "2", "kind": "TRIAL"})
    expect(page).to_have_url(LICENSE_PAGE)
    expect(page.locator("main")).to_contain_text("Trial")
    desk.submit(f"{page.url}trial/convert/", "Convert", quantity="4")
    expect(page).to_have_url(LICENSE_PAGE)
    expect(page.get_by_role("link", name="Convert…")).to_have_count(0)


def suspend(desk: Desk, own: str) -> None:
    """Suspended and taken back."""
    page = desk.submit(f"{own}suspend/", "Suspend")
    expect(page.locator("main")).to_contain_text("Suspended")
    desk.submit(f"{own}suspend/", "Take back")
    expect(page.get_by_role("link", name="Suspend…")).to_be_visible()


def close(desk: Desk) -> str:
    """January: two computers for 31 days and one for 21 at 10 cents a day; returns the page of the line."""
    page = desk.open("/statements/")
    page.locator(".tbl-table tbody tr").filter(has_text=CUSTOMER).filter(has_text="January").get_by_role(
        "link"
    ).first.click()
    expect(page.locator("main")).to_contain_text("8.30")
    link = page.locator(".tbl-table tbody a.row-link").first.get_attribute("href") or ""
    statement = page.url
    desk.submit(f"{statement}close/", "Close the month")
    expect(page.locator("main")).to_contain_text("Closed")
    desk.open(link)
    for device in ("till", "oven", "shop"):
        expect(page.locator("main")).to_contain_text(device)
    with page.expect_download() as download:
        page.get_by_role("link", name="Seat record as CSV").click()
    assert download.value.path().read_text(encoding="utf-8-sig").count("\n") == 4
    return link


def correct(desk: Desk, line: str) -> None:
    """The correction stands in the open month."""
    page = desk.submit(f"{line}correct/", "Add the correction", amount="-1.90", reason="the shop's computer is ours")
    expect(page.locator("main")).to_contain_text("-1.90")


def off_board(desk: Desk, customer: str) -> None:
    """The customer leaves; its three seats come back."""
    page = desk.submit(f"{customer}off-board/", "Off-board")
    expect(page.locator("main")).to_contain_text("3 of 3", timeout=60_000)
    rows = desk.open(f"{customer}seats/").locator(".tbl-table tbody tr")
    expect(rows.filter(has_text="In use")).to_have_count(0)


def journal(desk: Desk) -> None:
    """The month's acts stand in the audit log."""
    noted = {one["action"] for one in desk.month.items("/audit?limit=1000") if one["actor"] == OWNER}
    assert noted >= {
        "company:create", "license:order", "license:quantity", "license:suspend", "statement:close",
        "statement:correct", "company:offboard",
    }  # fmt: skip


PAGES = (
    "/statements/", "/statements/corrections/", "/statements/settings/", "/prices/", "/prices/new/", "/requests/",
    "/seats/silent/", "/seats/questions/", "/users/roles/", "/audit/",
)  # fmt: skip


@pytest.mark.parametrize("width", [1366, PHONE_WIDTH], ids=["desk", "phone"])
def test_pages_of_the_month_are_good_to_read(month: Month, page: Page, width: int) -> None:
    desk, faults = Desk(month, page), dict[str, object]()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if width == PHONE_WIDTH else "light")
    for path in PAGES:
        desk.open(path)
        found = [*grave_faults(page), *(["too wide"] if is_too_wide(page) else [])]
        faults |= {path: found} if found else {}
    assert faults == {}
