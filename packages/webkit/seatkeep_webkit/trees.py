"""The tree beside a table: places that narrow it, each an address of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from seatkeep_webkit.errors import Text


@dataclass
class TreeItem:
    """One place in a tree.

    Attributes:
        label: Its name.
        url: What it opens.
        icon: Name of an icon.
        count: How much stands there and below; None shows nothing.
        badge: A word about its state, in the tone of `tone` (`ok warn bad info off`).
        is_current: The page shows it.
        is_open: What is below it is in sight.
    """

    label: Text
    url: str
    icon: str = "folder"
    count: int | None = None
    badge: Text = ""
    tone: str = "off"
    is_current: bool = False
    is_open: bool = False
    children: list[TreeItem] = field(default_factory=list)


def open_to_current(items: Sequence[TreeItem], *, levels: int = 2) -> bool:
    """Open the first levels, the way to the current place and the place itself; tells whether it is among these."""
    is_here = False
    for item in items:
        is_below = open_to_current(item.children, levels=levels - 1)
        item.is_open = item.is_open or levels > 0 or is_below or item.is_current
        is_here = is_here or item.is_current or is_below
    return is_here


def current_label(items: Sequence[TreeItem]) -> Text:
    """Return the name of the current place; empty where there is none."""
    for item in items:
        found = item.label if item.is_current else current_label(item.children)
        if found:
            return found
    return ""
