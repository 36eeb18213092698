"""The tree beside a table."""

from __future__ import annotations

from django.template import Context, Template
from seatkeep_webkit.trees import TreeItem, current_label, open_to_current


def _tree() -> list[TreeItem]:
    leaf = TreeItem("Till <1>", "/?g=4", count=2, is_current=True)
    return [TreeItem("All", "/", children=[TreeItem("A", "/?g=2", children=[TreeItem("B", "/?g=3", children=[leaf])])])]


def test_the_way_to_the_current_place_is_open() -> None:
    items = _tree()
    open_to_current(items, levels=0)
    assert [items[0].is_open, items[0].children[0].is_open, items[0].children[0].children[0].is_open] == [True] * 3


def test_other_places_below_the_first_levels_stay_closed() -> None:
    items = [TreeItem("All", "/", children=[TreeItem("A", "/a", children=[TreeItem("B", "/b")])])]
    open_to_current(items, levels=1)
    assert (items[0].is_open, items[0].children[0].is_open) == (True, False)


def test_the_current_place_has_a_name() -> None:
    assert current_label(_tree()) == "Till <1>"


def test_attack_markup_in_a_name_is_text() -> None:
    html = Template("{% load webkit %}{% tree items 'Groups' %}").render(Context({"items": _tree()}))
    assert "Till &lt;1&gt;" in html
    assert "<1>" not in html


def test_what_stands_below_the_current_place_is_in_sight() -> None:
    current = TreeItem("Practice", "/", is_current=True, children=[TreeItem("Below", "/below")])
    open_to_current([current], levels=0)
    assert current.is_open
