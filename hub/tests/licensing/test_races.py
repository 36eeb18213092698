"""Many writers against one real PostgreSQL: never one seat too many, no error, no deadlock."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from django.db import connection
from seatkeep_hub.companies.feed import feed_append, feed_scan
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.book import Deactivate, Operation
from seatkeep_hub.licensing.models import PoolNode, Seat, SeatEvent
from seatkeep_hub.licensing.seats import seats_apply, seats_deactivate
from seatkeep_hub.licensing.statements import run_async
from seatkeep_hub.licensing.transaction import Renewal, renewals_script, seats_script
from seatkeep_webkit.actors import Actor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

ACTOR = Actor.system("race")


def database_url() -> str:
    parameters = connection.get_connection_params()
    names = {"dbname": "dbname", "user": "user", "password": "password", "host": "host", "port": "port"}
    return psycopg.conninfo.make_conninfo(**{new: parameters[old] for new, old in names.items() if old in parameters})


@pytest.fixture
def repeatable_read_default() -> Iterator[None]:
    """The database's own default is REPEATABLE READ; the service must pin its level."""
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_isolation TO "repeatable read"')
    connection.close()
    yield
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" RESET default_transaction_isolation')
    connection.close()


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(number)` in threads that start together; errors are raised here."""
    barrier, results = threading.Barrier(count), [None] * count

    def one(number: int) -> None:
        try:
            barrier.wait(10)
            results[number] = work(number)
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


async def send(batches: Sequence[Sequence[Operation]], now: Any) -> list[str]:
    """One client of the fast path: its own connection, batch after batch."""
    codes: list[str] = []
    async with await psycopg.AsyncConnection.connect(database_url()) as raw:
        await raw.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
        for batch in batches:
            async with raw.transaction():
                answers = await run_async(raw, seats_script(batch, actor="race", now=now))
            codes += [answer.code for answer in answers]
    return codes


def clients(work: Sequence[Sequence[Sequence[Operation]]], now: Any) -> list[list[str]]:
    async def everybody() -> list[list[str]]:
        return await asyncio.gather(*[send(batches, now) for batches in work])

    return asyncio.run(everybody())


def contend_for_one(order, node, take, now) -> None:
    for round_number in range(10):
        root = node(order(quantity=1))
        results = in_threads(
            5,
            lambda number, root=root, round_number=round_number: (
                seats_apply(operations=[take(root, f"pc-{round_number}-{number}")], actor=ACTOR, now=now)[0].code
            ),
        )
        assert Counter(results) == {"new": 1, "no_seat_left": 4}


def test_one_seat_and_five_contenders(order, node, take, now):
    contend_for_one(order, node, take, now)


def test_one_seat_and_five_contenders_where_repeatable_read_is_the_default(
    repeatable_read_default, order, node, take, now
):
    contend_for_one(order, node, take, now)


def hundred_seats(order, node, take, now, rounds: int) -> None:
    root = node(order(quantity=100))
    for number in range(rounds):
        root = node(order(quantity=100))
        devices = [[take(root, f"{number}-{client}-{n}") for n in range(60)] for client in range(32)]
        work = [[mine[n : n + 30] for n in range(0, 60, 30)] for mine in devices]
        codes = Counter(code for answers in clients(work, now) for code in answers)
        assert codes == {"new": 100, "no_seat_left": 32 * 60 - 100}
        assert PoolNode.objects.get(pk=root.pk).used == Seat.objects.filter(node=root).count() == 100


def test_a_hundred_seats_and_thirty_two_clients_with_sixty_devices_each(order, node, take, now):
    hundred_seats(order, node, take, now, rounds=14)


def test_a_hundred_seats_where_repeatable_read_is_the_default(repeatable_read_default, order, node, take, now):
    hundred_seats(order, node, take, now, rounds=6)


def test_every_request_sent_twice_at_once_by_two_workers(order, node, take, now):
    root = node(order(quantity=600))
    wishes = [take(root, f"pc-{n}") for n in range(600)]
    batches = [wishes[n : n + 25] for n in range(0, 600, 25)]
    first, second = clients([batches, batches], now)
    pairs = Counter(tuple(sorted(pair)) for pair in zip(first, second, strict=True))
    assert pairs == {("held", "new"): 600}
    assert PoolNode.objects.get(pk=root.pk).used == Seat.objects.count() == SeatEvent.objects.count() == 600


def test_operations_over_two_leaves_never_deadlock(order, node, take, now, customer, other):
    license = order(quantity=2000)
    here, there = node(license, customer), node(license, other)
    work = []
    for client in range(8):
        order_of_leaves = [here, there] if client % 2 else [there, here]
        batches = [[take(leaf, f"{client}-{n}-{leaf.pk}") for leaf in order_of_leaves] for n in range(40)]
        work.append(batches)
    codes = Counter(code for answers in clients(work, now) for code in answers)
    assert codes == {"new": 640}
    assert [PoolNode.objects.get(pk=one.pk).used for one in (here, there)] == [320, 320]


def test_moves_between_two_customers_never_deadlock_or_lose_a_seat(order, node, take, now, customer, other):
    license = order(quantity=50)
    leaves = [node(license, customer), node(license, other)]
    work = [
        [[take(leaves[(client + turn) % 2], f"pc-{n}") for n in random.sample(range(20), 10)] for turn in range(12)]
        for client in range(6)
    ]
    clients(work, now)
    counts = [PoolNode.objects.get(pk=leaf.pk).used for leaf in leaves]
    assert counts == [Seat.objects.filter(node=leaf, state="ACTIVE").count() for leaf in leaves]
    assert sum(counts) == PoolNode.objects.get(pk=node(license).pk).used == 20


def test_renewals_beside_activations_and_stops_never_deadlock(order, node, take, now):
    root = node(order(quantity=500))
    seats_apply(operations=[take(root, f"pc-{n}") for n in range(60)], actor=ACTOR, now=now)
    seats = list(Seat.objects.values_list("uid", "key_thumbprint"))

    async def renew() -> None:
        async with await psycopg.AsyncConnection.connect(database_url()) as raw:
            for _ in range(25):
                batch = [Renewal(uid, key, 1) for uid, key in random.sample(seats, 30)]
                async with raw.transaction():
                    await run_async(raw, renewals_script(batch, now=now))

    async def everything() -> None:
        again = [[take(root, f"pc-{n}", key=f"k{turn}") for n in random.sample(range(60), 30)] for turn in range(25)]
        stops = [[Deactivate(uid) for uid, _ in random.sample(seats, 3)] for _ in range(25)]
        await asyncio.gather(renew(), renew(), send(again, now), send(stops, now))

    asyncio.run(everything())
    assert PoolNode.objects.get(pk=root.pk).used == Seat.objects.filter(state="ACTIVE").count()


def test_stopping_the_same_seats_from_two_pages_counts_each_once(order, node, take, now):
    root = node(order(quantity=100))
    seats_apply(operations=[take(root, f"pc-{n}") for n in range(40)], actor=ACTOR, now=now)
    uids = list(Seat.objects.values_list("uid", flat=True))
    counts = in_threads(2, lambda _: seats_deactivate(actor=ACTOR, seat_uids=uids, now=now))
    assert sum(counts) == 40
    assert PoolNode.objects.get(pk=root.pk).used == 0


def test_a_feed_reader_misses_no_change_of_concurrent_writers(msp, now):
    """Transactions that commit late, out of order and in bursts: the cursor passes none of them."""
    from uuid import uuid4

    from django.db import transaction

    total, writers = 40, 6
    written: list[Any] = [[uuid4() for _ in range(total)] for _ in range(writers)]
    is_done = threading.Event()

    def write(number: int) -> None:
        for uid in written[number]:
            with transaction.atomic():
                feed_append(kind="company", uid=uid, path=msp.path, now=now)
                threading.Event().wait(random.random() / 200)

    def read() -> list[Any]:
        scope, cursor, seen = Company.objects.get(pk=msp.pk), None, []
        while True:
            was_done = is_done.is_set()
            scan = feed_scan(scope=scope, cursor=cursor, limit=7)
            seen += [change.uid for change in scan.changes]
            cursor = str(scan.cursor)
            if was_done and not scan.changes:
                return seen

    seen: list[Any] = []
    reader = threading.Thread(target=lambda: (seen.extend(read()), connection.close()))
    reader.start()
    in_threads(writers, write)
    is_done.set()
    reader.join(30)
    expected = {uid for mine in written for uid in mine}
    ours = [uid for uid in seen if uid in expected]
    assert len(ours) == len(set(ours)) == len(expected) == total * writers
