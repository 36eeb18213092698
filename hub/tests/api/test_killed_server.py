"""One order sent again and again to the server of production: at once, changed, and after the server died of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from hub_cast import ACTOR, Cast
from hub_server import granian
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.tokens import token_create
from seatkeep_hub.licensing.models import License, LicenseEntry
from seatkeep_webkit import clock
from seatkeep_webkit.audit.models import AuditEntry

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

TIMES = 8
FOLDER = str(Path(__file__).parent)


@dataclass(frozen=True)
class Shop:
    """A running hub and somebody who orders there."""

    cast: Cast
    url: str
    secret: str

    def order(self, key: str, *, quantity: int = 7, **headers: str) -> httpx.Response:
        """Send an order, over a connection of its own."""
        body = {"owner_id": str(self.cast.msp_a.uid), "bundle_code": "endpoint-protection", "quantity": quantity}
        headers |= {"Authorization": f"Bearer {self.secret}", "Idempotency-Key": key}
        return httpx.post(f"{self.url}/api/v1/licenses", json=body, headers=headers, trust_env=False, timeout=30)

    def ordered(self) -> int:
        """Licenses beside that of the cast, each with one entry and one note in the journal."""
        made = License.objects.exclude(id=self.cast.license.id)
        assert LicenseEntry.objects.filter(license__in=made).count() == made.count()
        noted = AuditEntry.objects.filter(action="license:order").count()
        assert noted == made.count() + 1
        return made.count()


@pytest.fixture
def shop(cast: Cast, tmp_path: Path) -> Iterator[Shop]:
    """A hub whose worker a request may kill, and is started again."""
    secret = token_create(company=cast.msp_a, name="PSA", level=TokenLevel.WRITE, actor=ACTOR, now=clock.now()).secret
    words = ("--interface", "wsgi", "--blocking-threads", "8", "--respawn-failed-workers", "dying_wsgi:application")
    paths = os.pathsep.join([FOLDER, os.environ.get("PYTHONPATH", "")])
    with granian(tmp_path, *words, PYTHONPATH=paths) as url:
        yield Shop(cast, url, secret)


def test_one_order_however_often_it_is_sent(shop: Shop) -> None:
    with ThreadPoolExecutor(TIMES) as pool:
        answers = list(pool.map(shop.order, ["at-once"] * TIMES))
        kinds = Counter(one.status_code for one in pool.map(lambda n: shop.order("changed", quantity=n), range(1, 9)))

    assert [one.status_code for one in answers] == [201] * TIMES
    assert len({one.json()["id"] for one in answers}) == 1
    assert kinds == {201: 1, 409: TIMES - 1}
    assert shop.ordered() == 2


def test_an_order_whose_answer_died_with_the_server_is_answered_when_sent_again(shop: Shop) -> None:
    with pytest.raises(httpx.TransportError):
        shop.order("lost", **{"X-Die": "1"})
    assert shop.ordered() == 1

    again = httpx.Response(503)
    while again.status_code != 201:
        try:
            again = shop.order("lost")
        except httpx.TransportError:
            continue

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["id"] == str(License.objects.exclude(id=shop.cast.license.id).get().uid)
    assert shop.ordered() == 1
