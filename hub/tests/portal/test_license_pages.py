"""Pages of licenses and seats: each opens, acts, and is closed to siblings and readers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, PASSWORD, Cast
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.models import License, Seat
from seatkeep_hub.licensing.services import license_key_show, license_order
from seatkeep_hub.ordering.bulk import bulk_run
from seatkeep_hub.ordering.models import BulkRun, PlannedChange, TermsAcceptance
from seatkeep_hub.ordering.terms import terms_publish
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.models import FirstRun
from seatkeep_hub.upkeep.models import SeatQuestion, StaleRule
from seatkeep_webkit.clock import now as read_clock

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
TABS = ["", "devices/", "shares/", "history/"]
ACTS = ["seats/", "suspend/", "overuse/", "bundle/", "trial/extend/", "trial/convert/", "trial/remove/"]


@pytest.fixture(autouse=True)
def _set_up(cast: Cast) -> None:
    FirstRun.objects.create(
        mode=UseMode.DISTRIBUTOR, owner=cast.diana, company=cast.distributor, completed_at=NOW,
        public_address="http://licensing.localhost:8080",
    )  # fmt: skip


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def with_password(user: Any, *, is_fresh: bool) -> Client:
    """Who signed in long ago, and confirmed the password just now or not."""
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    client = browser(user)
    if is_fresh:
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def alice(cast: Cast) -> Client:
    return browser(cast.alice)


@pytest.fixture
def agreement(cast: Cast) -> Agreement:
    return agreement_set(
        actor=ACTOR, license=cast.license, product_code="endpoint-workstation", company=cast.customer, mode="FIXED",
        quantity=4, now=NOW,
    )  # fmt: skip


@pytest.fixture
def seat(cast: Cast, agreement: Agreement) -> Seat:
    from seatkeep_hub.licensing.activation import Device, Wish
    from seatkeep_hub.licensing.seats import seats_activate

    at = read_clock()
    wish = Wish(
        device=Device(fingerprint="pc", key=b"k" * 32, key_thumbprint="k" * 43, name="Reception"),
        product="endpoint-workstation", issued_at=at, jti="1", public_id=cast.license.public_id,
        company=cast.customer.uid,
    )  # fmt: skip
    seats_activate(wishes=[wish], actor=ACTOR, now=at)
    return Seat.objects.get()


def trial_of(cast: Cast) -> License:
    return license_order(
        actor=ACTOR, owner=cast.msp_a, bundle_code="endpoint-protection", kind=LicenseKind.TRIAL, quantity=5,
        now=read_clock(),
    )  # fmt: skip


@pytest.mark.parametrize("tab", [*TABS, *ACTS, "key/"])
def test_a_license_page_is_for_its_owner(cast: Cast, alice: Client, tab: str) -> None:
    path = f"/licenses/{cast.license.uid}/{tab}"
    assert alice.get(path).status_code == 200
    assert browser(cast.charlie).get(path).status_code == 404
    assert browser(cast.bob).get(path).status_code == (200 if tab in TABS else 403)


@pytest.mark.parametrize("path", ["/seats/", "/seats/questions/", "/seats/silent/", "/licenses/order/"])
def test_a_page_opens(alice: Client, path: str) -> None:
    assert alice.get(path).status_code == 200


def test_several_bundles_are_ordered_in_one_dialog_with_their_terms(cast: Cast, alice: Client) -> None:
    terms = terms_publish(actor=ACTOR, title="Cloud terms", text="Be kind.", product_code="cloud-analysis", now=NOW)
    answers = {
        "owner": str(cast.msp_a.uid), "units_endpoint-advanced": "5", "units_mail-security": "3", "kind": "MSP",
        "overuse": "AUTO_GROW", "grow_ceiling": "9", "lapse": "KEEP_PROTECTING",
    }  # fmt: skip
    refused = alice.post("/licenses/order/", answers)
    assert (refused.status_code, b"Terms of use must be accepted" in refused.content) == (422, True)
    alice.post("/licenses/order/", {**answers, f"terms_{terms.uid}": "on"})
    made = License.objects.exclude(pk=cast.license.pk).order_by("bundle__code").values_list("bundle__code", "overuse")
    assert list(made) == [("endpoint-advanced", "AUTO_GROW"), ("mail-security", "AUTO_GROW")]
    assert TermsAcceptance.objects.get().company == cast.msp_a
    assert b"Be kind." in alice.get(f"/terms/{terms.uid}/").content


def test_an_order_of_nothing_says_so(cast: Cast, alice: Client) -> None:
    answers = {"owner": str(cast.msp_a.uid), "kind": "MSP", "overuse": "BLOCK", "lapse": "STOP"}
    assert b"Type a number of seats" in alice.post("/licenses/order/", answers).content


def test_agreed_seats_change_now_and_later(cast: Cast, alice: Client, agreement: Agreement) -> None:
    path = f"/agreements/{agreement.uid}/seats/"
    assert b"fixed 4, 0 in use, 4 free" in alice.get(path).content
    alice.post(path, {"quantity": "30", "when": "NOW"})
    cast.license.refresh_from_db()
    assert cast.license.quantity == 30
    assert alice.post(path, {"quantity": "2", "when": "LATER"}).status_code == 422
    alice.post(path, {"quantity": "2", "when": "LATER", "due_on": "2029-01-01"})
    plan = PlannedChange.objects.get()
    shown = alice.get(f"/licenses/{cast.license.uid}/").content
    assert b"2 seats from" in shown
    alice.post(f"/planned/{plan.uid}/cancel/", {"confirmed": "1"})
    plan.refresh_from_db()
    assert plan.state == "CANCELLED"
    assert browser(cast.charlie).get(path).status_code == 404
    assert browser(cast.bob).get(path).status_code == 403


def test_seats_of_several_products_for_a_customer(cast: Cast, alice: Client, agreement: Agreement) -> None:
    path = f"/companies/{cast.customer.uid}/order/"
    assert b"Now fixed 4, 0 in use." in alice.get(path).content
    names = [f"seats_{cast.license.pk}_{pk}" for pk in cast.license.bundle.lines.values_list("product_id", flat=True)]
    alice.post(path, dict.fromkeys(names, "7"))
    assert list(Agreement.objects.values_list("quantity", flat=True)) == [7, 7]
    assert alice.post(path, {}).status_code == 422


def test_the_key_is_shown_shortly_after_a_password_only(cast: Cast) -> None:
    path = f"/licenses/{cast.license.uid}/key/"
    key = license_key_show(actor=ACTOR, license=cast.license, now=NOW)
    stale = with_password(cast.alice, is_fresh=False).get(path)
    assert (stale.status_code, stale["Location"].startswith("/accounts/reauthenticate/")) == (302, True)
    fresh = with_password(cast.alice, is_fresh=True).get(path)
    assert (key.encode() in fresh.content, fresh["Cache-Control"]) == (True, "no-store")


def test_attack_the_api_shows_no_key_to_an_old_session(cast: Cast) -> None:
    path = f"/api/v1/licenses/{cast.license.uid}/key/show"
    assert with_password(cast.alice, is_fresh=False).post(path).json()["code"] == "reauthentication_needed"
    assert "key" in with_password(cast.alice, is_fresh=True).post(path).json()


def test_a_new_key_that_stops_all_computers(cast: Cast, alice: Client, seat: Seat) -> None:
    alice.post(f"/licenses/{cast.license.uid}/key/new/", {"leases": "END"})
    run = bulk_run(uid=BulkRun.objects.get().uid, now=read_clock())
    assert (run.succeeded, Seat.objects.get().state) == (1, "DEACTIVATED")
    assert b"1 of 1 done" in alice.get(f"/runs/{run.uid}/").content
    assert browser(cast.bob).get(f"/runs/{run.uid}/").status_code == 404


def test_the_list_filters_by_state(cast: Cast, alice: Client) -> None:
    trial = trial_of(cast)
    alice.post(f"/licenses/{trial.uid}/suspend/", {"stops_billing": "on", "note": ""})
    shown = alice.get("/licenses/?state=SUSPENDED").content.decode()
    assert (trial.public_id in shown, cast.license.public_id in shown) == (True, False)
    assert alice.get("/licenses/?sort=state_now").status_code == 200


def test_a_suspension_needs_one_way_and_protection_a_day(cast: Cast, alice: Client) -> None:
    path = f"/licenses/{cast.license.uid}/suspend/"
    assert alice.post(path, {"note": "x"}).status_code == 422
    assert alice.post(path, {"stops_protection": "on", "note": "x"}).status_code == 422
    alice.post(path, {"stops_protection": "on", "protection_stops_on": "2029-01-01", "note": "x"})
    found = License.objects.get()
    assert (found.billing_stopped_at, found.frozen_at, found.protection_stops_at is not None) == (None, None, True)
    alice.post(path, {"confirmed": "1"})
    assert License.objects.get().suspended_at is None


def test_a_trial_is_extended_converted_and_another_removed(cast: Cast, alice: Client) -> None:
    trial = trial_of(cast)
    alice.post(f"/licenses/{trial.uid}/trial/extend/", {"confirmed": "1"})
    alice.post(f"/licenses/{trial.uid}/trial/convert/", {"quantity": "3"})
    trial.refresh_from_db()
    assert (trial.kind, trial.quantity, trial.trial_extensions) == ("MSP", 3, 1)
    other = trial_of(cast)
    alice.post(f"/licenses/{other.uid}/trial/remove/", {"confirmed": "1"})
    other.refresh_from_db()
    assert other.cancelled_at is not None


def test_a_license_is_upgraded(cast: Cast, alice: Client) -> None:
    alice.post(f"/licenses/{cast.license.uid}/bundle/", {"bundle_code": "endpoint-complete", "quantity": "11"})
    assert (License.objects.get().bundle.code, License.objects.get().quantity) == ("endpoint-complete", 11)


def test_many_licenses_are_suspended_with_a_result_each(cast: Cast, alice: Client) -> None:
    chosen = {"selected": [str(cast.license.pk)]}
    assert alice.post("/licenses/suspend/", chosen).status_code == 200
    answer = alice.post("/licenses/suspend/", {**chosen, "stops_billing": "on", "note": "unpaid"})
    run = bulk_run(uid=BulkRun.objects.get().uid, now=read_clock())
    assert answer["Location"] == f"/runs/{run.uid}/"
    assert cast.license.public_id.encode() in alice.get(f"/runs/{run.uid}/").content
    assert License.objects.get().suspended_at is not None


def test_attack_a_readers_selection_suspends_nothing(cast: Cast) -> None:
    for who in (cast.bob, cast.charlie):
        browser(who).post("/licenses/suspend/", {"selected": [str(cast.license.pk)], "stops_billing": "on", "note": ""})
    assert not BulkRun.objects.exists()


def test_shares_are_seen_before_they_are_spread(cast: Cast, alice: Client, agreement: Agreement) -> None:
    path = f"/licenses/{cast.license.uid}/shares/endpoint-workstation/"
    asked = alice.post(path, {f"share_{agreement.node.uid}": "6"})
    assert "Bakery: 4 → 6, 0 in use" in asked.content.decode()
    assert Agreement.objects.get().quantity == 4
    alice.post(path, {f"share_{agreement.node.uid}": "6", "confirmed": "1"})
    assert Agreement.objects.get().quantity == 6
    alice.post(path, {"total": "9", "confirmed": "1"})
    assert Agreement.objects.get().quantity == 9


def test_a_computer_moves_to_a_site(cast: Cast, alice: Client, seat: Seat) -> None:
    alice.post(f"/companies/{cast.customer.uid}/sites/", {"name": "North"})
    alice.post(f"/seats/{seat.uid}/move/", {"company": str(cast.customer.uid), "site": "North"})
    bulk_run(uid=BulkRun.objects.get().uid, now=read_clock())
    assert Seat.objects.get().node.name == "North"
    assert browser(cast.charlie).get(f"/seats/{seat.uid}/move/").status_code == 404


def test_a_question_is_answered(cast: Cast, alice: Client, seat: Seat) -> None:
    asked = SeatQuestion.objects.create(kind="CLONE", seat=seat, detail="k", asked_at=NOW)
    assert b"Reception" in alice.get("/seats/questions/").content
    path = f"/seats/questions/{asked.uid}/"
    assert alice.get(path).status_code == 200
    assert browser(cast.charlie).get(path).status_code == 404
    alice.post(path, {"answer": "KEPT"})
    asked.refresh_from_db()
    assert (asked.state, asked.answered_by) == ("KEPT", "alice@example.com")


def test_a_rule_for_silent_computers(cast: Cast, alice: Client) -> None:
    path = f"/companies/{cast.customer.uid}/silent/"
    alice.post(path, {"act": "RELEASE", "days": "60"})
    assert (StaleRule.objects.get().days, StaleRule.objects.get().is_automatic) == (60, True)
    assert b"released after 60 days" in alice.get("/seats/silent/").content
    alice.post(path, {"act": "NONE", "days": "60"})
    assert not StaleRule.objects.exists()
    assert browser(cast.bob).get(path).status_code == 403
