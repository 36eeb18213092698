"""Decides what each row of a file would do to what there is already. Pure.

The rules: the custom identifier is the key (a company's id, where it has none); an empty cell keeps what is there,
unless the import was told that it erases; a company is never moved, never changes
its kind and never comes back from removal by an import; a row with a fault names the column, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.imports.cells import Entry, Fault, Wish, numbers_faults, wish_of
from seatkeep_hub.imports.enums import RowResult
from seatkeep_hub.imports.form import KEY
from seatkeep_hub.imports.world import Numbers, Offer, Place, World

CLOSED_STATUSES = frozenset({"SUSPENDED", "REMOVED"})


@dataclass(slots=True)
class CompanyStep:
    """A company to be made (`place` is None) or changed.

    Attributes:
        key: Its custom identifier.
        parent_id: Of the company above, where that exists; else `parent_key` is another one of the file.
        depth: Of the company, the root being 1: parents come first.
        values: Fields to write, as texts; `custom_identifier` too where a company of that name had none.
    """

    key: str
    place: Place | None
    parent_id: int | None
    parent_key: str
    kind: str
    depth: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class AgreementStep:
    """An agreement to be made or changed."""

    key: str
    license_id: int
    product: str
    numbers: Numbers


@dataclass(slots=True)
class RowPlan:
    """What one row would do. `changes` holds before and after, by field."""

    number: int
    key: str
    name: str = ""
    result: RowResult = RowResult.SAME
    faults: list[Fault] = field(default_factory=list)
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    company: CompanyStep | None = None
    agreement: AgreementStep | None = None


@dataclass(slots=True)
class _Spot:
    """Where a company of the file stands or will stand; `path` holds ids that exist already."""

    wish: Wish
    place: Place | None
    parent_id: int | None = None
    parent_key: str = ""
    kind: str = ""
    depth: int = 0
    path: tuple[int, ...] = ()
    is_bad: bool = False


def plan(entries: Iterable[Entry], world: World, *, erases_empty: bool = False) -> list[RowPlan]:
    """Plan every row, in the order of the file. Planning again what was applied gives nothing but SAME.

    Args:
        entries: The rows.
        world: What there is already.
        erases_empty: Whether an empty cell erases what is there, where a field can be empty.
    """
    wishes = [wish_of(entry, erases_empty=erases_empty) for entry in entries]
    groups = _groups(wishes)
    spots = {key: _Spot(group[0], _existing(group[0], world)) for key, group in groups.items()}
    _stand(spots, world)
    _names_check(spots, world)
    for spot in spots.values():
        spot.is_bad = bool(spot.wish.faults)
    agreed: dict[tuple[str, int, str], int] = {}
    found: dict[int, RowPlan] = {}
    for wish in wishes:
        stands = spots.get(wish.key)
        found[wish.number] = _row(wish, stands, world, agreed) if stands else RowPlan(wish.number, wish.key)
    for wish in wishes:
        _settle(found[wish.number], wish)
    return [found[wish.number] for wish in wishes]


def steps_in_order(rows: Sequence[RowPlan]) -> list[RowPlan]:
    """Rows that make or change a company, those above first."""
    return sorted((row for row in rows if row.company), key=lambda row: (row.company.depth, row.number))  # type: ignore[union-attr]  # filtered


def _groups(wishes: Sequence[Wish]) -> dict[str, list[Wish]]:
    """Rows by key; the first row of each speaks for the company, the others must not contradict it."""
    groups: dict[str, list[Wish]] = {}
    products: dict[tuple[str, str, str], Wish] = {}
    for wish in wishes:
        if not wish.key:
            continue
        first = products.setdefault((wish.key, wish.license, wish.product), wish)
        if first is not wish:
            wish.faults.append(Fault(KEY, "duplicate", str(first.number)))
            if not any(fault.code == "duplicate" for fault in first.faults):
                first.faults.append(Fault(KEY, "duplicate", str(wish.number)))
        group = groups.setdefault(wish.key, [])
        if group and first is wish:
            _agree(group[0], wish)
        group.append(wish)
    return groups


def _agree(first: Wish, other: Wish) -> None:
    """What the first row leaves empty another may give; what both give must be the same."""
    for name, value in other.values.items():
        first.values[name] = first.values.get(name) or value
        if value and first.values[name] != value:
            other.faults.append(Fault(name, "contradicts", str(first.number)))
    for name, column in (("kind", "kind"), ("parent_key", "parent_identifier")):
        said, value = getattr(first, name), getattr(other, name)
        if value and not said:
            setattr(first, name, value)
        elif value and value != said:
            other.faults.append(Fault(column, "contradicts", str(first.number)))


def _existing(wish: Wish, world: World) -> Place | None:
    found = world.by_key.get(wish.key, [])
    if len(found) > 1:
        wish.faults.append(Fault(KEY, "ambiguous", str(len(found))))
    if found:
        return found[0]
    # A company of that name without a number of its own is the one that is meant.
    parents = world.by_key.get(wish.parent_key, []) if wish.parent_key else [world.target]
    same = world.by_name.get((parents[0].id, wish.values.get("name", "").lower())) if len(parents) == 1 else None
    return same if same and not same.key else None


def _stand(spots: dict[str, _Spot], world: World) -> None:
    """Find every company's place, parents before children, whatever their order in the file."""
    done: set[str] = set()
    for key in spots:
        chain: list[str] = []
        at = key
        while at in spots and at not in done and at not in chain:
            chain.append(at)
            at = spots[at].wish.parent_key if spots[at].place is None else ""
        for one in chain[chain.index(at) :] if at in chain else []:
            spots[one].wish.faults.append(Fault("parent_identifier", "cycle"))
            spots[one].is_bad = True
        for one in reversed(chain):
            _stand_one(spots[one], spots, world)
            done.add(one)


