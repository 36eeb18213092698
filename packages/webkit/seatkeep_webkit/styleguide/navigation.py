"""What the style guide shows around itself."""

from __future__ import annotations

from django.http import HttpRequest

from seatkeep_webkit.navigation import Navigation


def navigation(request: HttpRequest) -> Navigation:
    return Navigation()
