"""Every page of both sites that its owner can click to, once each, and what makes a page pass."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from .journey import Journey

PHONE_WIDTH = 360
GRAVE = ("serious", "critical")
LINKS = "all => all.map(one => one.href)"
ONE_OF_MANY = re.compile(r"/(?:[0-9a-f-]{36}|[A-Z0-9]{3}(?:-[A-Z0-9]{3}){2}|\d[\d-]*|[\w-]{20,})(?=/)")
"""The part of an address that says which one: a page is looked at once, not for each of its objects."""
NO_PAGE = re.compile(r"^/(?:api|static|agent)/|\.\w+$|/(?:logout|export|download|template)/$")
TYPED = {
    "licensing": ("/welcome/kit/", "/welcome/", "/link/", "/search/?q=Bakery", "/audit/?q=zzzz", "/nothing-here/"),
    "console": ("/i/", "/search/?q=till", "/computers/?q=zzzz", "/?snoozed=1", "/nothing-here/"),
}
"""What no link leads to, or not with these words."""
NAMES_OTHER_MODES = ("/security-admins/",)
"""Pages that one MSP finds only by typing; they, and what is below them, may name other kinds of use."""


@dataclass(frozen=True)
class Place:
    """One page.

    Attributes:
        site: `licensing` or `console`.
        name: What its pictures are called.
        address: Absolute.
        is_mode_neutral: Whether it may name other kinds of use.
    """

    site: str
    name: str
    address: str
    is_mode_neutral: bool = False


def places(journey: Journey) -> Iterator[Place]:
    """Every page that a link leads to, and those of `TYPED`. Whoever takes one must open it: its links lead on."""
    yield from places_of(journey.page, "licensing", journey.stack.licensing)
    yield from places_of(journey.page, "console", journey.stack.console)


def places_of(page: Page, site: str, base: str) -> Iterator[Place]:
    """The same of one site, as whoever is signed in on a page finds it."""
    ahead, known = deque(["/", *TYPED[site], *(NAMES_OTHER_MODES if site == "licensing" else ())]), {"/"}
    while ahead:
        path = ahead.popleft()
        yield Place(site, _name(path), base + path, path.startswith(NAMES_OTHER_MODES))
        for href in page.eval_on_selector_all("a[href]", LINKS):
            found = urlsplit(href)
            tab = parse_qs(found.query).get("tab", [""])[0]
            kind = ONE_OF_MANY.sub("/one", found.path) + tab
            if href.startswith(base + "/") and kind not in known and not NO_PAGE.search(found.path):
                known.add(kind)
                ahead.append(found.path + (f"?tab={tab}" if tab else ""))


def _name(path: str) -> str:
    return re.sub(r"\W+", "-", ONE_OF_MANY.sub("/one", path)).strip("-") or "first"


def grave_faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical, each with the first element that it means."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['target'][0]}" for one in found if one["impact"] in GRAVE]


def is_too_wide(page: Page) -> bool:
    """Whether the page has to be pushed sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