def _stand_one(spot: _Spot, spots: dict[str, _Spot], world: World) -> None:
    if spot.is_bad:
        return
    if spot.place is not None:
        _stand_existing(spot, spot.place, world)
    else:
        _stand_new(spot, spots, world)
    spot.is_bad = bool(spot.wish.faults)


def _stand_existing(spot: _Spot, place: Place, world: World) -> None:
    wish = spot.wish
    spot.parent_id, spot.kind, spot.depth, spot.path = place.parent_id, place.kind, len(place.path), place.path
    if not place.can_write:
        wish.faults.append(Fault(KEY, "may_not"))
    if wish.kind and wish.kind != place.kind:
        wish.faults.append(Fault("kind", "kind_stays", place.kind))
    if wish.parent_key:
        above = world.places.get(place.parent_id or 0)
        if above is None or wish.parent_key != above.handle:
            wish.faults.append(Fault("parent_identifier", "parent_stays", above.name if above else ""))


def _stand_new(spot: _Spot, spots: dict[str, _Spot], world: World) -> None:
    wish = spot.wish
    above = _above(wish, spots, world)
    if above is None:
        return
    spot.parent_id, spot.parent_key, parent_kind, spot.path, depth, status = above
    spot.depth = depth + 1
    spot.kind = wish.kind or _usual_kind(parent_kind)
    if not wish.values.get("name"):
        wish.faults.append(Fault("name", "needed"))
    is_kind_known = not any(fault.field == "kind" for fault in wish.faults)
    if is_kind_known and spot.kind not in company_rules.child_kinds(parent_kind):
        wish.faults.append(Fault("kind", "kind_not_there", parent_kind))
    if spot.depth > company_rules.MAX_DEPTH:
        wish.faults.append(Fault("parent_identifier", "too_deep", str(company_rules.MAX_DEPTH)))
    if status in CLOSED_STATUSES:
        wish.faults.append(Fault("parent_identifier", "parent_closed"))


def _above(
    wish: Wish, spots: dict[str, _Spot], world: World
) -> tuple[int | None, str, str, tuple[int, ...], int, str] | None:
    """Id or key, kind, path, depth and status of the company above; None with a fault where there is none."""
    if wish.parent_key in spots and spots[wish.parent_key].place is None:
        spot = spots[wish.parent_key]
        if spot.is_bad:
            wish.faults.append(Fault("parent_identifier", "parent_bad", str(spot.wish.number)))
            return None
        return None, wish.parent_key, spot.kind, spot.path, spot.depth, "ACTIVE"
    found = world.by_key.get(wish.parent_key, []) if wish.parent_key else [world.target]
    adopted = spots[wish.parent_key].place if wish.parent_key in spots else None
    found = found or ([adopted] if adopted else [])
    if len(found) != 1:
        wish.faults.append(Fault("parent_identifier", "ambiguous" if found else "unknown_parent", str(len(found))))
        return None
    place = found[0]
    if not place.can_write:
        wish.faults.append(Fault("parent_identifier", "may_not"))
        return None
    return place.id, "", place.kind, place.path, len(place.path), place.status


def _usual_kind(parent_kind: str) -> str:
    kinds = company_rules.child_kinds(parent_kind)
    return "CUSTOMER" if "CUSTOMER" in kinds else kinds[0].value if len(kinds) == 1 else ""


def _names_check(spots: dict[str, _Spot], world: World) -> None:
    """No two siblings have one name, be they in the file or here already."""
    taken: dict[tuple[int | str, str], Wish] = {}
    for spot in spots.values():
        name = spot.wish.values.get("name", "").lower()
        parent: int | str | None = spot.parent_id if spot.parent_id is not None else spot.parent_key
        if not name or not parent:
            continue
        first = taken.setdefault((parent, name), spot.wish)
        if first is not spot.wish:
            spot.wish.faults.append(Fault("name", "name_twice", str(first.number)))
            first.faults.append(Fault("name", "name_twice", str(spot.wish.number)))
        holder = world.by_name.get((parent, name)) if isinstance(parent, int) else None
        if holder is not None and (spot.place is None or holder.id != spot.place.id):
            spot.wish.faults.append(Fault("name", "name_taken", holder.key))


