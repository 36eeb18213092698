"""The mirror follows the hub, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from fake_hub import FakeHub, company, license_item, node_item
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.hublink.adapters.hub import HubClient
from seatkeep_manager.hublink.enums import CustomerState, SyncKind, SyncState, SyncTrigger
from seatkeep_manager.hublink.errors import HubNonsenseError, HubUnreachableError, SyncBusyError
from seatkeep_manager.hublink.models import HubLink, MirroredCompany, MirroredLicense, MirroredNode, SyncRun
from seatkeep_manager.hublink.selectors import license_for_company, link_status
from seatkeep_manager.hublink.sync import sync_run

pytestmark = pytest.mark.django_db

Sync = Callable[..., SyncRun]


@pytest.fixture
def sync(client: HubClient, now: datetime) -> Sync:
    def run(kind: SyncKind = SyncKind.DELTA, at: datetime = now) -> SyncRun:
        return sync_run(client, kind=kind, trigger=SyncTrigger.REQUESTED, clock=lambda: at)

    return run


def test_companies_become_locked_groups_below_their_parent(hub: FakeHub, sync: Sync) -> None:
    msp = uuid4()
    hub.items = [company("MSP", hub_id=msp, company_kind="MSP"), company("Alpha", parent=msp)]

    sync()

    alpha = StaticGroup.objects.get(name="Alpha")
    assert alpha.is_locked
    assert alpha.parent == StaticGroup.objects.get(hub_id=msp)


def test_a_child_that_arrives_before_its_parent_finds_its_place(hub: FakeHub, sync: Sync) -> None:
    msp = uuid4()
    hub.items = [company("Alpha", parent=msp), company("MSP", hub_id=msp, company_kind="MSP")]

    sync()

    assert StaticGroup.objects.get(name="Alpha").parent == StaticGroup.objects.get(hub_id=msp)


def test_a_new_customer_is_not_set_up(hub: FakeHub, sync: Sync) -> None:
    hub.items = [company("Alpha")]

    sync()

    assert MirroredCompany.objects.get(name="Alpha").state == CustomerState.NOT_SET_UP


def test_a_rename_reaches_the_group(hub: FakeHub, sync: Sync) -> None:
    one = uuid4()
    hub.items = [company("Alpha", hub_id=one)]
    sync()

    hub.items.append(company("Alpha & Sons", hub_id=one))
    sync()

    assert StaticGroup.objects.get(hub_id=one).name == "Alpha & Sons"


def test_a_name_with_comma_and_quote_is_mirrored(hub: FakeHub, sync: Sync) -> None:
    hub.items = [company('Alpha, "the" first')]

    sync()

    assert MirroredCompany.objects.get().name == 'Alpha, "the" first'


def test_a_tombstone_unlinks_but_keeps_the_group(hub: FakeHub, sync: Sync) -> None:
    one = uuid4()
    hub.items = [company("Alpha", hub_id=one)]
    sync()

    hub.items.append({"kind": "company", "id": str(one), "deleted": True})
    sync()

    assert MirroredCompany.objects.get().state == CustomerState.UNLINKED
    assert not StaticGroup.objects.get(hub_id=one).is_locked


def test_a_customer_that_returns_is_as_ready_as_before(hub: FakeHub, sync: Sync, now: datetime) -> None:
    one = uuid4()
    hub.items = [company("Alpha", hub_id=one)]
    sync()
    MirroredCompany.objects.update(set_up_at=now, state=CustomerState.NORMAL)
    hub.items.append(company("Alpha", hub_id=one, state="REMOVED"))
    sync()

    hub.items.append(company("Alpha", hub_id=one))
    sync()

    assert MirroredCompany.objects.get().state == CustomerState.NORMAL


def test_one_bad_item_does_not_stop_the_rest(hub: FakeHub, sync: Sync) -> None:
    bad = [company(""), {"kind": "planet", "id": "x"}, company("Gamma", state="SLEEPY"), company("Delta", tags="no")]
    hub.items = [company("Alpha"), *bad, company("Beta")]

    run = sync()

    assert set(MirroredCompany.objects.values_list("name", flat=True)) == {"Alpha", "Beta"}
    assert len(run.item_errors) == 4
    assert run.state == SyncState.DONE


def test_a_lost_cursor_leads_to_a_full_read_with_sweep(hub: FakeHub, sync: Sync) -> None:
    hub.items = [company("Alpha"), company("Beta")]
    sync()

    hub.items = [hub.items[1]]
    hub.is_cursor_known = False
    run = sync()

    assert run.kind == SyncKind.FULL
    assert MirroredCompany.objects.get(name="Alpha").state == CustomerState.UNLINKED
    assert MirroredCompany.objects.get(name="Beta").state == CustomerState.NOT_SET_UP


def test_a_bad_item_is_not_swept(hub: FakeHub, sync: Sync) -> None:
    hub.items = [company("Alpha"), company("Beta")]
    sync()

    hub.items = [hub.items[0] | {"state": "SLEEPY"}]
    sync(SyncKind.FULL)

    assert MirroredCompany.objects.get(name="Alpha").state == CustomerState.NOT_SET_UP
    assert MirroredCompany.objects.get(name="Beta").state == CustomerState.UNLINKED


def test_the_same_feed_again_changes_nothing(hub: FakeHub, sync: Sync) -> None:
    lic = uuid4()
    one = company("Alpha")
    hub.items = [one, license_item(lic), node_item(lic, one["id"])]
    sync()

    run = sync(SyncKind.FULL)

    assert (run.added, run.changed, run.removed) == (0, 0, 0)


def test_a_device_gets_the_license_that_its_customer_shares(hub: FakeHub, sync: Sync) -> None:
    lic, one = uuid4(), uuid4()
    hub.items = [company("Alpha", hub_id=one), license_item(lic), node_item(lic, one)]

    sync()

    found = license_for_company(company_hub_id=one, product="endpoint")
    assert found
    assert found.hub_id == lic
    assert license_for_company(company_hub_id=one, product="server") is None


def test_a_preview_tells_the_difference_and_writes_none(hub: FakeHub, sync: Sync) -> None:
    hub.items = [company("Alpha")]

    run = sync(SyncKind.DRY_RUN)

    assert run.diff == [{"change": "added", "kind": "company", "id": hub.items[0]["id"], "name": "Alpha"}]
    assert not MirroredCompany.objects.exists()


@pytest.mark.parametrize("mood", ["error", "silent", "endless"])
def test_a_hub_that_does_not_answer_is_disconnected_with_a_reason(hub: FakeHub, sync: Sync, mood: str) -> None:
    hub.mood = mood

    with pytest.raises(HubUnreachableError):
        sync()

    status = link_status()
    assert status.word == "DISCONNECTED"
    assert status.reason


@pytest.mark.parametrize("mood", ["nonsense", "huge", "loop"])
def test_a_hub_that_answers_nonsense_is_disconnected_with_a_reason(hub: FakeHub, sync: Sync, mood: str) -> None:
    hub.items = [company("Alpha"), company("Beta"), company("Gamma")]
    hub.mood = mood

    with pytest.raises(HubNonsenseError):
        sync(SyncKind.FULL)

    assert link_status().word == "DISCONNECTED"


def test_an_unknown_protocol_is_refused_before_anything_is_taken(hub: FakeHub, sync: Sync) -> None:
    hub.items, hub.protocol = [company("Alpha")], 7

    with pytest.raises(HubNonsenseError):
        sync()

    assert not MirroredCompany.objects.exists()


def test_disconnected_since_is_the_first_failure(hub: FakeHub, sync: Sync, now: datetime) -> None:
    hub.mood = "error"
    for minutes in (0, 5):
        with pytest.raises(HubUnreachableError):
            sync(at=now + timedelta(minutes=minutes))

    assert HubLink.objects.get().disconnected_since == now


def test_a_success_ends_the_disconnection(hub: FakeHub, sync: Sync) -> None:
    hub.mood = "error"
    with pytest.raises(HubUnreachableError):
        sync()

    hub.mood = "right"
    sync()

    assert link_status().word == "SYNCHRONIZED"


def test_what_was_read_before_a_failure_stays_and_the_next_run_goes_on(hub: FakeHub, sync: Sync) -> None:
    hub.items = [company("Alpha")]
    sync()
    hub.items += [company("Beta"), company("Gamma")]
    hub.mood = "error"
    with pytest.raises(HubUnreachableError):
        sync()

    hub.mood = "right"
    run = sync()

    assert run.kind == SyncKind.DELTA
    assert (run.done, run.added) == (2, 2)


def test_a_run_that_a_kill_left_behind_is_closed_by_the_next(hub: FakeHub, sync: Sync, now: datetime) -> None:
    left = SyncRun.objects.create(kind=SyncKind.FULL, trigger=SyncTrigger.START, started_at=now)

    sync()

    left.refresh_from_db()
    assert left.state == SyncState.FAILED


@pytest.mark.django_db(transaction=True)
def test_two_synchronizations_at_once_are_one(hub: FakeHub, sync: Sync) -> None:
    import psycopg
    from django.conf import settings
    from seatkeep_manager.hublink.sync import LOCK_KEY

    database = settings.DATABASES["default"]
    other = psycopg.connect(
        host=database["HOST"], port=database["PORT"], dbname=database["NAME"], user=database["USER"],
        password=database["PASSWORD"],
    )  # fmt: skip
    with other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        with pytest.raises(SyncBusyError):
            sync()
    other.close()


def test_gone_licenses_and_seats_are_swept(hub: FakeHub, sync: Sync) -> None:
    lic, one = uuid4(), uuid4()
    hub.items = [company("Alpha", hub_id=one), license_item(lic), node_item(lic, one)]
    sync()

    hub.items = hub.items[:1]
    sync(SyncKind.FULL)

    assert MirroredLicense.objects.get().is_deleted
    assert MirroredNode.objects.get().is_deleted
