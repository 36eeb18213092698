"""How much data the hub's benches are measured with."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Region:
    """MSPs below one division; each customer of an MSP has a share of each of the MSP's licenses.

    Attributes:
        msps: How many MSPs.
        customers: Customers of each.
        licenses: Licenses of each.
    """

    msps: int
    customers: int
    licenses: int

    @property
    def companies(self) -> int:
        """MSPs and customers."""
        return self.msps * (1 + self.customers)

    @property
    def shares(self) -> int:
        """Customers' shares of licenses."""
        return self.msps * self.customers * self.licenses


@dataclass(frozen=True)
class HubSizes:
    """What is measured; the defaults take about ten minutes on two quiet cores.

    Attributes:
        tenth: What a manager reads in full, a tenth of `base`: growth is judged by it.
        base: 50,000 companies and 200,000 licensed shares.
        few_shares: With `tenth` 100,000 shares, a tenth of the day of usage.
        many_shares: With all others 1,000,000.
        more_companies: With all others 500,000.
        closing_tenth: An MSP with a tenth of the customers whose month is closed.
        closing: An MSP whose month is closed.
        keys: Licenses over which activations are spread.
        activations: Requests of each activation row.
        open_loop: Requests of the row at 2,000/s.
        looks: How often each page and search is asked for.
    """

    tenth: Region = field(default=Region(500, 10, 4))
    base: Region = field(default=Region(4_500, 10, 4))
    few_shares: Region = field(default=Region(32, 50, 50))
    many_shares: Region = field(default=Region(288, 50, 50))
    more_companies: Region = field(default=Region(38_000, 10, 0))
    closing_tenth: Region = field(default=Region(1, 1_000, 1))
    closing: Region = field(default=Region(1, 10_000, 1))
    keys: int = 1_000
    activations: int = 6_000
    open_loop: int = 8_000
    looks: int = 20


TINY = HubSizes(
    tenth=Region(2, 3, 1),
    base=Region(4, 3, 1),
    few_shares=Region(1, 2, 2),
    many_shares=Region(1, 4, 2),
    more_companies=Region(3, 2, 0),
    closing_tenth=Region(1, 2, 1),
    closing=Region(1, 4, 1),
    keys=3,
    activations=300,
    open_loop=200,
    looks=2,
)
"""Enough to see that every row is measured."""
