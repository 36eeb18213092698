"""A person without a screen: follows links, fills forms, keeps cookies, calls the API as the pages do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

SKIPPED_INPUTS = {"submit", "button", "image", "reset", "file"}


class PageError(Exception):
    """A page or an API answered otherwise than a person would expect."""


@dataclass
class Form:
    """One form of a page.

    Attributes:
        action: Where it goes, absolute.
        method: get or post.
        values: Fields with what stands in them; a field may stand several times.
        buttons: Names and values of its buttons.
        choices: Every value that a select or a group of radio buttons offers.
    """

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def has(self, *names: str) -> bool:
        """Whether all these fields stand in the form."""
        return all(name in self.values or name in self.choices for name in names)


class _Forms(HTMLParser):
    """Collects forms, links and text of a page."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.text: list[str] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._area: str | None = None
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        handlers: dict[str, Callable[[dict[str, str]], None]] = {
            "form": self._begin_form, "input": self._input, "button": self._button, "select": self._begin_select,
            "option": self._option, "textarea": self._begin_area, "a": self._begin_link,
        }  # fmt: skip
        if tag in handlers:
            handlers[tag](values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None
        elif tag == "a":
            self._href = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._form is not None:
            self._form.values[self._area] = [data.removeprefix("\n")]
        elif data.strip():
            self.text.append(data.strip())
            if self._href is not None:
                self.links.append((self._href, data.strip()))

    def _begin_form(self, values: dict[str, str]) -> None:
        action = values.get("action") or values.get("hx-post") or self.address
        method = "post" if "hx-post" in values else values.get("method", "get").lower()
        self._form = Form(urljoin(self.address, action), method)
        self.forms.append(self._form)

    def _input(self, values: dict[str, str]) -> None:
        kind, name = values.get("type", "text"), values.get("name", "")
        if self._form is None or not name or kind in SKIPPED_INPUTS:
            return
        if kind in {"checkbox", "radio"}:
            self._form.choices.setdefault(name, []).append(values.get("value", "on"))
            if "checked" not in values:
                return
        self._form.values.setdefault(name, []).append(values.get("value", "on" if kind == "checkbox" else ""))

    def _button(self, values: dict[str, str]) -> None:
        if self._form is not None and values.get("type", "submit") == "submit":
            self._form.buttons.append((values.get("name", ""), values.get("value", "")))

    def _begin_select(self, values: dict[str, str]) -> None:
        self._select = values.get("name")
        if self._form is not None and self._select:
            self._form.choices.setdefault(self._select, [])

    def _option(self, values: dict[str, str]) -> None:
        if self._form is None or not self._select:
            return
        offered = self._form.choices[self._select]
        offered.append(values.get("value", ""))
        if "selected" in values or len(offered) == 1:
            self._form.values[self._select] = [values.get("value", "")]

    def _begin_area(self, values: dict[str, str]) -> None:
        self._area = values.get("name")
        if self._form is not None and self._area:
            self._form.values.setdefault(self._area, [""])

    def _begin_link(self, values: dict[str, str]) -> None:
        self._href = urljoin(self.address, values.get("href", ""))


@dataclass
class Page:
    """What a person sees.

    Attributes:
        address: After all redirects.
        forms: In order.
        links: (address, text).
        text: Everything readable, one string.
        html: The source.
    """

    address: str
    status: int
    forms: list[Form]
    links: list[tuple[str, str]]
    text: str
    html: str

    def form(self, *names: str) -> Form:
        """The first form that has all these fields.

        Raises:
            PageError: There is none.
        """
        for form in self.forms:
            if form.has(*names):
                return form
        raise PageError(f"{self.address} has no form with {', '.join(names)}; it says: {self.text[:300]}")

    def form_to(self, part: str) -> Form:
        """The first form whose address contains `part`.

        Raises:
            PageError: There is none.
        """
        for form in self.forms:
            if part in urlsplit(form.action).path:
                return form
        raise PageError(f"{self.address} has no form to {part}; it says: {self.text[:300]}")


class Browser:
    """One person's session on both sites.

    Args:
        verify: CA file for HTTPS, or True for the system's.
    """

    def __init__(self, verify: str | bool = True) -> None:
        self._client = httpx.Client(
            follow_redirects=True, timeout=30, trust_env=False, verify=verify, headers={"Accept": "text/html"}
        )

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the session."""
        self._client.close()

    def get(self, address: str) -> Page:
        """Open an address.

        Raises:
            PageError: It answers with an error.
        """
        return _page(self._client.get(address))

    def submit(self, form: Form, button: tuple[str, str] | None = None, **fields: str | list[str]) -> Page:
        """Fill fields and press a button (the first one unless told).

        Raises:
            PageError: The form came back with errors, or the answer is an error.
        """
        data: dict[str, Any] = {**form.values, **fields}
        if button is None and form.buttons:
            button = form.buttons[0]
        if button is not None and button[0]:
            data[button[0]] = button[1]
        if form.method == "get":
            return _page(self._client.get(form.action, params=data))
        return self.post(form.action, data)

    def post(self, address: str, data: dict[str, Any]) -> Page:
        """Send fields as a form does.

        Raises:
            PageError: The answer is an error.
        """
        return _page(self._post(address, data))

    def download(self, form: Form) -> bytes:
        """Press the button of a form that answers with a file.

        Raises:
            PageError: The answer is an error.
        """
        answer = self._post(form.action, dict(form.values))
        if answer.is_error:
            raise PageError(f"{form.action}: {answer.status_code}")
        return answer.content

    def _post(self, address: str, data: dict[str, Any]) -> httpx.Response:
        return self._client.post(address, data=data, headers={"Referer": address, "Origin": _origin(address)})

    def api(self, method: str, address: str, body: object | None = None, *, key: str | None = None) -> Any:
        """Call the API with this person's session, as the pages' own scripts do.

        Raises:
            PageError: The answer is an error; its code and details are in the message.
        """
        headers = {"Accept": "application/json", "Referer": address, "Origin": _origin(address)}
        host = urlsplit(address).hostname or ""
        for cookie in self._client.cookies.jar:
            if "csrf" in cookie.name and cookie.domain.strip(".").removesuffix(".local") == host.removesuffix(".local"):
                headers["X-CSRFToken"] = cookie.value or ""
        if key is not None:
            headers["Idempotency-Key"] = key
        answer = self._client.request(method, address, json=body, headers=headers)
        if answer.is_error:
            raise PageError(f"{method} {address}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None


def _page(answer: httpx.Response) -> Page:
    parser = _Forms(str(answer.url))
    parser.feed(answer.text)
    page = Page(str(answer.url), answer.status_code, parser.forms, parser.links, " ".join(parser.text), answer.text)
    if answer.is_error:
        raise PageError(f"{answer.request.method} {page.address}: {answer.status_code} {page.text[:500]}")
    return page


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
