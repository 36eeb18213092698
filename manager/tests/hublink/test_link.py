"""Linking, the instance's key, and calls that prove the instance."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from fake_hub import FakeHub, company
from seatkeep_license.jose import verify
from seatkeep_manager.hublink.adapters.hub import HubClient
from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.errors import HubAlreadyLinkedError, HubRefusedError
from seatkeep_manager.hublink.models import HubLink, InstanceKey, MirroredCompany
from seatkeep_manager.hublink.runner import LinkRunner
from seatkeep_manager.hublink.services import credentials_fetch, instance_key, link_poll, link_start
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.clock import now as clock_now

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")


def approve(hub: FakeHub) -> None:
    hub.link_status = 200
    hub.link_answer = {
        "status": "approved", "instance_id": str(uuid4()), "company_id": str(uuid4()), "company_name": "Northwind",
        "licensing_device_url": "https://licensing.localhost:8443",
    }  # fmt: skip


def test_a_link_shows_its_code_and_waits(hub: FakeHub, now: datetime) -> None:
    link = link_start(actor=ACTOR, now=now)

    assert link.state == LinkState.WAITING
    assert link.user_code == "WDJB-MJHT"


def test_an_approved_link_stands(hub: FakeHub, now: datetime) -> None:
    link_start(actor=ACTOR, now=now)
    approve(hub)

    link = link_poll(now=now)

    assert link.state == LinkState.LINKED
    assert link.company_name == "Northwind"


def test_a_hub_that_spells_out_nulls_while_it_waits_is_understood(hub: FakeHub, now: datetime) -> None:
    link_start(actor=ACTOR, now=now)
    names = ("instance_id", "company_id", "company_name", "licensing_device_url")
    hub.link_status, hub.link_answer = 202, {"status": "pending", **dict.fromkeys(names)}

    assert link_poll(now=now).state == LinkState.WAITING


def test_a_denied_link_says_so(hub: FakeHub, now: datetime) -> None:
    link_start(actor=ACTOR, now=now)
    hub.link_status, hub.link_answer = 410, {"status": "denied"}

    link = link_poll(now=now)

    assert link.state == LinkState.NOT_LINKED
    assert "denied" in link.link_error


def test_a_code_that_ran_out_ends_the_wait_without_asking(hub: FakeHub, now: datetime) -> None:
    link_start(actor=ACTOR, now=now)
    asked = len(hub.asked)

    link = link_poll(now=now + timedelta(hours=1))

    assert link.state == LinkState.NOT_LINKED
    assert len(hub.asked) == asked


def test_a_link_that_stands_cannot_be_taken_over(hub: FakeHub, link: HubLink, now: datetime) -> None:
    with pytest.raises(HubAlreadyLinkedError):
        link_start(actor=ACTOR, now=now)


def test_the_instance_key_is_made_once_and_kept_encrypted(db: None, now: datetime) -> None:
    key = instance_key(now=now)

    assert instance_key(now=now).kid == key.kid
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT private_key FROM hublink_instancekey")
        assert key.seed not in bytes(cursor.fetchone()[0])
    assert InstanceKey.objects.count() == 1


def test_every_call_is_bound_to_method_path_and_body(
    hub: FakeHub, client: HubClient, link: HubLink, now: datetime
) -> None:
    client.sync_page(cursor="0", limit=2)

    _method, path, headers, body = hub.asked[-1]
    token = headers["Authorization"].removeprefix("Bearer ")
    claims = verify(
        token, typ="seatkeep-instance+jwt", key=instance_key(now=now).verify_key, now=clock_now(), audience=hub.url
    )
    assert (claims["htm"], claims["htu"], claims["exp"] - claims["iat"]) == ("GET", path, 60)
    assert claims["bh"] == base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


def test_a_refusal_carries_the_code_of_the_hub(hub: FakeHub, client: HubClient) -> None:
    with pytest.raises(HubRefusedError) as caught:
        client._expect(client._exchange("GET", "/api/v1/nothing"), 200)

    assert caught.value.extra["hub_code"] == "not_found"


def test_credentials_are_fetched_audited_and_not_kept(hub: FakeHub, link: HubLink, now: datetime) -> None:
    found = credentials_fetch(actor=ACTOR, license_hub_id=uuid4(), product="endpoint", now=now)

    assert found.secret == "s3cret"
    entry = AuditEntry.objects.get(action="license:credentials")
    assert "s3cret" not in str(entry.details)
    assert "s3cret" not in repr(found)


@pytest.mark.django_db(transaction=True)
def test_the_process_links_by_itself_and_takes_an_announced_change_within_5_seconds(
    hub: FakeHub, settings: pytest.FixtureRequest
) -> None:
    settings.BOOTSTRAP_TOKEN = "boot"  # type: ignore[attr-defined]  # pytest-django's settings
    approve(hub)
    stop = threading.Event()
    thread = threading.Thread(target=LinkRunner(stop=stop, clock=clock_now).run)
    thread.start()
    try:
        wait_for(lambda: HubLink.objects.filter(state=LinkState.LINKED, last_synced_at__isnull=False).exists(), 15)
        hub.items.append(company("Alpha"))
        wait_for(lambda: MirroredCompany.objects.filter(name="Alpha").exists(), 5)
    finally:
        stop.set()
        thread.join(timeout=10)
    assert not thread.is_alive()


def wait_for(is_so: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]  # a callable
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
