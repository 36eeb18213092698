"""The mirror follows the hub, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fake_hub import FakeHub, company, license_item, node_item
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.hublink.adapters.hub import HubClient
from seatkeep_manager.hublink.adapters.made_up import MadeUpFeed
from seatkeep_manager.hublink.enums import CustomerState, SyncKind, SyncState, SyncTrigger
from seatkeep_manager.hublink.errors import HubNonsenseError, HubUnreachableError, NothingHeldError, SyncBusyError
from seatkeep_manager.hublink.models import (
    HubLink,
    MirroredCompany,
    MirroredLicense,
    MirroredNode,
    SyncRun,
    SyncTrouble,
)
from seatkeep_manager.hublink.selectors import license_for_company, link_status
from seatkeep_manager.hublink.services import removals_allow
from seatkeep_manager.hublink.sync import sync_run
from seatkeep_manager.hublink.troubles import troubles_retry
from seatkeep_webkit.actors import Actor

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")

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

    assert [(one.change, one.kind, str(one.hub_id), one.name) for one in run.changes.all()] == [
        ("ADDED", "company", hub.items[0]["id"], "Alpha")
    ]
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


def many(count: int, *, parent: UUID | None = None) -> list[dict[str, Any]]:
    return [company(f"Customer {n}", parent=parent) for n in range(count)]


def test_a_page_takes_a_number_of_statements_that_does_not_grow(
    hub: FakeHub, sync: Sync, django_assert_max_num_queries: Any
) -> None:
    hub.page_size = 1000
    msp = uuid4()
    hub.items = [company("MSP", hub_id=msp, company_kind="MSP"), *many(300, parent=msp)]

    with django_assert_max_num_queries(60):
        run = sync(SyncKind.FULL)

    assert (run.added, run.state) == (301, SyncState.DONE)
    assert StaticGroup.objects.filter(parent__hub_id=msp).count() == 300


def test_children_before_their_parent_in_one_page_stand_below_it_and_deep_ones_too(hub: FakeHub, sync: Sync) -> None:
    hub.page_size = 1000
    ids = [uuid4() for _ in range(5)]
    chain = [company(f"L{n}", hub_id=one, parent=ids[n - 1] if n else None) for n, one in enumerate(ids)]
    hub.items = chain[::-1]

    sync()

    deepest = StaticGroup.objects.get(hub_id=ids[-1])
    names = dict(StaticGroup.objects.values_list("pk", "name"))
    assert [names[pk] for pk in deepest.path] == ["All", "Companies", "L0", "L1", "L2", "L3", "L4"]


def test_a_parent_that_comes_pages_later_takes_its_children(hub: FakeHub, sync: Sync) -> None:
    msp = uuid4()
    hub.items = [*many(7, parent=msp), company("MSP", hub_id=msp, company_kind="MSP")]

    sync()

    assert StaticGroup.objects.filter(parent__hub_id=msp).count() == 7


def test_companies_above_each_other_stay_where_they_can_and_do_not_stop_the_rest(hub: FakeHub, sync: Sync) -> None:
    one, two = uuid4(), uuid4()
    hub.items = [company("A", hub_id=one, parent=two), company("B", hub_id=two, parent=one), company("C")]

    run = sync()

    assert run.state == SyncState.DONE
    assert MirroredCompany.objects.filter(group__isnull=False).count() == 3


HOSTILE = [
    'Alpha, "the" first', "O'Brien; DROP TABLE x;--", "a/b\\c", "🦷 Dental 👩‍⚕️", "شركة الأسنان",
    "‮evil", "<script>x</script>",
    "=cmd|' /C calc'!A0", "%s %(name)s {0}", "x" * 255, "ı ſ ß Ⅷ", "no\xa0break",
]  # fmt: skip


def test_any_character_in_a_name_works(hub: FakeHub, sync: Sync) -> None:
    hub.page_size = 1000
    hub.items = [company(name) for name in HOSTILE]

    run = sync()

    assert run.item_errors == []
    expected = {" ".join(name.split()) for name in HOSTILE}
    assert set(MirroredCompany.objects.values_list("name", flat=True)) == expected
    assert expected <= set(StaticGroup.objects.values_list("name", flat=True))


def test_a_name_that_the_database_cannot_store_spoils_only_itself(hub: FakeHub, sync: Sync) -> None:
    hub.page_size = 1000
    bad = company("nul\x00l")
    hub.items = [company("Alpha"), bad, company("Beta")]

    run = sync()

    assert run.state == SyncState.DONE
    assert set(MirroredCompany.objects.values_list("name", flat=True)) == {"Alpha", "Beta"}
    assert SyncTrouble.objects.get().item_id == bad["id"]


def test_a_trouble_is_tried_again_and_ends_when_the_item_goes_through(hub: FakeHub, sync: Sync, now: datetime) -> None:
    bad = company("", hub_id=uuid4())
    hub.items = [bad]
    sync()
    assert troubles_retry(actor=ACTOR, now=now) == (0, 1)
    assert SyncTrouble.objects.get().attempts == 2

    hub.items.append({**bad, "name": "Alpha"})
    sync()

    assert not SyncTrouble.objects.exists()
    assert troubles_retry(actor=ACTOR, now=now) == (0, 0)


def test_a_full_read_that_stopped_goes_on_where_it_was_and_sweeps_right(
    hub: FakeHub, sync: Sync, now: datetime
) -> None:
    hub.page_size = 1000
    hub.items = [company("Gone"), company("Kept")]
    sync(SyncKind.FULL)
    hub.page_size = 2
    hub.items = [hub.items[1], *many(5)]
    hub.fails_after = 2
    with pytest.raises(HubUnreachableError):
        sync(SyncKind.FULL)
    asked = len(hub.asked)
    hub.fails_after = None

    run = sync(SyncKind.FULL, at=now + timedelta(minutes=5))

    assert "cursor=4" in hub.asked[asked][1]
    assert (run.state, run.done, run.removed) == (SyncState.DONE, 6, 1)
    assert MirroredCompany.objects.get(name="Gone").state == CustomerState.UNLINKED
    assert MirroredCompany.objects.get(name="Kept").state == CustomerState.NOT_SET_UP


def test_a_stopped_full_read_of_another_feed_begins_anew(hub: FakeHub, sync: Sync, now: datetime) -> None:
    hub.items = many(4)
    hub.fails_after = 1
    with pytest.raises(HubUnreachableError):
        sync(SyncKind.FULL)
    hub.fails_after, hub.is_cursor_known = None, False
    hub.page_size = 1000

    run = sync(SyncKind.FULL, at=now + timedelta(minutes=5))

    assert (run.state, MirroredCompany.objects.count()) == (SyncState.DONE, 4)


def test_many_removals_ask_first_and_go_when_a_person_agrees(hub: FakeHub, sync: Sync, now: datetime) -> None:
    hub.page_size = 1000
    hub.items = many(30)
    sync(SyncKind.FULL)
    hub.items = hub.items[:15]

    run = sync(SyncKind.FULL)

    assert (run.state, run.to_remove, run.changes.count()) == (SyncState.HELD, 15, 15)
    assert not MirroredCompany.objects.filter(state=CustomerState.UNLINKED).exists()
    assert removals_allow(actor=ACTOR, run_uid=run.uid, now=now) == 15
    assert sync(SyncKind.FULL).state == SyncState.DONE
    assert MirroredCompany.objects.filter(state=CustomerState.UNLINKED).count() == 15
    with pytest.raises(NothingHeldError):
        removals_allow(actor=ACTOR, run_uid=run.uid, now=now)


def test_what_was_agreed_to_does_not_cover_more(hub: FakeHub, sync: Sync, now: datetime) -> None:
    hub.page_size = 1000
    hub.items = many(40)
    sync(SyncKind.FULL)
    hub.items = hub.items[:25]
    removals_allow(actor=ACTOR, run_uid=sync(SyncKind.FULL).uid, now=now)
    hub.items = hub.items[:5]

    assert sync(SyncKind.FULL).state == SyncState.HELD


def test_a_few_removals_are_not_asked_about(hub: FakeHub, sync: Sync) -> None:
    hub.page_size = 1000
    hub.items = many(30)
    sync(SyncKind.FULL)
    hub.items = hub.items[:28]

    assert sync(SyncKind.FULL).removed == 2


def test_a_preview_tells_new_renamed_moved_and_gone_apart(hub: FakeHub, sync: Sync) -> None:
    hub.page_size = 1000
    msp, other, alpha = uuid4(), uuid4(), uuid4()
    tops = [company("MSP", hub_id=msp, company_kind="MSP"), company("Other", hub_id=other, company_kind="MSP")]
    hub.items = [*tops, company("Alpha", hub_id=alpha, parent=msp), company("Beta", parent=msp)]
    sync(SyncKind.FULL)
    hub.items = [*tops, company("Alpha & Sons", hub_id=alpha, parent=other), company("New", parent=msp)]

    run = sync(SyncKind.DRY_RUN)

    assert {(one.change, one.name, one.former) for one in run.changes.all()} == {
        ("RENAMED", "Alpha & Sons", "Alpha"), ("MOVED", "Alpha & Sons", "MSP"), ("ADDED", "New", ""),
        ("REMOVED", "Beta", ""),
    }  # fmt: skip
    assert MirroredCompany.objects.get(hub_id=alpha).name == "Alpha"


def test_the_progress_counts_to_the_total_that_the_hub_tells(hub: FakeHub, sync: Sync) -> None:
    hub.total = 9
    hub.items = many(3)

    assert sync(SyncKind.FULL).expected == 9


def test_a_made_up_feed_of_many_is_synchronized_like_a_hubs(link: HubLink, now: datetime) -> None:
    feed = MadeUpFeed(customers=1_200)
    run = sync_run(feed, kind=SyncKind.FULL, trigger=SyncTrigger.REQUESTED, clock=lambda: now)
    feed.rename(7, "Renamed")

    delta = sync_run(feed, kind=SyncKind.DELTA, trigger=SyncTrigger.ANNOUNCED, clock=lambda: now)

    assert (run.added, run.expected, delta.done, delta.changed) == (1_204, 1_204, 1, 1)
    assert StaticGroup.objects.filter(name="Renamed").exists()
