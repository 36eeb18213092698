"""What is read once while a page is made, however many parts of it ask: a reader's rights, the mode of the program.

Only requests that write nothing remember, so no answer can be older than a write of its own request; outside a request,
in jobs and services, every call reads anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

P = ParamSpec("P")
T = TypeVar("T")
READING = ("GET", "HEAD", "OPTIONS")

_memory: ContextVar[dict[Hashable, Any] | None] = ContextVar("remembered", default=None)


def remembered(read: Callable[P, T]) -> Callable[P, T]:
    """Let a function with hashable arguments run once per request that only reads."""

    @wraps(read)
    def once(*args: P.args, **kwargs: P.kwargs) -> T:
        memory = _memory.get()
        if memory is None:
            return read(*args, **kwargs)
        key = (read, args, tuple(sorted(kwargs.items())))
        if key not in memory:
            memory[key] = read(*args, **kwargs)
        found: T = memory[key]
        return found

    return once


class RememberingMiddleware:
    """Gives each request that only reads a memory of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Begin and end the memory around the view."""
        token = _memory.set({} if request.method in READING else None)
        try:
            return self.get_response(request)
        finally:
            _memory.reset(token)
