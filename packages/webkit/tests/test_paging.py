"""Keyset paging and search."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_webkit.errors import InvalidError
from seatkeep_webkit.paging import paginate
from seatkeep_webkit.search import query_trigrams, search_filter, trigrams
from seatkeep_webkit.testing.models import Computer

from .conftest import make_computers

ORDERS = [("name", "pk"), ("-name", "-pk"), ("seen_at", "pk"), ("-seen_at", "-pk"), ("-state", "customer", "pk")]


def _walk(order: tuple[str, ...], limit: int) -> tuple[list[int], list[str | None]]:
    ids: list[int] = []
    cursors: list[str | None] = [None]
    while True:
        page = paginate(Computer.objects.all(), order=order, cursor=cursors[-1], limit=limit)
        ids += [item.pk for item in page.items]
        if page.next_cursor is None:
            return ids, cursors
        cursors.append(page.next_cursor)


@pytest.mark.parametrize("order", ORDERS)
def test_walking_pages_gives_every_row_once_in_the_databases_order(db: None, order: tuple[str, ...]) -> None:
    make_computers(23)
    ids, _cursors = _walk(order, 4)
    assert ids == list(Computer.objects.order_by(*order).values_list("pk", flat=True))


@pytest.mark.parametrize("order", ORDERS)
def test_the_page_before_is_the_page_before(db: None, order: tuple[str, ...]) -> None:
    make_computers(23)
    _ids, cursors = _walk(order, 4)
    third = paginate(Computer.objects.all(), order=order, cursor=cursors[2], limit=4)
    back = paginate(Computer.objects.all(), order=order, cursor=third.previous_cursor, limit=4)
    second = paginate(Computer.objects.all(), order=order, cursor=cursors[1], limit=4)
    assert back.items == second.items
    assert back.next_cursor is not None


def test_a_row_that_comes_meanwhile_shifts_nothing(db: None) -> None:
    make_computers(6)
    first = paginate(Computer.objects.all(), order=("name", "pk"), limit=3)
    Computer.objects.create(name="pc-0000a", customer="new")
    second = paginate(Computer.objects.all(), order=("name", "pk"), cursor=first.next_cursor, limit=3)
    assert [row.name for row in second.items] == ["pc-0003", "pc-0004", "pc-0005"]


def _forged(**body: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")


FORGED = [
    _forged(o="name,pk", r=False, v=["a\0", 1]),
    _forged(o="name,pk", r=False, v=["a", "x"]),
    _forged(o="name,pk", r=False, v=["a"]),
    _forged(o="-name,-pk", r=False, v=["a", 1]),
    _forged(o="name,pk", r="no", v=["a", 1]),
    _forged(o="name,pk", r=False, v=3),
    "null",
    "é",
    "A",
    "[" * 5000,
]


@pytest.mark.parametrize("cursor", FORGED)
def test_attack_forged_cursor_is_a_clear_error(db: None, cursor: str) -> None:
    with pytest.raises(InvalidError) as refused:
        paginate(Computer.objects.all(), order=("name", "pk"), cursor=cursor)
    assert refused.value.error_code == "cursor_invalid"


def test_a_cursor_beyond_all_numbers_gives_an_answer(db: None) -> None:
    cursor = _forged(o="name,pk", r=False, v=["a", 10**30])
    assert paginate(Computer.objects.all(), order=("name", "pk"), cursor=cursor).items == []


@given(st.text(max_size=60))
def test_attack_garbage_cursor_is_a_clear_error(text: str) -> None:
    if not text:
        return
    with pytest.raises(InvalidError):
        paginate(Computer.objects.all(), order=("name", "pk"), cursor=text)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_bounds_is_refused(limit: int) -> None:
    with pytest.raises(InvalidError):
        paginate(Computer.objects.all(), order=("pk",), limit=limit)


@given(st.text(max_size=40), st.data())
def test_every_part_of_a_word_is_found(text: str, data: st.DataObject) -> None:
    words = text.replace("\0", " ").casefold().split()
    if words:
        word = data.draw(st.sampled_from(words))
        assert set(query_trigrams(word)) <= set(trigrams(text))


def test_search_finds_parts_without_accents_and_starts_by_two_letters(db: None) -> None:
    make_computers(10)
    found = [search_filter(Computer.objects.all(), "search", text).count() for text in ("0007", "mull", "mü", "xx", "")]
    assert found == [1, 5, 5, 0, 10]
