"""The demo's browser reads forms as a real one does."""

from __future__ import annotations

import httpx
from seatkeep_launcher.demo.browser import _page

HTML = """
<form action="/search"><input name="q"></form>
<form method="post" hx-post="/dialog/?x=1"><input type="hidden" name="csrfmiddlewaretoken" value="t">
<input type="radio" name="kind" value="a"><input type="radio" name="kind" value="b" checked>
<input type="checkbox" name="later"><select name="zone"><option value="1">One</option><option value="2"
 selected>Two</option>
</select><textarea name="note">
hello</textarea><button type="submit" name="back" value="1">Back</button></form><a href="/customers/1/">Brandt</a>
"""


def test_form_has_what_stands_in_its_fields() -> None:
    request = httpx.Request("GET", "http://console.localhost:8080/page/")
    page = _page(httpx.Response(200, text=HTML, request=request))
    form = page.form("kind", "later")
    assert form.action == "http://console.localhost:8080/dialog/?x=1"
    assert form.values == {"csrfmiddlewaretoken": ["t"], "kind": ["b"], "zone": ["2"], "note": ["hello"]}
    assert form.choices["kind"] == ["a", "b"]
    assert page.links == [("http://console.localhost:8080/customers/1/", "Brandt")]
