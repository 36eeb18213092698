"""No change is missed, whatever the order in which writers commit."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from seatkeep_webkit.errors import InvalidError
from seatkeep_webkit.outbox.models import ConsumerPosition, OutboxEvent
from seatkeep_webkit.outbox.selectors import OutboxCursor, outbox_read
from seatkeep_webkit.outbox.services import KEEP, consume, events_forget, outbox_append, transactions_rebase

WRITERS = 6
CHANGES = 60


ELSEWHERE = 2**50
"""A transaction id of a cluster that counted far ahead of this one."""


def _append(value: int, now: datetime) -> None:
    with transaction.atomic():
        outbox_append(topic="test", payload={"value": value}, now=now)


def _values(events: list[OutboxEvent]) -> list[int]:
    return [event.payload["value"] for event in events]


def test_an_event_without_its_transaction_is_refused(transactional_db: None, now: datetime) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        outbox_append(topic="test", payload={}, now=now)


def test_an_event_of_a_rolled_back_change_never_was(transactional_db: None, now: datetime) -> None:
    def fail() -> None:
        with transaction.atomic():
            outbox_append(topic="test", payload={}, now=now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert outbox_read(after=OutboxCursor.start()) == []


def test_a_late_commit_with_a_lower_id_is_not_skipped(transactional_db: None, now: datetime) -> None:
    opened, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                outbox_append(topic="test", payload={"value": 1}, now=now)
                opened.set()
                may_commit.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=slow_writer)
    thread.start()
    opened.wait(10)
    _append(2, now)
    while_open = outbox_read(after=OutboxCursor.start())
    naive_last_id = max(OutboxEvent.objects.values_list("id", flat=True))
    may_commit.set()
    thread.join()
    after_commit = [event.payload["value"] for event in outbox_read(after=OutboxCursor.start())]
    assert while_open == []
    assert after_commit == [1, 2]
    # A reader that had trusted the growing id would now miss the first change for ever.
    assert not OutboxEvent.objects.filter(id__gt=naive_last_id).exists()


def _writing(now: datetime) -> list[threading.Thread]:
    """Start writers whose transactions overlap; together they write each of `range(WRITERS * CHANGES)` once."""

    def writer(number: int) -> None:
        try:
            for change in range(CHANGES):
                with transaction.atomic():
                    outbox_append(topic="test", payload={"value": number * CHANGES + change}, now=now)
                    time.sleep(0.0005 * (change % 4))
        finally:
            connection.close()

    threads = [threading.Thread(target=writer, args=[number]) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.race
def test_concurrent_writers_no_change_missed_none_twice_in_order(transactional_db: None, now: datetime) -> None:
    threads = _writing(now)
    cursor, naive_id, seen, naive = OutboxCursor.start(), 0, [], []
    while any(thread.is_alive() for thread in threads) or outbox_read(after=cursor):
        for event in outbox_read(after=cursor, topics=["test"], limit=7):
            seen.append(event.payload["value"])
            cursor = event.cursor
        for event in OutboxEvent.objects.filter(id__gt=naive_id).order_by("id"):
            naive.append(event.payload["value"])
            naive_id = event.pk
    everything = set(range(WRITERS * CHANGES))
    assert sorted(seen) == sorted(everything)
    assert set(naive) != everything, "the naive cursor missed nothing, so this run proves nothing"


def test_consume_handles_each_once_and_rolls_back_with_its_handler(transactional_db: None, now: datetime) -> None:
    for value in range(5):
        _append(value, now)
    seen: list[int] = []

    def handler(events: list[OutboxEvent]) -> None:
        seen.extend(event.payload["value"] for event in events)
        if len(seen) == 3:
            raise RuntimeError("the handler failed")

    assert consume(name="reader", topics=["test"], handler=handler, limit=2, now=now) == 2
    with pytest.raises(RuntimeError):
        consume(name="reader", topics=["test"], handler=handler, limit=1, now=now)
    assert ConsumerPosition.objects.get(name="reader").cursor == outbox_read(after=OutboxCursor.start())[1].cursor
    assert consume(name="reader", topics=["test"], handler=lambda events: None, now=now) == 3
    assert consume(name="reader", topics=["test"], handler=handler, now=now) == 0


@pytest.mark.parametrize("text", ["", "1", "1-", "a-b", "-1-1", "1-1-1", "9" * 40 + "-1", "１-1"])
def test_a_garbage_cursor_is_a_clear_error(text: str) -> None:
    with pytest.raises(InvalidError):
        OutboxCursor.parse(text)


def test_a_cursor_is_read_back() -> None:
    assert OutboxCursor.parse(str(OutboxCursor(7, 9))) == OutboxCursor(7, 9)


def test_old_events_are_forgotten_once_the_slowest_reader_has_passed_them(
    transactional_db: None, now: datetime
) -> None:
    for value in range(3):
        _append(value, now)
    later = now + KEEP + timedelta(seconds=1)
    before = events_forget(now=later)
    consume(name="slow", topics=["test"], handler=lambda _: None, limit=1, now=now)
    consume(name="fast", topics=["test"], handler=lambda _: None, now=now)
    young, old = events_forget(now=now + KEEP), events_forget(now=later)
    left = [event.payload["value"] for event in outbox_read(after=OutboxCursor.start())]
    assert (before, young, old, left) == (0, 0, 1, [1, 2])


def test_after_a_restore_a_reader_gets_what_it_had_not_passed_and_what_comes_anew(
    transactional_db: None, now: datetime
) -> None:
    for value in range(3):
        _append(value, now)
    consume(name="reader", topics=["test"], handler=lambda _: None, limit=2, now=now)
    OutboxEvent.objects.update(xid=ELSEWHERE)
    ConsumerPosition.objects.update(xid=ELSEWHERE)
    _append(3, now)
    seen: list[int] = []
    assert consume(name="reader", topics=["test"], handler=lambda events: seen.extend(_values(events)), now=now) == 0

    transactions_rebase()
    _append(4, now)

    consume(name="reader", topics=["test"], handler=lambda events: seen.extend(_values(events)), now=now)
    assert seen == [2, 3, 4]


@pytest.mark.race
def test_after_a_restore_concurrent_writers_lose_no_change_and_leave_none_stuck(
    transactional_db: None, now: datetime
) -> None:
    old = [-3, -2, -1]
    for value in old:
        _append(value, now)
    consume(name="reader", topics=["test"], handler=lambda _: None, limit=1, now=now)
    OutboxEvent.objects.update(xid=ELSEWHERE)
    ConsumerPosition.objects.update(xid=ELSEWHERE)
    transactions_rebase()

    threads, seen = _writing(now), list[int]()
    while any(thread.is_alive() for thread in threads):
        consume(name="reader", topics=["test"], handler=lambda events: seen.extend(_values(events)), limit=7, now=now)
    consume(name="reader", topics=["test"], handler=lambda events: seen.extend(_values(events)), now=now)

    assert seen[:2] == old[1:]
    assert sorted(seen[2:]) == list(range(WRITERS * CHANGES))


def test_after_a_restore_an_event_that_a_late_commit_had_held_back_comes_and_its_followers_again(
    transactional_db: None, now: datetime
) -> None:
    for value in range(4):
        _append(value, now)
    first, late, *rest = OutboxEvent.objects.order_by("id")
    OutboxEvent.objects.filter(pk=first.pk).update(xid=ELSEWHERE)
    OutboxEvent.objects.filter(pk__in=[event.pk for event in rest]).update(xid=ELSEWHERE + 1)
    OutboxEvent.objects.filter(pk=late.pk).update(xid=ELSEWHERE + 2)
    ConsumerPosition.objects.create(name="reader", xid=ELSEWHERE + 1, event_id=rest[-1].pk, updated_at=now)

    transactions_rebase()

    assert _values(outbox_read(after=ConsumerPosition.objects.get().cursor)) == [1, 2, 3]


def test_after_a_restore_a_reader_that_had_passed_all_gets_nothing_twice(transactional_db: None, now: datetime) -> None:
    for value in range(3):
        _append(value, now)
    consume(name="reader", topics=["test"], handler=lambda _: None, now=now)
    before = ConsumerPosition.objects.get().event_id

    transactions_rebase()
    transactions_rebase()

    position = ConsumerPosition.objects.get().cursor
    assert position == OutboxCursor(0, before)
    assert outbox_read(after=position) == []
