"""What there is already, as the planner sees it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Place:
    """A company that exists; `values` holds its form fields as texts, `uid` stands for its number where it has none."""

    id: int
    key: str
    name: str
    kind: str
    status: str
    parent_id: int | None
    path: tuple[int, ...]
    can_write: bool
    values: Mapping[str, str] = field(default_factory=dict)
    uid: str = ""

    @property
    def handle(self) -> str:
        """What a file calls it: its number, or its id where it has none."""
        return self.key or self.uid


class Offer(NamedTuple):
    """A license that can be shared, with the codes of its products."""

    id: int
    public_id: str
    owner_id: int
    kind: str
    products: frozenset[str]


class Numbers(NamedTuple):
    """What is agreed for one product."""

    mode: str
    quantity: int = 0
    on_exceed: str = "FLAG"
    warn_above: int | None = None
    stop_above: int | None = None


@dataclass(slots=True)
class World:
    """Companies from the target down (removed ones left out), licenses in use, open agreements.

    Attributes:
        target: The company that the import goes into; rows without a parent come to stand below it.
        places: By id.
        offers: Licenses by their shareable id.
        agreed: Open agreements by company id, license id and product code.
    """

    target: Place
    places: dict[int, Place]
    offers: dict[str, Offer] = field(default_factory=dict)
    agreed: dict[tuple[int, int, str], Numbers] = field(default_factory=dict)
    by_key: dict[str, list[Place]] = field(init=False)
    by_name: dict[tuple[int, str], Place] = field(init=False)

    def __post_init__(self) -> None:
        self.by_key, self.by_name = {}, {}
        for place in self.places.values():
            if place.handle:
                self.by_key.setdefault(place.handle, []).append(place)
            if place.parent_id is not None:
                self.by_name[place.parent_id, place.name.lower()] = place

    def shared_above(self, owner_ids: tuple[int, ...]) -> list[Offer]:
        """MSP licenses that a company with these companies above it can have a share of."""
        return [one for one in self.offers.values() if one.kind == "MSP" and one.owner_id in owner_ids]
