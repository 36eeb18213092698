"""Where a person is signed in: allauth keeps a row beside each session, with the browser and the address."""

from __future__ import annotations

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.http import HttpRequest


def session_begin(request: HttpRequest, person: Any, *, backend: str) -> None:
    """Sign a person in past allauth's own doors, and keep the row by which the session can be seen and ended."""
    login(request, person, backend=backend)
    UserSession.objects.create_from_request(request)


def sessions_of(person: Any) -> list[UserSession]:
    """Running sessions of a person, the last used first; what has ended by itself is forgotten."""
    running: list[UserSession] = UserSession.objects.purge_and_list(person)
    return sorted(running, key=lambda one: one.last_seen_at, reverse=True)


def session_end(session: UserSession) -> None:
    """End a session: its next request is nobody's."""
    session.end()


_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "Mac OS": "macOS", "Linux": "Linux"}


def browser_words(user_agent: str) -> str:
    """Say which browser on which system it is, as far as it tells: "Firefox · Windows"."""
    found = [next((name for mark, name in known.items() if mark in user_agent), "") for known in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, found)) or user_agent[:60]
