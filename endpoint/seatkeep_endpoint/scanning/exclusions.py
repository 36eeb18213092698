"""Which paths a scan leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

_MARKS = re.compile(r"(\*\*/?|\*|\?)")
_PATTERNS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class Exclusions:
    """A set of absolute paths and patterns.

    A plain path leaves out itself and everything below it. In a pattern `*` and `?` stay within one folder name and
    `**` stands for any folders; a folder that matches is left out whole. Case counts where the system says so.

    Args:
        patterns: Paths and patterns, as people write them.
        comparable: How the system compares paths: `/` between the steps, one spelling where case does not count.
    """

    def __init__(self, patterns: Iterable[str], comparable: Callable[[str], str] = str) -> None:
        self._comparable = comparable
        wanted = [comparable(pattern) for pattern in patterns if pattern]
        plain = [pattern for pattern in wanted if not _MARKS.search(pattern)]
        globs = [pattern for pattern in wanted if _MARKS.search(pattern)]
        self._folders = frozenset(str(PurePosixPath(path)) for path in plain)
        self._glob = re.compile("|".join(map(glob_regex, globs)), re.DOTALL) if globs else None

    def matches(self, path: str) -> bool:
        """Whether `path` (absolute, without `..`) is left out."""
        path = self._comparable(path)
        if self._glob and self._glob.fullmatch(path):
            return True
        if path in self._folders:
            return True
        return any(str(parent) in self._folders for parent in PurePosixPath(path).parents)


def glob_regex(pattern: str) -> str:
    """A pattern as a regular expression over the whole path, and everything below what it matches."""
    parts = _MARKS.split(pattern.rstrip("/"))
    return "(?:" + "".join(_PATTERNS.get(part) or re.escape(part) for part in parts) + "(?:/.*)?)"
