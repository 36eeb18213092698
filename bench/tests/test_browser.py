"""Reading forms as a person does."""

from __future__ import annotations

import httpx
import pytest
from seatkeep_bench.browser import Page
from seatkeep_bench.errors import BenchError

HTML = """
<a href="/customers/1/">Bakery</a>
<form method="post" action="/save/"><input type="hidden" name="csrf" value="t">
<input name="name" value="old"><input type="checkbox" name="on" checked><input type="checkbox" name="off">
<select name="group"><option value="1">All</option><option value="2" selected>Bakery</option></select>
<textarea name="note">
two
lines</textarea><button name="go" value="1">Save</button></form>
<form hx-post="/live/"><input name="q"></form>
"""


def page() -> Page:
    return Page(httpx.Response(200, text=HTML, request=httpx.Request("GET", "https://console.example.com/x/")))


def test_form_is_read_with_what_stands_in_it() -> None:
    form = page().form_with("name", "group")

    assert (form.action, form.method) == ("https://console.example.com/save/", "post")
    assert form.values == {"csrf": ["t"], "name": ["old"], "on": ["on"], "group": ["2"], "note": ["two\nlines"]}
    assert form.choices["group"] == {"1": "All", "2": "Bakery"}
    assert form.has("off")


def test_form_of_a_script_is_read_too() -> None:
    assert page().form_with("q").method == "post"


def test_links_are_read_with_their_words() -> None:
    assert page().links == [("https://console.example.com/customers/1/", "Bakery")]


def test_form_that_is_not_there_is_named() -> None:
    with pytest.raises(BenchError, match="password"):
        page().form_with("password")
