"""Trees, lists and charts of the pages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.models import UsageDay
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.agreements.usage import UsageSlice
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.models import Product
from seatkeep_hub.licensing.selectors import license_list, license_usage, licenses_usage
from seatkeep_hub.licensing.services import license_order
from seatkeep_hub.portal.charts import agreed_and_used, by_product, month_of, periods
from seatkeep_hub.portal.company_tree import company_items, scope_path
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.models import FirstRun

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def _set_up(cast: Cast) -> None:
    FirstRun.objects.create(
        mode=UseMode.DISTRIBUTOR, owner=cast.diana, company=cast.distributor, completed_at=NOW,
        public_address="http://licensing.localhost:8080",
    )  # fmt: skip


def browser(user: object) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)  # type: ignore[arg-type]  # any of the cast
    return client


def test_the_tree_counts_customers_of_all_levels(cast: Cast) -> None:
    (root,) = company_items(cast.diana, cast.msp_a)
    assert (root.label, root.count) == ("Distributor", 1)
    assert [(one.label, one.count, one.is_current) for one in root.children] == [
        ("MSP A", 1, True),
        ("MSP B", 0, False),
    ]


def test_a_tree_of_one_place_is_left_out(cast: Cast) -> None:
    assert company_items(cast.alice, None) == []


def test_a_place_in_the_tree_narrows_the_list(cast: Cast) -> None:
    body = browser(cast.diana).get(f"/companies/?below={cast.msp_b.uid}").content.decode()
    assert "No customers yet." in body


def test_attack_another_companys_place(cast: Cast) -> None:
    assert browser(cast.charlie).get(f"/companies/?below={cast.msp_a.uid}").status_code == 404


def test_only_kinds_in_use_can_be_filtered_by(cast: Cast) -> None:
    body = browser(cast.diana).get("/companies/").content.decode()
    assert 'name="kind" value="MSP"' in body
    assert 'name="kind" value="DIVISION"' not in body


def test_attack_a_selection_of_all_from_a_company_that_is_gone_means_nothing(db: None) -> None:
    assert scope_path(QueryDict("below=01a20000-0000-7000-8000-000000000000")) == [0]
    assert scope_path(QueryDict("")) is None


def test_seats_of_many_licenses_are_those_of_each(cast: Cast) -> None:
    for quantity in (3, 7):
        license_order(
            actor=ACTOR,
            owner=cast.msp_a,
            bundle_code=cast.license.bundle.code,
            kind=LicenseKind.MSP,
            quantity=quantity,
            now=NOW,
        )
    found = list(license_list(cast.alice))
    assert licenses_usage(found) == {one.pk: license_usage(one) for one in found}


@pytest.mark.parametrize(("path", "most"), [("/licenses/", 19), ("/", 36), ("/companies/", 18)])
def test_more_licenses_cost_no_more_queries(
    cast: Cast, django_assert_max_num_queries: pytest.FixtureRequest, path: str, most: int
) -> None:
    for quantity in range(5, 12):
        license_order(
            actor=ACTOR,
            owner=cast.msp_a,
            bundle_code=cast.license.bundle.code,
            kind=LicenseKind.MSP,
            quantity=quantity,
            now=NOW,
        )
    client = browser(cast.alice)
    with django_assert_max_num_queries(most):  # type: ignore[operator]  # the fixture is a context manager
        assert client.get(path).status_code == 200


def test_a_period_that_ends_before_it_begins_says_so(cast: Cast) -> None:
    body = browser(cast.alice).get("/usage/?first=2026-11-20&last=2026-11-01").content.decode()
    assert "This is before the first day." in body


def test_days_that_were_not_counted_stay_empty() -> None:
    first, slices = date(2026, 11, 1), [UsageSlice(date(2026, 11, 2), "Server protection", 5, 3)]
    chart = by_product(slices, first=first, last=first + timedelta(days=2))
    assert chart["series"] == [{"name": "Server protection", "values": [None, 3, None]}]


def test_products_of_a_day_add_up() -> None:
    day = date(2026, 11, 2)
    chart = agreed_and_used([UsageSlice(day, "A", 5, 3), UsageSlice(day, "B", 2, 4)], first=day, last=day)
    assert [one["values"] for one in chart["series"]] == [[7], [7]]  # type: ignore[attr-defined]  # a list of series


def test_a_month_ends_on_its_last_day() -> None:
    assert month_of(date(2028, 2, 10)) == (date(2028, 2, 1), date(2028, 2, 29))


def test_last_month_of_january_is_december() -> None:
    shown = periods(date(2027, 1, 5), first=date(2026, 12, 1), last=date(2026, 12, 31))
    assert [one["label"] for one in shown if one["is_current"]] == ["Last month"]


def test_thousands_of_customers_are_added_up_when_somebody_asks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    UsageDay.objects.create(
        seller=cast.msp_a, buyer=cast.customer, node=cast.license.nodes.first(), product=Product.objects.first(),
        day=NOW.date(), ordered=9, agreed=4, in_use=3, peak=3, device_days=3, recorded_at=NOW,
    )  # fmt: skip
    asked = f"/usage/?first={NOW:%Y-%m-%d}&last={NOW:%Y-%m-%d}"
    assert "<tfoot>" in browser(cast.diana).get(asked).content.decode()
    monkeypatch.setattr("seatkeep_hub.portal.selectors.CUSTOMERS_ADDED", 0)
    narrow = browser(cast.diana).get(asked).content.decode()
    assert "<tfoot>" not in narrow
    assert f"{asked.partition('?')[2]}&added=1".replace("&", "&amp;") in narrow
    assert "<tfoot>" in browser(cast.diana).get(f"{asked}&added=1").content.decode()
    monkeypatch.setattr("seatkeep_hub.portal.views.dashboard.CUSTOMERS_ADDED", 0)
    assert "No day is counted yet" not in browser(cast.diana).get("/").content.decode()


def test_the_dashboard_says_which_licenses_it_looked_at(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "of the newest" not in browser(cast.alice).get("/").content.decode()
    monkeypatch.setattr("seatkeep_hub.portal.views.dashboard.LICENSES_READ", 1)
    body = browser(cast.alice).get("/").content.decode()
    assert "of the newest 1" in body
    assert "of the most used product" not in body


LISTS = (
    "/", "/companies/", "/licenses/", "/licenses/?state=OK", "/licenses/?sort=state_now", "/seats/", "/usage/",
    "/statements/", "/prices/", "/users/", "/audit/", "/imports/", "/consoles/",
)  # fmt: skip


def _warm_queries(client: Client) -> dict[str, int]:
    """Queries of each list, asked for the second time: what is noted once a minute is noted by the first."""
    for path in LISTS:
        client.get(path)
    return {path: _queries(client, path) for path in LISTS}


def test_ten_times_the_data_cost_no_more_queries(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatkeep_webkit.form_targets.FRESH_SECONDS", 600)  # Else some page asks for them once more.
    client = browser(cast.diana)
    first = _warm_queries(client)
    for number in range(6):
        customer = company_create(
            actor=ACTOR, kind="CUSTOMER", name=f"More {number}", parent=cast.msp_b, now=NOW, status="ACTIVE"
        )
        license = license_order(
            actor=ACTOR, owner=cast.msp_b, bundle_code=cast.license.bundle.code, kind="MSP", quantity=2, now=NOW
        )
        agreement = agreement_set(
            actor=ACTOR,
            license=license,
            product_code="endpoint-workstation",
            company=customer,
            mode="FLEXIBLE",
            now=NOW,
        )
        UsageDay.objects.create(
            seller=cast.msp_b, buyer=customer, node=agreement.node, product=agreement.product, day=NOW.date(),
            ordered=2, agreed=0, in_use=1, peak=1, device_days=1, recorded_at=NOW,
        )  # fmt: skip
    more = _warm_queries(client)
    assert {path: (first[path], more[path]) for path in LISTS if more[path] > first[path]} == {}


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)
