"""A person without a browser: signs in, reads a form out of a page, fills it in, sends it.

So a bench acts through the same pages as a technician does, sign-in included.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from seatkeep_bench.errors import BenchError


@dataclass
class Form:
    """One form of a page.

    Attributes:
        action: Where it is sent.
        method: `get` or `post`.
        values: Field name → the values that it has now, hidden fields included.
        choices: Name of a select → value → what a person reads.
    """

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Tell whether the form has a field of this name."""
        return name in self.values or name in self.choices


class Page:
    """An answer with its forms and its links (address, words)."""

    def __init__(self, answer: httpx.Response) -> None:
        """Read the forms of an HTML answer."""
        self.answer = answer
        self.url = str(answer.url)
        self.text = answer.text
        reader = _FormReader(self.url)
        reader.feed(self.text)
        self.forms = reader.forms
        self.links = reader.links

    def form_with(self, *names: str) -> Form:
        """Return the first form that has all these fields.

        Raises:
            BenchError: The page has none.
        """
        for form in self.forms:
            if all(form.has(name) for name in names):
                return form
        raise BenchError(f"{self.url} has no form with {', '.join(names)} (HTTP {self.answer.status_code}).")


class Browser:
    """One session with cookies that follows redirects, also from one site to the other."""

    def __init__(self) -> None:
        """Start with no cookies."""
        self._client = httpx.Client(follow_redirects=True, timeout=30, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def cookies(self, host: str) -> str:
        """The `Cookie` header that this session sends to a host."""
        jar = self._client.cookies.jar
        kept = [one for one in jar if host.startswith(one.domain.lstrip(".").removesuffix(".local"))]
        return "; ".join(f"{one.name}={one.value}" for one in kept)

    def open(self, url: str) -> Page:
        """Get a page.

        Raises:
            BenchError: The server answers with an error.
        """
        return self._page(self._client.get(url))

    def submit(self, form: Form, **values: str | list[str]) -> Page:
        """Send a form with some values changed; errors as `open`."""
        data = form.values | {name: value if isinstance(value, list) else [value] for name, value in values.items()}
        if form.method == "get":
            return self._page(self._client.get(form.action, params=data))
        return self._page(self._client.post(form.action, data=data, headers={"Referer": form.action}))

    def api(self, method: str, url: str, body: object | None = None) -> Any:
        """Call the API with this person's session, as a page's script would.

        Raises:
            BenchError: The server answers with an error.
        """
        return self._checked(self.send(method, url, json=body)).json()

    def send(self, method: str, url: str, **more: Any) -> httpx.Response:
        """Send a request with this person's session, as a page's script would; whatever comes back.

        Args:
            method: Of HTTP.
            url: Where to.
            more: As `httpx.Client.request` takes it, headers excepted.
        """
        headers = {"Referer": url, "Idempotency-Key": str(uuid.uuid4())}
        host = urlsplit(url).hostname or ""
        for cookie in self._client.cookies.jar:
            if "csrf" in cookie.name and host.startswith(cookie.domain.lstrip(".").removesuffix(".local")):
                headers["X-CSRFToken"] = cookie.value or ""
        return self._client.request(method, url, headers=headers, **more)

    def sign_in(self, url: str, *, email: str, password: str) -> Page:
        """Open a page, signing in on the way where asked.

        Raises:
            BenchError: There is no sign-in form, or it came back, or the console is not linked yet.
        """
        page = self.open(url)
        for _ in range(6):
            way = _way_in(page)
            if urlsplit(page.url).path.startswith("/connect/"):
                raise BenchError(f"{url} lets nobody in before Licensing approved the console.")
            if way is None:
                return page
            is_password = way.has("password")
            page = self.submit(way, login=email, password=password) if is_password else self.submit(way)
        raise BenchError(f"Could not sign in at {url}; the last page was {page.url}: {_words(page.text)}")

    def _page(self, answer: httpx.Response) -> Page:
        return Page(self._checked(answer))

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            raise BenchError(
                f"{answer.request.method} {answer.url} answered {answer.status_code}: {_words(answer.text)}"
            )
        return answer


def _way_in(page: Page) -> Form | None:
    """Return the form that leads on to being signed in: by Licensing, by consent, by password; None when signed in."""
    for part in ("/oidc/", "/identity/"):
        for form in page.forms:
            if part in form.action and form.method == "post":
                return form
    return next((form for form in page.forms if form.has("login") and form.has("password")), None)


def _words(text: str) -> str:
    """Return what a person would read of an error page, shortened; faults of fields come first."""
    faults = re.findall(
        r'class="[^"]*(?:invalid-feedback|errorlist|alert)[^"]*"[^>]*>(.*?)</(?:div|ul)>', text, re.DOTALL
    )
    plain = re.sub(r"<(script|style|head).*?</\1>|<[^>]+>", " ", " ".join(faults) or text, flags=re.DOTALL)
    return " ".join(plain.split())[:300]


class _FormReader(HTMLParser):
    """Collects forms and the current values of their fields."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self._href: str | None = None
        self._url = url
        self._form: Form | None = None
        self._select: str | None = None
        self._textarea: str | None = None
        self._offered = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            action = given.get("action") or given.get("hx-post") or self._url
            method = "post" if "hx-post" in given else (given.get("method") or "get").lower()
            self._form = Form(urljoin(self._url, action), method)
            self.forms.append(self._form)
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self._select = given.get("name")
        elif tag == "option":
            self._option(given)
        elif tag == "textarea":
            self._textarea = given.get("name")
            self._add(self._textarea, "")
        elif tag == "a":
            self._href = urljoin(self._url, given.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "a":
            self._href = None

    def handle_data(self, data: str) -> None:
        if self._href is not None and data.strip():
            self.links.append((self._href, data.strip()))
        if self._select and self._form is not None and self._offered in self._form.choices.get(self._select, {}):
            self._form.choices[self._select][self._offered] += data.strip()
        if self._textarea and self._form is not None:
            self._form.values[self._textarea][-1] += data.removeprefix("\n")

    def _input(self, given: dict[str, str | None]) -> None:
        kind = (given.get("type") or "text").lower()
        if kind in ("submit", "button", "image", "file", "reset"):
            return
        if kind in ("checkbox", "radio") and "checked" not in given:
            if self._form is not None and given.get("name"):
                self._form.choices.setdefault(str(given["name"]), {})
            return
        self._add(given.get("name"), given.get("value") or ("on" if kind == "checkbox" else ""))

    def _option(self, given: dict[str, str | None]) -> None:
        if self._form is None or not self._select:
            return
        offered = self._form.choices.setdefault(self._select, {})
        value = given.get("value") or ""
        offered[value] = ""
        self._offered = value
        if "selected" in given or len(offered) == 1:
            self._form.values[self._select] = [value]

    def _add(self, name: str | None, value: str) -> None:
        if name and self._form is not None:
            self._form.values.setdefault(name, []).append(value)
