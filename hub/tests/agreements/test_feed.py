"""The sync feed as a manager reads it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from seatkeep_hub.agreements.feed import feed_read
from seatkeep_hub.agreements.services import agreement_close
from seatkeep_hub.companies.errors import FeedCursorGoneError, FeedCursorInvalidError
from seatkeep_hub.companies.feed import feed_reset
from seatkeep_hub.companies.models import FeedEntry
from seatkeep_hub.companies.services import company_move, company_rename
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.seats import seats_deactivate, seats_resume
from seatkeep_hub.licensing.suspension import company_remove, license_suspend

pytestmark = pytest.mark.django_db(transaction=True)


def read(scope, now, cursor=None, limit=1000):
    return feed_read(scope=scope, cursor=cursor, limit=limit, now=now)


def kinds(page):
    return sorted(item["kind"] for item in page.items)


def test_a_full_read_shows_companies_licenses_and_shares_of_the_subtree(agree, msp, customer, now):
    agreement = agree(customer, "FIXED", quantity=4)
    page = read(msp, now)
    assert kinds(page) == ["company", "company", "license", "node"]
    assert page.more is False
    node = next(item for item in page.items if item["kind"] == "node")
    assert node == {
        "kind": "node",
        "id": str(agreement.node.uid),
        "deleted": False,
        "license_id": str(agreement.license.uid),
        "company_id": str(customer.uid),
        "product": "endpoint-workstation",
        "agreement": {
            "public_id": agreement.public_id,
            "mode": "FIXED",
            "quantity": 4,
            "warn_above": None,
            "stop_above": None,
        },
        "used": 0,
        "hard_limit": None,
        "suspended": False,
    }


def test_paging_reaches_everything_once_and_then_nothing(agree, msp, customer, other, now):
    agree(customer)
    agree(other)
    seen, cursor, more = [], None, True
    while more:
        page = read(msp, now, cursor, limit=2)
        seen, cursor, more = seen + page.items, page.cursor, page.more
    assert {item["id"] for item in seen} == {item["id"] for item in read(msp, now).items}
    assert read(msp, now, cursor).items == []


def test_a_page_is_read_in_the_order_of_the_index_not_sorted_out_of_all_that_is_left(msp, now):
    with CaptureQueriesContext(connection) as seen:
        read(msp, now)
    scan = next(one["sql"] for one in seen if "companies_feedentry" in one["sql"])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {scan}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "feed_entry_order" in plan
    assert "Sort" not in plan


def test_a_rename_arrives_after_the_cursor(msp, customer, actor, now):
    cursor = read(msp, now).cursor
    company_rename(actor=actor, company=customer, name="Contoso 2", now=now)
    assert [item["name"] for item in read(msp, now, cursor).items] == ["Contoso 2"]


def test_a_removed_company_stays_as_removed(msp, customer, actor, now):
    cursor = read(msp, now).cursor
    company_remove(actor=actor, company=customer, now=now)
    assert [item["state"] for item in read(msp, now, cursor).items] == ["REMOVED"]


def test_a_company_that_moved_away_comes_as_deleted(make, vendor, msp, customer, actor, now):
    away = make("MSP", vendor, "Charlie IT")
    cursor = read(msp, now).cursor
    company_move(actor=actor, company=customer, parent=away, now=now)
    assert [(item["id"], item["deleted"]) for item in read(msp, now, cursor).items] == [(str(customer.uid), True)]
    assert str(customer.uid) in {item["id"] for item in read(away, now).items}


def test_a_closed_share_comes_as_deleted(agree, msp, customer, actor, now):
    agreement = agree(customer)
    cursor = read(msp, now).cursor
    agreement_close(actor=actor, agreement=agreement, now=now)
    assert [item["deleted"] for item in read(msp, now, cursor).items] == [True]


def test_an_activation_is_told_with_the_new_count(agree, activate, msp, customer, now):
    agree(customer)
    cursor = read(msp, now).cursor
    activate(customer, "pc-1", "pc-2")
    assert [item["used"] for item in read(msp, now, cursor).items] == [2]


def test_a_stop_and_its_undo_are_told_with_the_seat(agree, activate, msp, customer, actor, now):
    agree(customer)
    activate(customer, "pc-1", "pc-2")
    seat = Seat.objects.order_by("id")[0]
    cursor = read(msp, now).cursor
    later = now + timedelta(minutes=1)
    seats_deactivate(actor=actor, seat_uids=[seat.uid], now=later)
    stopped = read(msp, now, cursor)
    seats_resume(actor=actor, seat_uids=[seat.uid], now=later)
    resumed = read(msp, now, stopped.cursor)
    assert [item for item in stopped.items if item["kind"] == "seat"] == [
        {
            "kind": "seat",
            "id": str(seat.uid),
            "deleted": False,
            "license_public_id": seat.license.public_id,
            "company_id": str(customer.uid),
            "product": "endpoint-workstation",
            "key_thumbprint": seat.key_thumbprint,
            "state": "DEACTIVATED",
            "ended_at_us": int(later.timestamp() * 1_000_000),
        }
    ]
    told = [(item["state"], item["ended_at_us"]) for item in resumed.items if item["kind"] == "seat"]
    assert told == [("ACTIVE", None)]


def test_attack_a_reader_hears_of_no_strangers_stopped_seat(make, vendor, agree, activate, customer, actor, now):
    stranger = make("MSP", vendor, "Charlie IT")
    agree(customer)
    activate(customer, "pc-1")
    seats_deactivate(actor=actor, seat_uids=[Seat.objects.get().uid], now=now)
    assert kinds(read(stranger, now)) == ["company"]


def test_a_suspension_is_told(license, msp, actor, now):
    cursor = read(msp, now).cursor
    license_suspend(actor=actor, license=license, now=now)
    assert [item["state"] for item in read(msp, now, cursor).items] == ["SUSPENDED"]


def test_attack_a_reader_hears_of_no_strangers_company(make, vendor, msp, customer, now):
    stranger = make("MSP", vendor, "Charlie IT")
    assert {item["name"] for item in read(stranger, now).items if item["kind"] == "company"} == {"Charlie IT"}


def test_attack_a_cursor_of_another_scope(make, vendor, msp, customer, now):
    stranger = make("MSP", vendor, "Charlie IT")
    with pytest.raises(FeedCursorGoneError):
        read(stranger, now, read(msp, now).cursor)


def test_a_restored_hub_makes_everybody_read_in_full(msp, customer, now):
    cursor = read(msp, now).cursor
    FeedEntry.objects.update(xid=2**50)  # Written by a cluster whose transactions were far ahead.
    assert read(msp, now).items == []
    feed_reset()
    with pytest.raises(FeedCursorGoneError):
        read(msp, now, cursor)
    assert len(read(msp, now).items) == 2


@pytest.mark.parametrize("cursor", ["nonsense", "ü", "YQ", "A" * 500, "MS4yLjMuNA"])
def test_a_cursor_that_is_not_ours_is_refused(msp, now, cursor):
    with pytest.raises(FeedCursorInvalidError):
        read(msp, now, cursor)


def test_only_the_first_page_of_a_full_read_tells_how_many_there_are(agree, msp, customer, now):
    agree(customer)
    page = feed_read(scope=msp, cursor=None, limit=1, now=now)

    assert page.total == len({item["id"] for item in feed_read(scope=msp, cursor=None, limit=1000, now=now).items})
    assert feed_read(scope=msp, cursor=page.cursor, limit=1, now=now).total is None
