"""The rows of `bench-hub`: each measures one thing and its floor in the same minute."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import quote

from seatkeep_license.keys import SigningKey

from seatkeep_bench.floors import seat_upserts_per_second
from seatkeep_bench.hub import floors, takes
from seatkeep_bench.hub.readers import Follower, owner_looks
from seatkeep_bench.hub.sizes import HubSizes
from seatkeep_bench.hub.stack import HubStack
from seatkeep_bench.hub.world import Division, World
from seatkeep_bench.results import Better, Row, row
from seatkeep_bench.stats import percentile

PACE = 2_000.0
WARM_UP = 1_000
"""Requests before each row of devices that are not counted: one of each license."""

FLOOR_ROWS = 4_000
WORDS = ("dental bratislava", "maple legal", "clinic 00012", "ghent", "0001234", "spruce motors turin", "c1234", "oak")
"""What people type into the search: words, parts of numbers, a customer number."""

_SECONDS = re.compile(r"([\d.]+) s\s*$")
_TOTAL = re.compile(r"(\d+) minor units")


class Measures:
    """Everything that the rows share: the hub, its data, and who asks."""

    def __init__(self, stack: HubStack, world: World, sizes: HubSizes) -> None:
        """Take a running hub and its data maker."""
        self.stack, self.world, self.sizes = stack, world, sizes
        self.key = SigningKey.generate()
        self.taken: takes.Taken | None = None
        self._cursors: dict[int, str] = {}

    # -- what devices do

    def activation_spread(self, division: Division) -> Row:
        """New devices by license key, over 1,000 licenses."""
        keys = self.world.keys(division, self.sizes.keys)
        self._warm_up(takes.by_key(keys))
        taken = self._take(takes.by_key(keys))
        self.taken = taken
        return self._activation("activation_spread", 4_000, taken)

    def activation_one_license(self, division: Division) -> Row:
        """New devices on one license; then exactly as many as one license has left."""
        first, second = self.world.keys(division, 2)
        self._warm_up(takes.by_key([first]))
        taken = self._take(takes.by_key([first]))
        limit = max(10, self.sizes.activations // 20)
        self.world.limit(second, limit)
        asyncio.run(takes.take_beyond(self.stack.fast_url, self.stack.device_url, second, limit))
        self.world.unlimit(second)
        return self._activation("activation_one_license", 4_000, taken)

    def activation_with_ticket(self, division: Division, distributor: int) -> Row:
        """New devices with tickets of a console, each bound to the device's key."""
        key = SigningKey.generate()
        instance = self.world.instance(distributor, key)
        shares = self.world.shares(division, self.sizes.keys)
        right = takes.by_ticket(shares, instance, key, self.stack.device_url)
        self._warm_up(right)
        return self._activation("activation_with_ticket", 3_000, self._take(right))

    def activation_p99(self, division: Division) -> Row:
        """2,000 requests a second whatever comes back: the 99th percentile of the answers."""
        right = takes.by_key(self.world.keys(division, self.sizes.keys))
        self._warm_up(right)
        run = takes.take_at(self.stack.fast_url, self.stack.device_url, right, self.sizes.open_loop, PACE)
        seconds = asyncio.run(run)
        batch = 64_000 / seat_upserts_per_second(self.stack.database, FLOOR_ROWS)
        return row(
            "activation_p99_at_2000",
            value=percentile(seconds, 0.99) * 1_000,
            unit="ms",
            better=Better.LOWER,
            goal=60,
            floor=batch,
            p50=percentile(seconds, 0.50),
            p99=percentile(seconds, 0.99),
        )

    def renewal(self, name: str, workers: int, goal: float) -> Row:
        """Leases of seats that were just taken."""
        if self.taken is None:
            raise LookupError("no seats were taken")
        with self.stack.fast_workers(workers) as url:
            asyncio.run(takes.renew(url, self.stack.device_url, self.taken.seats[:WARM_UP]))
            done = asyncio.run(takes.renew(url, self.stack.device_url, self.taken.seats))
        return row(
            name,
            value=done.per_second,
            unit="/s",
            better=Better.HIGHER,
            goal=goal,
            floor=floors.seat_updates_per_second(self.world.connection, FLOOR_ROWS),
            p50=percentile(done.seconds, 0.50),
            p99=percentile(done.seconds, 0.99),
        )

    def _warm_up(self, right: takes.Right) -> None:
        asyncio.run(takes.take(self.stack.fast_url, self.stack.device_url, right, WARM_UP))

    def _take(self, right: takes.Right) -> takes.Taken:
        return asyncio.run(takes.take(self.stack.fast_url, self.stack.device_url, right, self.sizes.activations))

    def _activation(self, name: str, goal: float, taken: takes.Taken) -> Row:
        return row(
            name,
            value=taken.per_second,
            unit="/s",
            better=Better.HIGHER,
            goal=goal,
            floor=seat_upserts_per_second(self.stack.database, FLOOR_ROWS),
            p50=percentile(taken.seconds, 0.50),
            p99=percentile(taken.seconds, 0.99),
        )

    # -- what managers read

    def sync_full(self, division: Division, growth_of: float | None = None) -> tuple[Row, float]:
        """A full read of a division's feed; also gives the seconds of one item."""
        follower = self._follower(division)
        begun = time.perf_counter()
        self._cursors[division.id], items = follower.read()
        seconds = time.perf_counter() - begun
        follower.close()
        each = seconds / items
        full = row(
            "sync_full",
            value=seconds,
            unit="s",
            better=Better.LOWER,
            goal=30,
            floor=floors.read_scope_seconds(self.world.connection, division),
            growth=each / growth_of if growth_of else None,
        )
        return full, each

    def sync_delta(self, division: Division) -> Row:
        """One change: committed, then read by a manager that stands right before it."""
        follower = self._follower(division)
        cursor, _ = follower.read(self._cursors.get(division.id))
        seconds = []
        for _ in range(self.sizes.looks):
            self._touch(division)
            begun = time.perf_counter()
            cursor, items = follower.read(cursor)
            seconds.append(time.perf_counter() - begun)
            if items != 1:
                raise LookupError(f"{items} changes came instead of one")
        self._cursors[division.id] = cursor
        follower.close()
        value = percentile(seconds, 0.95) * 1_000
        floor = percentile(floors.change_seconds(self.world.connection, self.sizes.looks), 0.95) * 1_000
        return row(
            "sync_delta",
            value=value,
            unit="ms",
            better=Better.LOWER,
            goal=50,
            floor=floor,
            p50=percentile(seconds, 0.50),
        )

    def _follower(self, division: Division) -> Follower:
        key = SigningKey.generate()
        return Follower(self.stack, self.world.instance(division.id, key), key)

    def _touch(self, division: Division) -> None:
        self.world.connection.execute(
            "INSERT INTO companies_feedentry (kind, uid, path, is_deleted, at)"
            " SELECT 'company', uid, path, false, now() FROM companies_company WHERE id = %s",
            [division.id],
        )

    # -- what is counted and billed

    def usage_day(self, day: date, growth_of: float | None = None) -> tuple[Row, float]:
        """One day of usage of every share; also gives the seconds of one share."""
        seconds = self._seconds_of("usage_recount", str(day), str(day))
        each = seconds / self.world.count("agreements_agreement")
        counted = row(
            "usage_day_1m",
            value=seconds,
            unit="s",
            better=Better.LOWER,
            goal=8,
            floor=floors.copy_day_seconds(self.world.connection, day),
            growth=each / growth_of if growth_of else None,
        )
        return counted, each

    def month_close(
        self, seller: uuid.UUID, first: date, customers: int, growth_of: float | None = None
    ) -> tuple[Row, float]:
        """Every statement of an MSP's month counted once more and closed; also gives the seconds of one."""
        month = f"{first:%Y-%m}"
        drafted = _TOTAL.search(self.stack.command("month_close", str(seller), month))
        total = drafted[1] if drafted else "0"
        seconds = self._seconds_of("month_close", str(seller), month, "--total-minor", total)
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        each = seconds / customers
        closed = row(
            "month_close",
            value=seconds,
            unit="s",
            better=Better.LOWER,
            goal=10,
            floor=floors.sum_month_seconds(self.world.connection, seller, first, last),
            growth=each / growth_of if growth_of else None,
        )
        return closed, each

    def _seconds_of(self, *words: str) -> float:
        found = _SECONDS.search(self.stack.command(*words))
        if found is None:
            raise LookupError(f"{words[0]} does not say how long it took")
        return float(found[1])

    # -- what people look at

    def pages(self, paths: Sequence[str]) -> tuple[Row, dict[str, float]]:
        """Each page of the portal in turn; also gives the 95th percentile of each, seconds."""
        looker = owner_looks(self.stack)
        found = looker.seconds(paths, self.sizes.looks)
        floor = looker.seconds(["/healthz"], self.sizes.looks)["/healthz"]
        looker.close()
        by_path = {path: percentile(seconds, 0.95) for path, seconds in found.items()}
        everything = [one for seconds in found.values() for one in seconds]
        value = percentile(everything, 0.95) * 1_000
        looked = row(
            "page_p95",
            value=value,
            unit="ms",
            better=Better.LOWER,
            goal=100,
            floor=percentile(floor, 0.95) * 1_000,
            p50=percentile(everything, 0.50),
            p99=percentile(everything, 0.99),
        )
        return looked, by_path

    def search(self, name: str, growth_of: float | None = None) -> Row:
        """What somebody types into the search field at the top of each page."""
        looker = owner_looks(self.stack)
        found = looker.seconds([f"/search/?q={quote(words)}" for words in WORDS], self.sizes.looks)
        looker.close()
        everything = [one for seconds in found.values() for one in seconds]
        value = percentile(everything, 0.95) * 1_000
        raw = floors.search_seconds(self.world.connection, [_grams(words) for words in WORDS])
        return row(
            name,
            value=value,
            unit="ms",
            better=Better.LOWER,
            goal=50,
            floor=percentile(raw, 0.95) * 1_000,
            p50=percentile(everything, 0.50),
            p99=percentile(everything, 0.99),
            growth=value / growth_of if growth_of else None,
        )


def _grams(words: str) -> list[str]:
    return sorted({word[at : at + 3] for word in words.split() for at in range(max(1, len(word) - 2))})
