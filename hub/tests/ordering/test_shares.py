"""Spread seats among customers and sites, and move computers between them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.licensing.models import License, PoolNode, Seat, SeatEvent
from seatkeep_hub.ordering.errors import OrderFieldError
from seatkeep_hub.ordering.moving import seats_move_each
from seatkeep_hub.ordering.shares import (
    shares_of,
    shares_spread,
    site_create,
    site_limit_set,
    sites_of,
    spread_even_numbers,
    spread_evenly,
    spread_preview,
)

WORKSTATION = "endpoint-workstation"


@pytest.mark.parametrize(
    ("total", "used", "given"),
    [
        (9, [0, 0, 0], [3, 3, 3]),
        (10, [0, 0, 0], [4, 3, 3]),
        (10, [6, 1, 1], [6, 2, 2]),
        (8, [6, 1, 1], [6, 1, 1]),
        (11, [4, 1, 0], [4, 4, 3]),
        (0, [], []),
    ],
)
def test_seats_are_spread_like_water(total: int, used: list[int], given: list[int]) -> None:
    assert spread_evenly(total, used) == given


@pytest.mark.parametrize("total", range(17, 60, 7))
def test_spreading_loses_and_invents_nothing(total: int) -> None:
    used = [7, 0, 3, 3, 4]
    given = spread_evenly(total, used)
    assert sum(given) == total
    assert all(after >= before for after, before in zip(given, used, strict=True))


@pytest.fixture
def other(cast: Cast) -> Company:
    return company_create(actor=ACTOR, kind="CUSTOMER", name="Dairy", parent=cast.msp_a, now=NOW)


@pytest.fixture
def nodes(cast: Cast, other: Company, agree: Any) -> list[PoolNode]:
    agree(quantity=6)
    agree(other, quantity=2)
    return list(shares_of(cast.alice, cast.license, WORKSTATION))


@pytest.mark.django_db
def test_what_is_seen_before_is_what_is_done(cast: Cast, nodes: list[PoolNode]) -> None:
    numbers = spread_even_numbers(nodes, 10)
    seen = [(str(one.node.company), one.before, one.after) for one in spread_preview(nodes, numbers)]
    assert seen == [("Bakery", 6, 5), ("Dairy", 2, 5)]
    shares_spread(actor=ACTOR, license=cast.license, product_code=WORKSTATION, numbers=numbers, now=NOW)
    assert set(Agreement.objects.values_list("company__name", "quantity")) == {("Bakery", 5), ("Dairy", 5)}
    assert License.objects.get().quantity == 10


@pytest.mark.django_db
def test_less_than_in_use_is_not_spread(nodes: list[PoolNode], cast: Cast, activate: Any) -> None:
    activate(cast.customer, "a", "b", "c", "d")
    fresh = list(PoolNode.objects.filter(pk__in=[node.pk for node in nodes]).select_related("agreement"))
    with pytest.raises(OrderFieldError):
        spread_even_numbers(fresh, 4)


@pytest.mark.django_db
def test_a_share_of_another_license_is_refused(cast: Cast, nodes: list[PoolNode]) -> None:
    with pytest.raises(OrderFieldError):
        shares_spread(
            actor=ACTOR, license=cast.license, product_code="endpoint-server", numbers={nodes[0].uid: 3}, now=NOW
        )
    assert shares_of(cast.charlie, cast.license, WORKSTATION).count() == 0


@pytest.mark.django_db
def test_sites_share_what_their_customer_has(cast: Cast, nodes: list[PoolNode]) -> None:
    for _ in range(2):
        site_create(actor=ACTOR, company=cast.customer, name="North", now=NOW)
    assert sites_of(cast.customer) == ["North"]
    site = PoolNode.objects.get(kind="SITE")
    fields: dict[str, Any] = {"actor": ACTOR, "license": cast.license, "product_code": WORKSTATION, "now": NOW}
    shares_spread(numbers={site.uid: 4}, **fields)
    site.refresh_from_db()
    parent, root = PoolNode.objects.get(pk=site.parent_id), PoolNode.objects.get(pk=site.path[0])
    assert (site.reserved, parent.outstanding, root.outstanding) == (4, 4, 8)
    with pytest.raises(OrderFieldError):
        shares_spread(numbers={site.uid: 7}, **fields)
    site.refresh_from_db()
    assert site.reserved == 4


@pytest.mark.django_db
def test_a_computer_moves_and_its_history_says_so(
    cast: Cast, nodes: list[PoolNode], other: Company, activate: Any
) -> None:
    activate(cast.customer, "pc")
    uid = Seat.objects.get().uid
    move: dict[str, Any] = {"actor": ACTOR, "seat_uids": [uid], "now": NOW}
    assert seats_move_each(company=other, **move) == ["moved"]
    assert seats_move_each(company=other, **move) == ["moved"]
    seat = Seat.objects.select_related("node__company").get()
    assert (seat.node.company, seat.state, seat.epoch) == (other, "ACTIVE", 2)
    kinds = SeatEvent.objects.filter(seat_id=seat.pk).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["TAKEN", "MOVED_OUT", "MOVED_IN"]
    assert dict(PoolNode.objects.filter(kind="CUSTOMER").values_list("company__name", "used")) == {
        "Bakery": 0,
        "Dairy": 1,
    }
    assert seats_move_each(company=cast.msp_b, **move) == ["no_agreement_there"]


@pytest.mark.django_db
def test_a_computer_at_a_site_stays_there_when_its_ticket_names_the_customer(
    cast: Cast, nodes: list[PoolNode], activate: Any
) -> None:
    activate(cast.customer, "pc")
    site_create(actor=ACTOR, company=cast.customer, name="North", now=NOW)
    uid = Seat.objects.get().uid
    codes = seats_move_each(actor=ACTOR, seat_uids=[uid], company=cast.customer, site="North", now=NOW)
    assert codes == ["moved"]
    assert activate(cast.customer, "pc", at=NOW + timedelta(hours=1)) == ["held"]
    assert Seat.objects.get().node.name == "North"
    assert activate(cast.msp_a, "pc", at=NOW + timedelta(hours=2)) == ["held"]
    assert Seat.objects.get().node.kind == "ROOT"


@pytest.mark.django_db
def test_a_full_place_takes_no_more(
    cast: Cast, nodes: list[PoolNode], other: Company, agree: Any, activate: Any
) -> None:
    agree(other, quantity=1, on_exceed="REFUSE")
    activate(other, "theirs")
    activate(cast.customer, "pc")
    uid = Seat.objects.get(fingerprint="pc").uid
    assert seats_move_each(actor=ACTOR, seat_uids=[uid], company=other, now=NOW) == ["no_seat_left"]
    assert Seat.objects.get(fingerprint="pc").node.company == cast.customer


def test_a_site_takes_no_more_than_its_limit_and_keeps_what_it_has(
    cast: Cast, nodes: list[PoolNode], activate: Any
) -> None:
    (site,) = [one for one in site_create(actor=ACTOR, company=cast.customer, name="North", now=NOW)
               if one.product.code == WORKSTATION]  # fmt: skip
    activate(cast.customer, "one", "two", "three")
    site_limit_set(actor=ACTOR, site=site, limit=1, now=NOW)
    uids = list(Seat.objects.filter(node__company=cast.customer).order_by("pk").values_list("uid", flat=True))
    codes = seats_move_each(actor=ACTOR, seat_uids=uids[:2], company=cast.customer, site="North", now=NOW)
    assert sorted(codes) == ["moved", "no_seat_left"]
    site_limit_set(actor=ACTOR, site=site, limit=0, now=NOW)
    site.refresh_from_db()
    assert (site.used, site.limit_wanted, site.hard_limit) == (1, 0, 1)
    with pytest.raises(OrderFieldError):
        site_limit_set(actor=ACTOR, site=site, limit=-1, now=NOW)
    with pytest.raises(OrderFieldError):
        site_limit_set(actor=ACTOR, site=nodes[0], limit=1, now=NOW)


def test_the_limit_of_a_site_on_its_page_and_by_api(cast: Cast, nodes: list[PoolNode]) -> None:
    (site,) = [one for one in site_create(actor=ACTOR, company=cast.customer, name="North", now=NOW)
               if one.product.code == WORKSTATION]  # fmt: skip
    browser = Client()
    browser.force_login(cast.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = f"/licenses/{cast.license.uid}/sites/{site.uid}/limit/"
    assert browser.post(page, {"limit": "2"}).status_code == 302
    assert b"at most 2" in browser.get(f"/licenses/{cast.license.uid}/shares/").content
    path = f"/api/v1/licenses/{cast.license.uid}/shares/{site.uid}/limit"
    assert browser.put(path, {"limit": None}, content_type="application/json").json()["limit"] is None
    assert browser.put(path, {"limit": -1}, content_type="application/json").status_code == 422
    browser.force_login(cast.charlie, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.put(path, {"limit": 1}, content_type="application/json").status_code == 404
    assert browser.post(page, {"limit": "1"}).status_code == 404
