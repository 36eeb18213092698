"""`seatkeep-bench hub`: fill a hub step by step, and measure each row at the size that it is about."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from seatkeep_bench.hub.measures import Measures
from seatkeep_bench.hub.ring import Ring
from seatkeep_bench.hub.sizes import HubSizes
from seatkeep_bench.hub.stack import HubStack, hub_stack
from seatkeep_bench.hub.world import Division, World, now_utc
from seatkeep_bench.results import Better, Row
from seatkeep_bench.sheet import Sheet, Tell, Wanted

WANTED = (
    Wanted("activation_spread", "/s", Better.HIGHER, 4_000),
    Wanted("activation_one_license", "/s", Better.HIGHER, 4_000),
    Wanted("activation_with_ticket", "/s", Better.HIGHER, 3_000),
    Wanted("activation_p99_at_2000", "ms", Better.LOWER, 60),
    Wanted("renewal_1_worker", "/s", Better.HIGHER, 6_000),
    Wanted("renewal_2_workers", "/s", Better.HIGHER, 8_000),
    Wanted("sync_full", "s", Better.LOWER, 30),
    Wanted("sync_delta", "ms", Better.LOWER, 50),
    Wanted("usage_day_1m", "s", Better.LOWER, 8),
    Wanted("month_close", "s", Better.LOWER, 10),
    Wanted("page_p95", "ms", Better.LOWER, 100),
    Wanted("search_50k", "ms", Better.LOWER, 50),
    Wanted("search_500k", "ms", Better.LOWER, 50),
)


def hub_bench(folder: Path, sizes: HubSizes, tell: Tell) -> list[Row]:
    """Measure the hub on a stack of the bench's own.

    Args:
        folder: Gets the stack; that of the last run is removed.
        sizes: How much.
        tell: Gets a line per step.

    Raises:
        BenchError: The stack does not start, or the data are not in order; a row that fails raises nothing.
    """
    with hub_stack(folder / "hub-stack", tell) as stack:
        ring = Ring.load(Path(stack.environment["SEATKEEP_KEYRING"]))
        with closing(World(stack.database, ring, now_utc())) as world:
            return _Run(stack, world, sizes, tell).all()


class _Run:
    """One run: the data grow from a tenth to all, and rows are measured on the way."""

    def __init__(self, stack: HubStack, world: World, sizes: HubSizes, tell: Tell) -> None:
        self._world, self._sizes, self._tell = world, sizes, tell
        self._measures = Measures(stack, world, sizes)
        self._sheet = Sheet(WANTED, tell)
        self._small: dict[str, Any] = {}

    def all(self) -> list[Row]:
        self._tenth()
        base = self._base()
        self._whole(base)
        for fault in self._world.faults():
            self._tell(f"NOT IN ORDER: {fault}")
        return self._sheet.rows()

    def _tenth(self) -> None:
        """A tenth of what managers read and of what is counted and billed."""
        sheet, measures = self._sheet, self._measures
        tenth = self._region("Tenth", "tenth")
        self._region("Few shares", "few_shares")
        with sheet.trying("sync_full"):
            self._small["sync"] = measures.sync_full(tenth)[1]
        with sheet.trying("usage_day_1m"):
            self._small["usage"] = measures.usage_day(self._world.day)[1]
        with sheet.trying("month_close"):
            self._small["month"] = self._month("Closing tenth", "closing_tenth")[1]

    def _base(self) -> Division:
        """50,000 companies and 200,000 licensed shares."""
        sheet, measures, small = self._sheet, self._measures, self._small
        base = self._region("Base", "base")
        with sheet.trying("sync_full"):
            sheet.put(measures.sync_full(base, small.get("sync"))[0])
        with sheet.trying("sync_delta"):
            sheet.put(measures.sync_delta(base))
        with sheet.trying("search_50k"):
            sheet.put(measures.search("search_50k"))
            small["search"] = sheet.rows()[-2].value
        with sheet.trying("page_p95"):
            looked, by_path = measures.pages(self._paths(base))
            sheet.put(looked)
            self._tell_pages(by_path)
        with sheet.trying("activation_spread"):
            sheet.put(measures.activation_spread(base))
        self._devices(base)
        with sheet.trying("month_close"):
            sheet.put(self._month("Closing", "closing", small.get("month"))[0])
        return base

    def _devices(self, base: Division) -> None:
        sheet, measures = self._sheet, self._measures
        with sheet.trying("renewal_1_worker"):
            sheet.put(measures.renewal("renewal_1_worker", 1, 6_000))
        with sheet.trying("renewal_2_workers"):
            sheet.put(measures.renewal("renewal_2_workers", 2, 8_000))
        with sheet.trying("activation_one_license"):
            sheet.put(measures.activation_one_license(base))
        with sheet.trying("activation_with_ticket"):
            sheet.put(measures.activation_with_ticket(base, self._distributor()))
        with sheet.trying("activation_p99_at_2000"):
            sheet.put(measures.activation_p99(base))

    def _whole(self, base: Division) -> None:
        """500,000 companies and 1,000,000 shares."""
        sheet, measures, small = self._sheet, self._measures, self._small
        self._region("Many shares", "many_shares")
        self._region("More companies", "more_companies")
        with sheet.trying("usage_day_1m"):
            sheet.put(measures.usage_day(self._world.day - timedelta(days=1), small.get("usage"))[0])
        with sheet.trying("search_500k"):
            sheet.put(measures.search("search_500k", small.get("search")))
        with sheet.trying("page_p95"):
            looked, by_path = measures.pages(self._paths(base))
            sheet.grown("page_p95", looked.value)
            self._tell_pages(by_path)
        with sheet.trying("sync_delta"):
            sheet.grown("sync_delta", measures.sync_delta(base).value)
        with sheet.trying("activation_spread"):
            sheet.grown("activation_spread", measures.activation_spread(base).value)

    def _tell_pages(self, by_path: dict[str, float]) -> None:
        for path, seconds in sorted(by_path.items(), key=lambda one: -one[1]):
            self._tell(f"  {seconds * 1_000:8.1f} ms  {path}")

    def _region(self, name: str, size: str) -> Division:
        begun = perf_counter()
        division = self._world.region(name, getattr(self._sizes, size))
        self._tell(f"made {name.lower()}: {getattr(self._sizes, size)} in {perf_counter() - begun:.1f} s")
        return division

    def _month(self, name: str, size: str, growth_of: float | None = None) -> tuple[Row, float]:
        first = (self._world.now.date().replace(day=1) - timedelta(days=1)).replace(day=1)
        seller = self._world.month(self._region(name, size), _with_31_days(first))
        customers = getattr(self._sizes, size).customers
        return self._measures.month_close(seller, _with_31_days(first), customers, growth_of)

    def _distributor(self) -> int:
        return int(self._world.ids("SELECT id FROM companies_company WHERE kind = 'DISTRIBUTOR'")[0])

    def _paths(self, base: Division) -> list[str]:
        """Pages as they are for a distributor, and those of one MSP, customer and license."""
        world = self._world
        msp = world.ids("SELECT uid FROM companies_company WHERE parent_id = %s ORDER BY id LIMIT 1", base.id)[0]
        customer = world.ids("SELECT c.uid FROM companies_company c JOIN companies_company m ON m.id = c.parent_id"
                             " WHERE m.uid = %s ORDER BY c.id LIMIT 1", msp)[0]  # fmt: skip
        shared = world.ids("SELECT l.uid FROM licensing_license l JOIN companies_company m ON m.id = l.owner_id"
                            " WHERE m.uid = %s ORDER BY l.id LIMIT 1", msp)[0]  # fmt: skip
        return [
            "/",
            "/companies/",
            f"/companies/{msp}/",
            f"/companies/{customer}/",
            "/licenses/",
            f"/licenses/{shared}/",
            "/seats/",
            "/usage/",
            "/statements/",
            "/prices/",
            "/users/",
            "/audit/",
            "/imports/",
            "/consoles/",
        ]


def _with_31_days(first: date) -> date:
    """A month of 31 days, at or before the one that begins so."""
    while (first + timedelta(days=30)).month != first.month:
        first = (first - timedelta(days=1)).replace(day=1)
    return first
