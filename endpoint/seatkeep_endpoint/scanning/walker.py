"""Find the files below the targets without ever following a link out of them.

Every folder is opened relative to its parent with O_NOFOLLOW, so swapping a folder for a link in the middle of a scan
leads nowhere.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seatkeep_endpoint.scanning.exclusions import Exclusions

OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


@dataclass(frozen=True)
class FoundFile:
    """A regular file: its absolute path, and the name below a folder that is open while the walk stands here."""

    path: str
    name: str
    folder_fd: int

    def open(self) -> int:
        """A descriptor of the file itself, never of what a link points to.

        Raises:
            OSError: Not readable, gone, or no longer a regular file.
        """
        descriptor = os.open(self.name, OPEN_FLAGS, dir_fd=self.folder_fd)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{self.path} is no regular file")
        return descriptor


@dataclass
class Walk:
    """A walk over targets.

    Attributes:
        exclusions: Paths left out.
        unreadable: Called with the path of each folder that could not be read.
    """

    exclusions: Exclusions
    unreadable: Callable[[str], None] = field(default=lambda path: None)

    def files(self, targets: Iterable[str]) -> Iterator[FoundFile]:
        """Every regular file below the targets, each target resolved once because a person named it."""
        for target in targets:
            path = Path(target).resolve()
            if path.is_dir():
                yield from self._walk(str(path))
            elif path.exists():
                yield from self._single(path)

    def _single(self, path: Path) -> Iterator[FoundFile]:
        folder_fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if not self.exclusions.matches(str(path)):
                yield FoundFile(path=str(path), name=path.name, folder_fd=folder_fd)
        finally:
            os.close(folder_fd)

    def _walk(self, top: str) -> Iterator[FoundFile]:
        if self.exclusions.matches(top):
            return
        for folder, names, files, folder_fd in os.fwalk(top, onerror=self._report, follow_symlinks=False):
            names[:] = sorted(name for name in names if not self.exclusions.matches(os.path.join(folder, name)))
            for name in sorted(files):
                path = os.path.join(folder, name)
                if not self.exclusions.matches(path) and is_regular(name, folder_fd):
                    yield FoundFile(path=path, name=name, folder_fd=folder_fd)

    def _report(self, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            self.unreadable(str(error.filename or ""))


def is_regular(name: str, folder_fd: int) -> bool:
    """Whether the name stands for a regular file (links, sockets, pipes and devices are not)."""
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=folder_fd, follow_symlinks=False).st_mode)
    except OSError:
        return False
