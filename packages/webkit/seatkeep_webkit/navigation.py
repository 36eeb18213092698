"""What stands around every page: navigation, search, alerts, company switcher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from seatkeep_webkit.conf import webkit_settings
from seatkeep_webkit.errors import Text
from seatkeep_webkit.impersonation import impersonation_of


@dataclass(frozen=True, slots=True)
class NavItem:
    """One line of the navigation; `badge` counts what waits there, `also` are addresses of pages that belong to it."""

    label: Text
    url: str
    icon: str = ""
    badge: int | None = None
    also: Sequence[str] = ()

    def is_current(self, path: str) -> bool:
        """Tell whether a path lies at or under this entry; the root only matches itself."""
        return any(path == url or (url != "/" and path.startswith(url)) for url in (self.url, *self.also))


@dataclass(frozen=True, slots=True)
class NavSection:
    """A group of lines under a small heading."""

    label: Text
    items: Sequence[NavItem]


@dataclass(frozen=True, slots=True)
class Alerts:
    """The bell."""

    url: str
    count: int


@dataclass(frozen=True, slots=True)
class SwitcherItem:
    """A company that the person can change to."""

    label: Text
    url: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Navigation:
    """Everything around the page; a project returns it for each request."""

    sections: Sequence[NavSection] = ()
    search_url: str | None = None
    alerts: Alerts | None = None
    switcher: Sequence[SwitcherItem] = ()
    home_url: str = "/"

    def current(self, path: str) -> NavItem | None:
        """Return the entry that leads nearest to a path."""
        matching = [item for section in self.sections for item in section.items if item.is_current(path)]
        return max(matching, key=lambda item: len(item.url), default=None)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One line of the search results."""

    label: Text
    url: str
    hint: Text = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """Results of one kind."""

    label: Text
    hits: Sequence[SearchHit] = field(default_factory=tuple)


def search_response(request: HttpRequest, groups: Sequence[SearchGroup]) -> HttpResponse:
    """Answer the global search: a list under the search box for htmx, a page of its own without."""
    shown = [group for group in groups if group.hits]
    is_part = bool(request.headers.get("HX-Request"))
    template = "webkit/search_results.html" if is_part else "webkit/search_page.html"
    return render(request, template, {"groups": shown, "query": request.GET.get("q", "")})


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give templates what the shell shows (context processor); evaluated only by pages that show it."""
    build: Callable[[HttpRequest], Navigation] = import_string(webkit_settings().navigation)
    user = getattr(request, "user", None)
    theme = getattr(user, "theme", "") or request.COOKIES.get("seatkeep_theme", "auto")
    return {
        "site_name": webkit_settings().site_name,
        "navigation": SimpleLazyObject(lambda: build(request)),
        "theme": theme if theme in ("light", "dark") else "auto",
        "languages": settings.LANGUAGES,
        "impersonation": impersonation_of(request),
        "security_tabs": SimpleLazyObject(_security_tabs),
    }


def _security_tabs() -> list[tuple[str, str, str]]:
    return [
        ("mfa", _("Two-factor sign-in"), reverse("mfa_index")),
        ("password", _("Password"), reverse("account_change_password")),
        ("sessions", _("Where you are signed in"), reverse("webkit:sessions")),
        ("preferences", _("Your preferences"), reverse("webkit:preferences")),
    ]