def _row(wish: Wish, spot: _Spot, world: World, agreed: dict[tuple[str, int, str], int]) -> RowPlan:
    row = RowPlan(wish.number, wish.key, spot.wish.values.get("name") or (spot.place.name if spot.place else ""))
    if spot.wish is wish:
        _company_plan(row, spot)
    elif spot.is_bad and not wish.faults:
        wish.faults.append(Fault(KEY, "company_bad", str(spot.wish.number)))
    if wish.numbers is not None:
        _agreement_plan(row, wish, spot, world, agreed)
    return row


def _company_plan(row: RowPlan, spot: _Spot) -> None:
    place, values = spot.place, dict(spot.wish.values)
    if place is not None:
        if not place.key and spot.wish.key != place.uid:
            values[KEY] = spot.wish.key
        before = {**place.values, "name": place.name, KEY: place.key}
        values = {name: value for name, value in values.items() if before.get(name, "") != value}
        row.changes.update({name: (before.get(name, ""), value) for name, value in values.items()})
        if not values:
            return
    else:
        values = {name: value for name, value in values.items() if value}
        row.changes.update({name: ("", value) for name, value in values.items() if name != "name"})
    row.result = RowResult.CHANGE if place else RowResult.CREATE
    row.company = CompanyStep(spot.wish.key, place, spot.parent_id, spot.parent_key, spot.kind, spot.depth, values)


def _agreement_plan(
    row: RowPlan, wish: Wish, spot: _Spot, world: World, agreed: dict[tuple[str, int, str], int]
) -> None:
    offer = _offer(wish, spot, world)
    if offer is None or wish.numbers is None:
        return
    first = agreed.setdefault((wish.key, offer.id, wish.product), wish.number)
    if first != wish.number:
        wish.faults.append(Fault(KEY, "duplicate", str(first)))
    if spot.place is not None and spot.place.status in CLOSED_STATUSES:
        wish.faults.append(Fault("product", "company_closed"))
    before = world.agreed.get((spot.place.id, offer.id, wish.product)) if spot.place else None
    after = _merged(wish.numbers, before)
    wish.faults += [] if wish.faults else numbers_faults(after)
    if before == after:
        return
    if row.result == RowResult.SAME:
        row.result = RowResult.CHANGE if before else RowResult.CREATE
    row.changes["seats"] = (_said(before), _said(after))
    row.agreement = AgreementStep(wish.key, offer.id, wish.product, after)


def _merged(wanted: Numbers, before: Numbers | None) -> Numbers:
    """What the row leaves empty stays as it is, or becomes the usual."""
    kept = before or Numbers("FLEXIBLE")
    mode = wanted.mode or kept.mode
    if mode != kept.mode:
        kept = Numbers(mode, on_exceed=kept.on_exceed)
    return Numbers(
        mode,
        wanted.quantity or kept.quantity,
        wanted.on_exceed or kept.on_exceed,
        kept.warn_above if wanted.warn_above is None else wanted.warn_above,
        kept.stop_above if wanted.stop_above is None else wanted.stop_above,
    )


def _offer(wish: Wish, spot: _Spot, world: World) -> Offer | None:
    """The license that the row means: the named one, or the only one that the customer shares anyway."""
    path = spot.path
    if wish.license:
        offer = world.offers.get(wish.license.upper())
        offers = [offer] if offer and offer.owner_id in path else []
        missing = "unknown_license"
    else:
        offers = world.shared_above(path)
        missing = "choose_license" if offers else "no_license"
    if len(offers) != 1:
        wish.faults.append(Fault("license", missing))
        return None
    if offers[0].kind != "MSP":
        wish.faults.append(Fault("license", "not_shared"))
    if wish.product and wish.product not in offers[0].products:
        wish.faults.append(Fault("product", "unknown_choice", ", ".join(sorted(offers[0].products))))
    return offers[0]


def _settle(row: RowPlan, wish: Wish) -> None:
    # Only now, because a later row can find fault with an earlier one.
    row.faults = list(dict.fromkeys(wish.faults))
    if row.faults:
        row.result, row.company, row.agreement = RowResult.ERROR, None, None


def _said(numbers: Numbers | None) -> str:
    """Short, for people and programs: "FIXED 12", "FIXED 12 REFUSE", "FLEXIBLE stop 20"."""
    if numbers is None:
        return ""
    is_strict = numbers.mode == "FIXED" and numbers.on_exceed == "REFUSE"
    parts = [numbers.mode, str(numbers.quantity) if numbers.quantity else "", "REFUSE" if is_strict else ""]
    parts += [f"warn {numbers.warn_above}" if numbers.warn_above is not None else ""]
    parts += [f"stop {numbers.stop_above}" if numbers.stop_above is not None else ""]
    return " ".join(part for part in parts if part)
