"""`/seats`: what people, programs and consoles read about devices."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.companies.models import User
from seatkeep_hub.licensing.activation import Device, Wish
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.seats import seats_activate


@pytest.fixture
def seat(cast: Cast) -> Seat:
    """A computer of the bakery that holds a seat of MSP A's license."""
    agreement_set(
        actor=ACTOR, license=cast.license, product_code="endpoint-workstation", company=cast.customer,
        mode="FLEXIBLE", now=NOW,
    )  # fmt: skip
    wish = Wish(
        device=Device(fingerprint="f" * 32, key=b"k" * 32, key_thumbprint="t" * 43, name="till-1"),
        product="endpoint-workstation", issued_at=NOW, jti="first", public_id=cast.license.public_id,
        company=cast.customer.uid,
    )  # fmt: skip
    (answer,) = seats_activate(wishes=[wish], actor=ACTOR, now=NOW)
    assert answer.code == "new"
    return Seat.objects.select_related("license").get()


def read(person: User, path: str) -> Any:
    client = Client()
    client.force_login(person)
    return client.get(f"/api/v1{path}")


def test_the_list_says_all_that_the_contract_promises(cast: Cast, seat: Seat) -> None:
    answer = read(cast.alice, "/seats")
    assert answer.status_code == 200, answer.content
    (item,) = answer.json()["items"]
    assert (item["id"], item["license_public_id"], item["company_id"], item["device_name"], item["mode"]) == (
        str(seat.uid), cast.license.public_id, str(cast.customer.uid), "till-1", "NORMAL",
    )  # fmt: skip


def test_one_seat_reads_as_in_the_list(cast: Cast, seat: Seat) -> None:
    assert read(cast.alice, f"/seats/{seat.uid}").json() == read(cast.alice, "/seats").json()["items"][0]


def test_attack_sibling_lists_the_neighbors_seats(cast: Cast, seat: Seat) -> None:
    assert read(cast.charlie, "/seats").json()["items"] == []
    assert read(cast.charlie, f"/seats/{seat.uid}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_stop_and_resume_answer_for_each_seat(cast: Cast, seat: Seat) -> None:
    client = Client()
    client.force_login(cast.alice)
    body = {"seats": [str(seat.uid), str(uuid4())]}
    stopped = client.post("/api/v1/seats/stop", body, content_type="application/json")
    resumed = client.post("/api/v1/seats/resume", body, content_type="application/json")
    assert (stopped.status_code, stopped.json()) == (200, {"stopped": 1})
    assert (resumed.status_code, resumed.json()) == (200, {"results": {str(seat.uid): "resumed"}})
