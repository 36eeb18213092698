"""The planner alone: what a row would do, and every fault with its column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_hub.imports.cells import Entry, wish_of
from seatkeep_hub.imports.form import guess, mapping_faults
from seatkeep_hub.imports.planning import plan, steps_in_order
from seatkeep_hub.imports.world import Numbers, Offer, Place, World

MSP = Place(1, "", "MSP A", "MSP", "ACTIVE", None, (1,), can_write=True)
KEPT = {"tags": "old", "custom_identifier": "K-1"}
BAKERY = Place(2, "K-1", "Bakery", "CUSTOMER", "ACTIVE", 1, (1, 2), can_write=True, values=KEPT)
OFFER = Offer(9, "AAA-BBB-CCC", 1, "MSP", frozenset({"work", "server"}))
DISTRIBUTOR = Place(1, "", "Distri", "DISTRIBUTOR", "ACTIVE", None, (1,), can_write=True)


def world(*places: Place, target: Place = MSP, **agreed: Numbers) -> World:
    found = {(2, 9, product): numbers for product, numbers in agreed.items()}
    return World(target, {one.id: one for one in (target, *places)}, {OFFER.public_id: OFFER}, found)


def rows(*texts: dict[str, str]) -> list[Entry]:
    return [Entry(number, one) for number, one in enumerate(texts, start=2)]


def row(key: str, name: str = "", **texts: str) -> dict[str, str]:
    return {"custom_identifier": key, "name": name, **texts}


def faults(entries: list[Entry], at: World) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for one in plan(entries, at) for fault in one.faults]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"name": "X"}, [("custom_identifier", "needed")]),
        (row("K-2"), [("name", "needed")]),
        (row("K-2", "x" * 201), [("name", "too_long")]),
        (row("K-2", "A", email="a b"), [("email", "not_an_email")]),
        (row("K-2", "A", country="Germany"), [("country", "not_a_country")]),
        (row("K-2", "A", time_zone="Mars/Base"), [("time_zone", "unknown_time_zone")]),
        (row("K-2", "A", kind="PLANET"), [("kind", "unknown_choice")]),
        (row("K-2", "A", kind="DISTRIBUTOR"), [("kind", "kind_not_there")]),
        (row("K-2", "bakery"), [("name", "name_taken")]),
        (row("K-2", "A", parent_identifier="K-99"), [("parent_identifier", "unknown_parent")]),
        (row("K-2", "A", parent_identifier="K-1"), [("kind", "kind_not_there")]),
        (row("K-2", "A", parent_identifier="K-2"), [("parent_identifier", "cycle")]),
        (row("K-1", kind="MSP"), [("kind", "kind_stays")]),
        (row("K-1", parent_identifier="K-7"), [("parent_identifier", "parent_stays")]),
        (row("K-1", seats="5"), [("product", "needed")]),
        (row("K-1", product="work", seats="-5"), [("seats", "not_a_number")]),
        (row("K-1", product="work", seats="1e3"), [("seats", "not_a_number")]),
        (row("K-1", product="work", seats="9999999"), [("seats", "number")]),
        (row("K-1", product="work", agreement="FIXED"), [("seats", "number")]),
        (row("K-1", product="work", agreement="SOME"), [("agreement", "unknown_choice")]),
        (row("K-1", product="work", seats="5", on_exceed="EXPLODE"), [("on_exceed", "unknown_choice")]),
        (row("K-1", product="phone", seats="5"), [("product", "unknown_choice")]),
        (row("K-1", product="work", license="XXX-XXX-XXX", seats="5"), [("license", "unknown_license")]),
    ],
)  # fmt: skip
def test_a_fault_names_its_column(texts: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert faults(rows(texts), world(BAKERY)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([row("K-2", "A"), row("K-2", "A")], [("custom_identifier", "duplicate")] * 2),
        ([row("K-2", "A"), row("K-3", "a")], [("name", "name_twice")] * 2),
        (
            [row("K-2", "A", product="work", seats="1"), row("K-2", "B", product="server", seats="1")],
            [("name", "contradicts")],
        ),
        (
            [row("K-2", "A", product="work", seats="1"), row("K-2", license="AAA-BBB-CCC", product="work", seats="2")],
            [("custom_identifier", "duplicate")],
        ),
    ],
)  # fmt: skip
def test_rows_that_do_not_go_together(lines: list[dict[str, str]], expected: list[tuple[str, str]]) -> None:
    assert faults(rows(*lines), world()) == expected


def test_parents_come_first_whatever_the_order_of_the_file() -> None:
    lines = rows(
        row("C", "Customer", parent_identifier="M"),
        row("M", "Managed", kind="MANAGED_MSP", parent_identifier="G"),
        row("G", "Manager", kind="MSP_MANAGER"),
    )
    found = plan(lines, world(target=DISTRIBUTOR))
    assert not any(one.faults for one in found)
    assert [one.key for one in steps_in_order(found)] == ["G", "M", "C"]


def test_a_circle_of_three_is_three_faults() -> None:
    lines = rows(*(row(key, key, kind="MSP", parent_identifier=above) for key, above in ("AB", "BC", "CA")))
    assert faults(lines, world(target=DISTRIBUTOR)) == [("parent_identifier", "cycle")] * 3


def test_what_hangs_on_a_bad_row_says_so() -> None:
    lines = rows(row("C", "Customer", parent_identifier="M"), row("M", "", kind="MSP"))
    assert faults(lines, world(target=DISTRIBUTOR)) == [("parent_identifier", "parent_bad"), ("name", "needed")]


def test_an_empty_cell_keeps_what_is_there() -> None:
    agreed = Numbers("FIXED", 5, "REFUSE")
    (found,) = plan(rows(row("K-1", product="work", seats="5")), world(BAKERY, work=agreed))
    assert found.result == "SAME"


def test_another_number_of_seats_is_a_change() -> None:
    (found,) = plan(rows(row("K-1", product="work", seats="6")), world(BAKERY, work=Numbers("FIXED", 5, "REFUSE")))
    assert (found.result, found.changes) == ("CHANGE", {"seats": ("FIXED 5 REFUSE", "FIXED 6 REFUSE")})
    assert found.agreement
    assert found.agreement.numbers == Numbers("FIXED", 6, "REFUSE")


def test_a_company_that_may_only_be_read_is_not_changed() -> None:
    bakery = Place(2, "K-1", "Bakery", "CUSTOMER", "ACTIVE", 1, (1, 2), can_write=False)
    assert faults(rows(row("K-1", "B")), world(bakery)) == [("custom_identifier", "may_not")]


def test_two_companies_with_one_number_are_not_guessed_between() -> None:
    twin = Place(3, "K-1", "Twin", "CUSTOMER", "ACTIVE", 1, (1, 3), can_write=True)
    assert faults(rows(row("K-1", "B")), world(BAKERY, twin)) == [("custom_identifier", "ambiguous")]


KEYS = st.sampled_from(["", "A", "B", "C", "K-1"])
TREES = st.lists(st.tuples(KEYS, KEYS, st.sampled_from(["", "X", "Y"])), max_size=6)


@given(lines=TREES)
def test_every_file_gets_one_answer_per_row_and_faulty_rows_do_nothing(lines: list[tuple[str, str, str]]) -> None:
    entries = rows(*(row(key, name, parent_identifier=above) for key, above, name in lines))
    found = plan(entries, world(BAKERY))
    assert [one.number for one in found] == [entry.number for entry in entries]
    for one in found:
        assert bool(one.faults) == (one.result == "ERROR")
        assert not (one.faults and (one.company or one.agreement))


@given(texts=st.dictionaries(st.sampled_from(["custom_identifier", "seats", "tags", "kind", "email"]), st.text()))
def test_no_text_breaks_the_reader(texts: dict[str, str]) -> None:
    assert wish_of(Entry(2, texts)).number == 2


def test_columns_are_guessed_by_the_names_that_others_use() -> None:
    assert guess(["Company name", "Custom ID", "Quantity"], {}) == {"custom_identifier": 1, "name": 0, "seats": 2}


def test_a_mapping_that_cannot_be() -> None:
    found = mapping_faults({"name": 0, "email": 0, "kind": 9, "planet": 1}, ["a", "b"])
    assert found == {
        "email": "column_twice", "kind": "unknown_column", "planet": "unknown_field", "custom_identifier": "needed"
    }  # fmt: skip


def test_an_empty_cell_keeps_what_is_there_unless_told_to_erase() -> None:
    empty = rows(row("K-1", tags="", email="", time_zone=""))
    assert plan(empty, world(BAKERY))[0].result == "SAME"
    (erased,) = plan(empty, world(BAKERY), erases_empty=True)
    assert erased.changes == {"tags": ("old", "")}


def test_what_the_first_row_leaves_empty_another_row_of_the_company_gives() -> None:
    first = row("K-1", tags="", product="work", seats="1")
    second = row("K-1", tags="gold", product="server", seats="1")
    planned = plan(rows(first, second), world(BAKERY), erases_empty=True)
    assert planned[0].changes["tags"] == ("old", "gold")
    assert planned[1].faults == []


def test_a_company_without_a_number_is_found_by_its_id_and_keeps_none() -> None:
    cafe = Place(5, "", "Cafe", "CUSTOMER", "ACTIVE", 1, (1, 5), can_write=True, uid="018f-cafe")
    (planned,) = plan(rows(row("018f-cafe", city="Rome")), world(cafe))
    assert planned.changes == {"city": ("", "Rome")}


def test_a_company_without_a_number_is_a_parent_by_its_id() -> None:
    msp = Place(5, "", "Partner", "MANAGED_MSP", "ACTIVE", 1, (1, 5), can_write=True, uid="018f-msp")
    (planned,) = plan(rows(row("K-8", "New", parent_identifier="018f-msp")), world(msp))
    assert planned.company is not None
    assert planned.company.parent_id == 5
