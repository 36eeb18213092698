"""An MSP's month by the API alone: onboard, order, grow, try, suspend, bill, correct, off-board; to the cent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from .conftest import stack_make
from .months import WORKSTATION, Month, month_begin

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def month() -> Iterator[Month]:
    """A stack whose clock stands in the first minutes of a January."""
    stack = stack_make(SEATKEEP_TEST_CLOCK="1")
    try:
        stack.up()
        with month_begin(stack) as one:
            yield one
    finally:
        stack.down()
        shutil.rmtree(stack.data, ignore_errors=True)


def test_a_month_of_an_msp(month: Month) -> None:
    month.clock(1, 1)
    bakery = onboard(month)
    shared = order_once(month)
    month.activate(bakery, shared["public_id"], "till", "oven")
    grow(month, bakery, shared)
    trial(month)
    suspend(month, shared)
    line = bill_january(month, bakery)
    correct(month, line)
    off_board(month, bakery)
    bill_february(month, bakery)
    journal(month)


def onboard(month: Month) -> str:
    """A customer with prices: 3.10 a seat and month, billed by days in use."""
    wanted = {"parent_id": month.msp, "kind": "CUSTOMER", "name": "Bakery Brandt", "custom_identifier": "K-1001"}
    bakery = str(month.call("POST", "/companies", wanted, status=201)["id"])
    month.call("POST", "/price-lists", {
        "seller_id": month.msp, "buyer_id": bakery, "valid_from_on": f"{month.year}-01-01", "currency": "EUR",
        "basis": "IN_USE_DAYS", "unit": "SEAT_MONTH", "prices": {WORKSTATION: [{"price_minor": 310}]},
    })  # fmt: skip
    return bakery


def order_once(month: Month) -> dict[str, str]:
    """The same order twice is one license; with another body its key is taken."""
    wanted = {"owner_id": month.msp, "bundle_code": "endpoint-protection", "quantity": 2, "overuse": "BLOCK"}
    made = month.call("POST", "/licenses", wanted, status=201, key="order-1")
    assert month.call("POST", "/licenses", wanted, status=201, key="order-1") == made
    month.call("POST", "/licenses", {**wanted, "quantity": 3}, status=409, key="order-1")
    bakery = next(one["id"] for one in month.items("/companies") if one["name"] == "Bakery Brandt")
    month.call("POST", f"/companies/{bakery}/orders", {
        "lines": [{"license_id": made["id"], "product": WORKSTATION, "mode": "FLEXIBLE"}]
    })  # fmt: skip
    return dict(made)


def grow(month: Month, bakery: str, shared: dict[str, str]) -> None:
    """On the 11th a third computer, and the seats for it."""
    month.clock(1, 11)
    with pytest.raises(AssertionError, match="no_seat_left"):
        month.activate(bakery, shared["public_id"], "shop")
    month.call("PUT", f"/licenses/{shared['id']}/seats", {"quantity": 3})
    month.activate(bakery, shared["public_id"], "shop")


def trial(month: Month) -> None:
    """A trial becomes a license of five seats."""
    wanted = {"owner_id": month.msp, "bundle_code": "endpoint-advanced", "quantity": 5, "kind": "TRIAL"}
    made = month.call("POST", "/licenses", wanted, status=201)
    assert made["expires_at"]
    converted = month.call("POST", f"/licenses/{made['id']}/trial/convert", {"quantity": 5})
    assert (converted["kind"], converted["quantity"], converted["expires_at"]) == ("MSP", 5, None)


def suspend(month: Month, shared: dict[str, str]) -> None:
    """From the 22nd to the 23rd nothing is billed, whatever is in use; the computers stay protected."""
    month.clock(1, 21)
    month.call("POST", f"/licenses/{shared['id']}/suspend", {"stops_billing": True})
    month.call("PUT", f"/licenses/{shared['id']}/seats", {"quantity": 9}, status=409)
    month.clock(1, 24)
    month.call("POST", f"/licenses/{shared['id']}/unsuspend")


def statement_of(month: Month, bakery: str, first: int) -> dict[str, object]:
    """The statement of a month, which is there by itself once the month is over."""
    found = month.items(f"/statements?company_id={bakery}&month_on={month.year}-{first:02}-01")
    assert len(found) == 1
    return dict(found[0])


def bill_january(month: Month, bakery: str) -> str:
    """Two computers for 31 days and one for 21, two days of them paused, 10 cents a day; the record shows them all."""
    month.clock(2, 1)
    draft = statement_of(month, bakery, 1)
    assert (draft["state"], draft["currency"], draft["total_minor"]) == ("DRAFT", "EUR", 770)
    line = next(one for one in month.items(f"/statements/{draft['id']}/lines") if one["product"] == WORKSTATION)
    assert (line["device_days"], line["amount_minor"]) == (83, 770)
    seats = month.items(f"/statement-lines/{line['id']}/seats")
    assert {one["device"]: one["days"] for one in seats} == {"till": 31, "oven": 31, "shop": 21}
    month.call("POST", f"/statements/{draft['id']}/close", {"total_minor": 771}, status=409)
    closed = month.call("POST", f"/statements/{draft['id']}/close", {"total_minor": 770})
    assert closed["state"] == "CLOSED"
    return str(line["id"])


def correct(month: Month, line: str) -> None:
    """The closed month stays; the correction is a line of February."""
    wanted = {"amount_minor": -190, "reason": "the shop's computer was ours"}
    made = month.call("POST", f"/statement-lines/{line}/corrections", wanted)
    assert (made["amount_minor"], made["corrects_id"]) == (-190, line)


def off_board(month: Month, bakery: str) -> None:
    """The customer leaves on 10 February; its seats come back."""
    month.clock(2, 10)
    day = f"{month.year}-02-10"
    asked = {"last_day": day, "protect_until": day, "bill_until": day}
    job = month.call("POST", f"/companies/{bakery}/offboard", asked, status=202)["job"]
    month.eventually("the off-boarding", lambda: month.call("GET", f"/jobs/{job}")["state"] == "FINISHED")
    assert [one for one in month.items("/seats") if one["company_id"] == bakery and one["state"] == "ACTIVE"] == []


def bill_february(month: Month, bakery: str) -> None:
    """Thirty device-days of 310/28 are 332.14, and 190 go off: 1.42."""
    month.clock(3, 1)
    draft = statement_of(month, bakery, 2)
    lines = {one["kind"]: one["amount_minor"] for one in month.items(f"/statements/{draft['id']}/lines")}
    assert lines == {"USAGE": 332, "CORRECTION": -190}
    assert draft["total_minor"] == 142
    month.call("POST", f"/statements/{draft['id']}/close", {"total_minor": 142})


def journal(month: Month) -> None:
    """Every act of the month stands in the audit log, under the name of the program that did it."""
    noted = {one["action"] for one in month.items("/audit?limit=1000") if one["actor"] == "API token PSA"}
    assert noted >= {
        "company:create", "license:order", "license:quantity", "license:suspend", "license:unsuspend",
        "statement:close", "statement:correct", "company:offboard",
    }  # fmt: skip
