"""A feed that no hub sends: so many companies in memory, to measure and to try a synchronization of their size."""

from __future__ import annotations

from uuid import UUID, uuid5

import msgspec

from seatkeep_manager.hublink.adapters.messages import SyncPage

_SPACE = UUID("5ea7ceed-0000-4000-8000-000000000000")
CUSTOMERS_PER_MSP = 500


class MadeUpFeed:
    """Stands where `sync_run` asks a hub: one distributor, its MSPs, their customers, in the order of a hub.

    Args:
        customers: How many.
    """

    def __init__(self, customers: int) -> None:
        msps = max(1, -(-customers // CUSTOMERS_PER_MSP))
        self._items = [_company("root", "Distributor", "DISTRIBUTOR", None)]
        self._items += [_company(f"msp-{n}", f"MSP {n}", "MSP", "root") for n in range(msps)]
        self._items += [
            _company(f"customer-{n}", f"Customer {n}", "CUSTOMER", f"msp-{n % msps}") for n in range(customers)
        ]
        self._msps = msps

    def sync_page(self, *, cursor: str, limit: int = 500) -> SyncPage:
        """One page, as a hub gives it; the cursor is a number."""
        start = int(cursor or 0)
        items = self._items[start : start + limit]
        end = start + len(items)
        return SyncPage(
            feed="made-up",
            cursor=str(end),
            more=end < len(self._items),
            protocol=1,
            items=[msgspec.Raw(item) for item in items],
            total=None if cursor else len(self._items),
        )

    def rename(self, number: int, name: str) -> None:
        """Let the feed tell that a customer has another name."""
        self._items.append(_company(f"customer-{number}", name, "CUSTOMER", f"msp-{number % self._msps}"))


def _company(key: str, name: str, kind: str, parent: str | None) -> bytes:
    item = {
        "kind": "company", "id": str(uuid5(_SPACE, key)), "name": name, "company_kind": kind, "state": "ACTIVE",
        "parent_id": str(uuid5(_SPACE, parent)) if parent else None,
    }  # fmt: skip
    return msgspec.json.encode(item)
